"""What comes out at the end: accuracies and the error at every output."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from .diagnosis import Readout
from .evidence import Classes
from .sides import Side


def readouts_of(program: Program | None, floats: Side | None, integers: Side | None) -> tuple[Readout, ...]:
    """Every output of the program with its relative error."""
    if program is None or integers is None:
        return ()
    populations = {p.name: p for p in program.populations}
    found = []
    for o in program.outputs:
        error = None
        if floats is not None and o.name in floats.output:
            unit = populations[o.population].membrane_unit if o.readout == "membrane" else 1.0
            exact, held = floats.output[o.name], integers.output[o.name] * unit
            size = float(np.sqrt((exact**2).mean()))
            error = float(np.sqrt(((held - exact) ** 2).mean())) / size if size else None
        found.append(Readout(o.name, o.population, o.readout, error))
    return tuple(found)


def accuracies(floats: Side | None, integers: Side | None, y: NDArray[Any] | None) -> dict[str, float]:
    """Share of right samples by backend, of a network with one output."""
    if y is None:
        return {}
    sides = [side for side in (floats, integers) if side is not None and len(side.output) == 1]
    return {side.backend: float(side.right(y).mean()) for side in sides}


def count_classes(floats: Side | None, integers: Side | None, y: NDArray[Any] | None) -> Classes | None:
    """Samples that each side has right; None without classes, without both sides, or with several outputs."""
    if floats is None or integers is None or y is None or len(integers.output) != 1:
        return None
    a, b = floats.right(y), integers.right(y)
    return Classes(len(y), int(a.sum()), int(b.sum()), int((a & ~b).sum()), int((b & ~a).sum()))
