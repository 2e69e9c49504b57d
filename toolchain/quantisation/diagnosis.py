"""The per-layer report as a whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...exporters.program.program import Program
from .findings import Finding
from .layers import Layer
from .ports import Port


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
