"""How far what a network says is from the classes, and from what the exact network says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import Answers


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
        ``|logits - exact| / |exact|`` over all samples; None where the network has weights of its own, or all exact
        logits are 0.
    spikes_different : float or None
        Share of all slots (rows x samples x neurons) in which one of both spikes and the other does not; None
        where the network has weights of its own.
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
        What ran it: "torch" (float64), "engine" (integers), or "run_graph, engine" where a host comes first (float64).
    reciprocal_bits : int or None
        Bits of the divisor behind which the chip looks up its reciprocal, 0 for a power of two; None where it does not
        divide.
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
    reciprocal_bits: int | None = None
    lava: tuple[int, int] | None = None


def score(found: Answers, exact: Answers, y: NDArray[np.int64], same_weights: bool = True) -> Score:
    """Compare with the classes and with the exact network; `same_weights` says whether logits and spikes can be."""
    distance, size = np.linalg.norm(found.logits - exact.logits), np.linalg.norm(exact.logits)
    shared = [(found.spikes[name], rows) for name, rows in exact.spikes.items() if name in found.spikes]
    different = sum(int((a != b).sum()) for a, b in shared) / max(1, sum(a.size for a, _ in shared))
    return Score(
        float((found.classes == y).mean()),
        float((found.classes == exact.classes).mean()),
        float(distance / size) if same_weights and size else None,
        different if same_weights else None,
    )
