"""What a network says about the samples, and how far that is from what the exact network says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...exporters.program.trace import Trace


@dataclass(frozen=True, eq=False)
class Answers:
    """Result of a run.

    Attributes
    ----------
    classes : (B,) int64 array
    logits : (B, classes) float64 array
        In the units of the float network.
    spikes : dict of str to (T, B, *shape) array
        By population.
    """

    classes: NDArray[np.int64]
    logits: NDArray[np.float64]
    spikes: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Score:
    """How a network did on one set of samples.

    Attributes
    ----------
    accuracy : float
        Share of samples with the right class.
    agreement : float
        Share of samples to which the exact network gives the same class.
    logit_error : float or None
        ``|logits - exact| / |exact|`` over all samples; None where the network has weights of its own.
    spikes_different : float or None
        Share of all slots (rows x samples x neurons) in which one of both spikes and the other does not; None as above.
    """

    accuracy: float
    agreement: float
    logit_error: float | None
    spikes_different: float | None


@dataclass(frozen=True)
class GainRow:
    """One way of dealing with the divisor, with its figures.

    Attributes
    ----------
    name : str
        "exact" or one of `alternatives.ALTERNATIVES`.
    title : str
    clean, dimmed : Score
        On the samples as they are, and each with a brightness of its own.
    needs : tuple of str
        What a chip has to have, by the rules of ``spikewright check``, such as "graded_input" and "divided_input".
    host : bool
        Whether a host computes the first layer in floating point.
    misfits : tuple of str
        Rules that the named chip breaks, one sentence each.
    backend : str
        What ran it: "torch" (float64) or "engine" (integers).
    lava : tuple of int, or None
        Spikes that differ between `backend` and Lava, and spikes compared, where Lava ran too.
    """

    name: str
    title: str
    clean: Score
    dimmed: Score
    needs: tuple[str, ...] = ()
    host: bool = False
    misfits: tuple[str, ...] = ()
    backend: str = "torch"
    lava: tuple[int, int] | None = None


def answers_of(trace: Trace, program: Program | None = None) -> Answers:
    """Classes, logits in float units and spikes of a trace that has one output; `program` is what ran, if integers."""
    ((name, values),) = trace.output.items()
    logits = values.reshape(trace.samples, -1).astype(np.float64)
    if program is not None:
        logits *= _unit(program, name)
    return Answers(trace.predict(), logits, trace.spikes)


def _unit(program: Program, name: str) -> Any:
    """Float value of the integer 1 that an output gives: a spike, or a step of the membrane."""
    output = next(output for output in program.outputs if output.name == name)
    read = next(p for p in program.populations if p.name == output.population)
    return read.membrane_unit if output.readout == "membrane" else 1.0


def joined(parts: list[Answers]) -> Answers:
    """One run of all samples from runs of some samples each."""
    spikes = {name: np.concatenate([part.spikes[name] for part in parts], axis=1) for name in parts[0].spikes}
    classes, logits = (np.concatenate([getattr(part, what) for part in parts]) for what in ("classes", "logits"))
    return Answers(classes, logits, spikes)


def score(found: Answers, exact: Answers, y: NDArray[np.int64], same_weights: bool = True) -> Score:
    """Compare with the classes and with the exact network; `same_weights` says whether logits and spikes can be."""
    distance = np.linalg.norm(found.logits - exact.logits) / np.linalg.norm(exact.logits)
    shared = [(found.spikes[name], rows) for name, rows in exact.spikes.items() if name in found.spikes]
    different = sum(int((a != b).sum()) for a, b in shared) / max(1, sum(a.size for a, _ in shared))
    return Score(
        float((found.classes == y).mean()),
        float((found.classes == exact.classes).mean()),
        float(distance) if same_weights else None,
        different if same_weights else None,
    )
