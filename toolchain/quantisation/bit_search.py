"""What a search for weight bits gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...exporters.program.program import Program


@dataclass(frozen=True)
class Step:
    """One program that was tried.

    Attributes
    ----------
    phase : {"start", "sensitivity", "reduction"}
    layer : str
        Population whose width changed; empty for the start.
    bits : int
        Its new width.
    accuracy : float or None
        On the validation samples; None where the network has no such program.
    damage : float or None
        RMS change of the outputs against the start, relative to theirs.
    kept : bool
        Whether the reduction went on from it.
    reason : str
        Why there is no program; empty otherwise.
    """

    phase: str
    layer: str
    bits: int
    accuracy: float | None
    damage: float | None
    kept: bool
    reason: str = ""


@dataclass(frozen=True)
class BitSearch:
    """Result of `search_bits`.

    Attributes
    ----------
    bits : dict of str to int
        Weight bits by population.
    weights : dict of str to int
        Stored weights by population.
    mean_bits : float
        Bits per stored weight.
    memory_bits, uniform_memory_bits : int
        Of all stored weights, with these bits and with the most.
    accuracy : dict of str to float
        On the samples that the search did not see: "float", "uniform" (most bits), "searched".
    validation : dict of str to float
        The same on those that it judged by.
    bound : float
        Smallest accuracy on the validation samples that it accepted.
    met : bool
        Whether the result keeps it; not, if even the most bits do not.
    complete : bool
        False if it was interrupted: the best so far.
    steps : tuple of Step
        Every program tried, in order.
    checked : int
        Samples on which the final program, run by the engine, was compared with the oracle.
    samples, validation_samples : int
    program : Program
    """

    bits: dict[str, int]
    weights: dict[str, int]
    mean_bits: float
    memory_bits: int
    uniform_memory_bits: int
    accuracy: dict[str, float]
    validation: dict[str, float]
    bound: float
    met: bool
    complete: bool
    steps: tuple[Step, ...]
    checked: int
    samples: int
    validation_samples: int
    program: Program

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, for JSON; the program by its hash."""
        plain = {name: value for name, value in vars(self).items() if name not in ("steps", "program")}
        steps = [asdict(step) for step in self.steps]
        return {"schema_version": 1, **plain, "steps": steps, "program_hash": self.program.content_hash}
