"""What a program answers, in float units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...models.errors import CheckFailed
from ...simulators.run import simulate
from ..data.samples import Rows
from .sides import part, samples_of

CHECKED = 8
"""Samples on which a chosen program is compared with the oracle."""
Answers = dict[str, NDArray[np.float64]]
"""Of every output by name, (B, n), in float units."""


def answers(program: Program, x: Rows, backend: str = "engine") -> Answers:
    """Run `program` on `x`, (T, B, *input_shape), and give its outputs in float units."""
    units = {p.name: p.membrane_unit for p in program.populations}
    scale = {o.name: units[o.population] if o.readout == "membrane" else 1.0 for o in program.outputs}
    output = simulate(program, x, backend=backend).output
    return {name: values.reshape(len(values), -1) * scale[name] for name, values in output.items()}


def right(found: Answers, y: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether the largest value of a network's one output is the class, (B,)."""
    return next(iter(found.values())).argmax(1) == y


def require_equal(program: Program, x: Rows) -> int:
    """Run the first samples on the oracle too; the number of those samples.

    Raises
    ------
    CheckFailed
        If it answers otherwise.
    """
    few = part(x, 0, CHECKED)
    found, expected = answers(program, few), answers(program, few, "oracle")
    if any(not np.array_equal(found[name], expected[name]) for name in expected):
        raise CheckFailed(f"engine and oracle differ on the program {program.content_hash}; this is an error of ours.")
    return samples_of(few)
