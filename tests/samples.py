"""Small hand-made programs that several tests share."""

from __future__ import annotations

import numpy as np

from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection


def parts(**changes: object) -> dict:
    """One input of 3, one population of 2, with `changes` to the parts."""
    unchanged = {
        "inputs": (Input("in", (3,)),),
        "populations": (Population("a", (2,), 4095, 2048, 10, np.zeros(2, np.int32), level=1),),
        "projections": (Projection("in-a", "in", "a", np.array([[2, 0, -4], [254, 6, 8]], np.int16)),),
        "outputs": (Output("out", "a", "spike_count"),),
    }
    return unchanged | changes


def a_program(**changes: object) -> Program:
    """The program of `parts`."""
    return make_program(**parts(**changes))
