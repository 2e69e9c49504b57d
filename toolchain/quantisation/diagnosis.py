"""The per-layer report as a whole, and what comes out at the end: accuracies and the error at every output."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from .activity import Port
from .evidence import Classes
from .findings import Finding
from .layers import Layer
from .sides import Side


@dataclass(frozen=True)
class Readout:
    """One output.

    Attributes
    ----------
    name, population : str
    what : {"membrane", "spike_count"}
    error : float or None
        RMS difference of integers and floats over the RMS of the floats, all in float units.
    """

    name: str
    population: str
    what: str
    error: float | None


@dataclass(frozen=True)
class Diagnosis:
    """Result of `diagnose`.

    Attributes
    ----------
    layers : tuple of Layer
        From the input to the output.
    ports : tuple of Port
    readouts : tuple of Readout
    findings : tuple of Finding
        The most important first; empty for a network that lost nothing worth telling.
    accuracy : dict of str to float
        By backend; empty without classes, and where the network had to be mended.
    backends : dict of str to str
        What ran the "float" and the "integer" side.
    samples, detail : int
        Samples behind rates and accuracies, and behind states and errors.
    mended : tuple of str
        Populations whose thresholds were out of range, or kept an E-I network from being exported; every figure is of
        the network with others in their place.
    settings : dict of str to (value, origin)
        What `lower` chose, and why.
    program : Program or None
        None where no scale fits even then.
    """

    layers: tuple[Layer, ...]
    ports: tuple[Port, ...]
    readouts: tuple[Readout, ...]
    findings: tuple[Finding, ...]
    accuracy: dict[str, float]
    backends: dict[str, str]
    samples: int
    detail: int
    mended: tuple[str, ...]
    settings: dict[str, tuple[Any, str]]
    program: Program | None

    @property
    def broken(self) -> bool:
        """Whether a layer does not work."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, for JSON; the program by its hash."""
        names = ("layers", "ports", "readouts", "findings")
        parts = {name: [asdict(part) for part in getattr(self, name)] for name in names}
        plain = ("accuracy", "backends", "samples", "detail", "mended", "settings")
        return {
            "schema_version": 1,
            **parts,
            **{name: getattr(self, name) for name in plain},
            "program_hash": None if self.program is None else self.program.content_hash,
        }


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
