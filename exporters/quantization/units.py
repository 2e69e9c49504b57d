"""What the integers of a program stand for in float units, and which rows can have a scale of their own."""

from __future__ import annotations

import numpy as np

from ..program.population import Population, Unit
from ..program.program import Program
from ..program.projection import WINDOWED, Projection

_UNKNOWN = 2.0**-8
"""Unit of weights of which the program says none: the largest then is about 1."""
_UNKNOWN_READOUT = 2.0**-20
"""The same of a readout's membrane."""


def membrane_unit(p: Population) -> Unit:
    """Float membrane of one unit of v; where the program knows none, such that the largest threshold is 1."""
    return _known(p.membrane_unit, _UNKNOWN_READOUT if p.kind == "readout" else 1 / (64 * max(1, int(np.max(p.vth)))))


def weight_unit(program: Program, q: Projection) -> Unit:
    """Float weight of the integer weight 1; from the membrane's unit where the program knows none."""
    target = program.source(q.target)
    assert isinstance(target, Population)
    unit = membrane_unit(target)
    derived = target.kind != "ei_gain" and not np.ndim(unit)
    return _known(q.unit, float(unit) * 2.0 ** (6 + q.weight_exp) if derived else _UNKNOWN)


def _known(unit: Unit, otherwise: float) -> Unit:
    """The unit, but `otherwise` in every row where the program knows none."""
    if isinstance(unit, np.ndarray):
        return np.where(unit > 0, unit, otherwise)
    return unit or otherwise


def common_rows(program: Program, p: Population) -> tuple[int, ...]:
    """Shape of scales that every projection into a population can have: by neuron, by channel, or one for all."""
    channels = {1 if q.kind == "pooling" else len(q.weights) for q in program.into(p.name) if q.kind in WINDOWED}
    if not channels:
        return (p.size,)
    return (channels.pop(),) if len(channels) == 1 and 1 not in channels else ()
