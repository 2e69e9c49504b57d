"""The ways of a divisor to a chip, side by side: what each loses, on images of any brightness, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...models.copying import copy_module
from ...models.ei import EILinear
from ...models.encoders import ENCODERS
from ...models.errors import ConfigError, InputError
from .advice import recommend
from .alternatives import ALTERNATIVES, EXACT, INTEGERS, OWN_WEIGHTS, build
from .answers import exact_answers, integer_answers, on_lava
from .dimming import Span, dimmed
from .scores import GainRow, score

if TYPE_CHECKING:
    from torch import nn

Rows = NDArray[Any]


@dataclass(frozen=True)
class GainComparison:
    """Result of `compare_gains`.

    Attributes
    ----------
    exact : GainRow
        The float circuit that divides.
    rows : tuple of GainRow
        The alternatives.
    samples : int
    span : (float, float)
        Brightness of the dimmed samples.
    seed : int
    chip : str
        Empty if none was named.
    versions : dict of str to dict of str to str
        By backend: of the software behind its figures.
    recommended : str
        Name of an alternative; empty if none fits the chip.
    recommendation : str
        One sentence with the reason.
    """

    exact: GainRow
    rows: tuple[GainRow, ...]
    samples: int
    span: Span
    seed: int
    chip: str
    versions: dict[str, dict[str, str]]
    recommended: str
    recommendation: str

    def row(self, name: str) -> GainRow:
        """Return "exact" or one of the alternatives."""
        return next(row for row in (self.exact, *self.rows) if row.name == name)


def compare_gains(
    model: nn.Module,
    x: Rows,
    y: NDArray[np.int64],
    calibration: Rows,
    *,
    encoder: str | None = None,
    steps: int | None = None,
    tuned: nn.Module | None = None,
    annealed: nn.Module | None = None,
    alternatives: tuple[str, ...] | None = None,
    dim: Span = (0.1, 1.0),
    seed: int = 0,
    chip: str = "",
    lowering: Mapping[str, Any] | None = None,
    lava: int = 0,
    progress: Callable[[str], None] | None = None,
) -> GainComparison:
    """Measure every alternative on the same samples, as they are and each dimmed by a factor of its own.

    Parameters
    ----------
    model : nn.Module
        (T, B, ...) to logits (B, classes), with `EILinear` circuits that divide.
    x : (T, B, *shape) array, or (B, *shape) with an `encoder`
        Intensities of at least 0, which can be dimmed. With an encoder they are dimmed first and encoded then.
    y : (B,) int64 array
    calibration : as `x`
        Training data.
    encoder : {"rate", "direct"}, optional
        Makes the input rows of `x`, `steps` of them.
    steps : int, optional
        Needed with an encoder.
    tuned : nn.Module, optional
        `freeze_gain` of the model, trained further: the alternative "static-tuned".
    annealed : nn.Module, optional
        A network whose divisors were annealed to the end, or its frozen copy: the alternative "annealed".
    alternatives : tuple of str, optional
        Of `ALTERNATIVES`; all that the given networks allow, if left out.
    dim : (float, float)
        Range of the dimming factors.
    seed : int
        Of the dimming.
    chip : str
        Profile to which the programs are lowered, and for which one is recommended.
    lowering : mapping, optional
        Options of `lower` for all programs, such as weight_bits.
    lava : int
        Run so many of the clean samples on Lava too and compare every spike.
    progress : callable, optional
        Called with the title of every alternative before it runs.

    Raises
    ------
    ConfigError, InputError
        If the model divides nothing, if an alternative is unknown or lacks what it needs, if the samples do not match.
    BackendUnavailable, BackendFailed
        If Lava is asked for and cannot run.
    """
    others = {"static-tuned": tuned, "annealed": annealed}
    names = _names(model, alternatives, others)
    encode = _encoder(encoder, steps)
    bright, dark = encode(x), encode(dimmed(x, dim, seed, axis=0 if encoder else 1))
    if len(y) != bright.shape[1]:
        raise InputError(f"There are {bright.shape[1]} samples and {len(y)} classes; every sample needs its class.")
    model = copy_module(model).double().eval()
    truth, dark_truth = exact_answers(model, bright), exact_answers(model, dark)
    exact = GainRow("exact", EXACT, score(truth, truth, y), score(dark_truth, dark_truth, y))
    rows, versions = [], {"torch": truth.versions}
    for way in build(model, encode(calibration), names, others, chip, lowering or {}):
        if progress is not None:
            progress(way.title)
        same_weights = way.name not in OWN_WEIGHTS
        found = integer_answers(way, bright)
        versions[INTEGERS] = found.versions
        row = GainRow(
            way.name,
            way.title,
            clean=score(found, truth, y, same_weights),
            dimmed=score(integer_answers(way, dark), dark_truth, y, same_weights),
            needs=way.needs,
            host=way.host is not None,
            misfits=way.misfits,
            backend=way.backend,
            reciprocal_bits=way.reciprocal_bits,
            lava=on_lava(way, bright[:, :lava], versions) if lava else None,
        )
        rows.append(row)
    chosen, sentence = recommend(exact, rows, chip)
    return GainComparison(exact, tuple(rows), len(y), dim, seed, chip, versions, chosen, sentence)


def _names(model: nn.Module, asked: tuple[str, ...] | None, others: Mapping[str, nn.Module | None]) -> tuple[str, ...]:
    """Alternatives in the order of the table; those that nobody asked for only if the networks allow them."""
    dividing = sum(isinstance(module, EILinear) and module.divides for module in model.modules())
    if not dividing:
        raise InputError("This network divides nothing; give one with exact E-I circuits, not frozen and not annealed.")
    lacking = {name: f"{name} needs a network of its own" for name, network in others.items() if network is None}
    if dividing == 1:
        lacking["host-dynamic"] = "host-dynamic needs a second circuit that divides, behind the one of the host"
    if asked is None:
        return tuple(name for name in ALTERNATIVES if name not in lacking)
    if unknown := [name for name in asked if name not in ALTERNATIVES]:
        raise ConfigError(f"Unknown alternatives {', '.join(unknown)}; known are {', '.join(ALTERNATIVES)}.")
    if missing := [lacking[name] for name in asked if name in lacking]:
        raise InputError("Some alternatives cannot be compared:", missing)
    return tuple(name for name in ALTERNATIVES if name in asked)


def _encoder(encoder: str | None, steps: int | None) -> Callable[[Rows], Rows]:
    if encoder is None:
        return lambda rows: rows
    if encoder not in ENCODERS or steps is None:
        raise ConfigError(
            f"encoder={encoder!r}, steps={steps!r}: known are {', '.join(ENCODERS)}, with steps of at least 1."
        )
    return lambda intensities: ENCODERS[encoder](intensities, steps)
