"""The inputs of a program: what the data becomes as events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...exporters.program.program import Program
from ..data.samples import Rows


@dataclass(frozen=True)
class Port:
    """One input.

    Attributes
    ----------
    name, kind : str
    bits : int
    scale : float
        Events per unit of the data.
    active : float
        Share of values that are an event.
    clipped : float
        Share of values beyond the largest event.
    """

    name: str
    kind: str
    bits: int
    scale: float
    active: float
    clipped: float


def ports_of(program: Program, x: Rows) -> tuple[Port, ...]:
    """Measure every input of `program` that is fed, on all of `x`."""
    fed = [i for i in program.inputs if i.kind != "bias"]
    arrays = x if isinstance(x, dict) else {fed[0].name: x}
    return tuple(_port(i.name, i.kind, i.bits, i.scale, np.asarray(arrays[i.name])) for i in fed)


def _port(name: str, kind: str, bits: int, scale: float, x: np.ndarray) -> Port:
    whole = x.dtype.kind != "f"
    events, limit = np.abs(x) if whole else np.abs(x) * scale, (1 << bits) - 1
    beyond = 0.0 if whole else float((events > limit + 0.5).mean())
    return Port(name, kind, bits, float(scale), float((events >= 0.5).mean()), beyond)
