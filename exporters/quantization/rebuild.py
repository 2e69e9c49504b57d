"""A trained network as a program again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.errors import CheckFailed
from ..program.bounds import largest_membrane
from ..program.losses import Loss
from ..program.make import make_program
from ..program.population import READOUT_LIMIT, STATE_LIMIT, Population, Unit
from ..program.program import Program
from ..program.projection import Projection
from .units import weight_unit

if TYPE_CHECKING:
    from .network import QuantisedNetwork

_ROUNDS = 12
"""Most times that a readout's scale is coarsened; every time but the first only makes up for roundings."""
_FINEST = 1e-3
"""Least step of a logarithm of its scale; it doubles every time, until the last weight rounds to 0."""
_TRAINED = ("weights", "rows", "threshold", "bias")
"""Losses that speak of numbers which training has replaced."""
_SIZED = {
    "floor": "summed input is floored to steps of {step:.2e} of a threshold",
    "membrane": "what a membrane keeps is cut toward zero to steps of {unit:.2e} of a threshold",
    "current": "what a current keeps is cut toward zero to steps of {unit:.2e} of a threshold",
    "quotient": "quotients are floored to steps of {step:.2e} of a threshold",
    "range": "a membrane stops at {stop:.1f} thresholds either way",
    "guard": "divisors below {guard} count as {guard}",
}
"""Losses whose size follows from the scale, said anew."""


@torch.no_grad()
def rebuilt(network: QuantisedNetwork) -> Program:
    """Return the network's program with the trained integers, units and what is still lost.

    Raises
    ------
    CheckFailed
        If a trained number is infinite or undefined.
    """
    if bad := [name for name, values in network.named_parameters() if not bool(values.isfinite().all())]:
        raise CheckFailed("Training diverged: these hold values that are no finite numbers. Lower the lr.", bad)
    program = network.program
    populations = tuple(_population(network, p) for p in program.populations)
    projections = tuple(_projection(network, q) for q in program.projections)
    trained = make_program(
        program.inputs,
        populations,
        projections,
        program.outputs,
        settings={**program.settings, "training": ("quantisation-aware", "fake_quantise")},
    )
    return replace(trained, losses=tuple(_losses(program, trained)))


@torch.no_grad()
def fit_readout_(network: QuantisedNetwork, p: Population, steps: int) -> None:
    """Coarsen the scale of a readout until its membrane cannot leave its register within `steps` rows."""
    for done in range(_ROUNDS):
        trained = (_projection(network, q) if q.target == p.name else q for q in network.program.projections)
        program = replace(network.program, projections=tuple(trained))
        reach = largest_membrane(program, _population(network, p), steps)
        if reach <= READOUT_LIMIT:
            return
        network.neurons[p.name].log_scale.add_(math.log(reach / READOUT_LIMIT) + _FINEST * 2**done)


def _population(network: QuantisedNetwork, p: Population) -> Population:
    if p.name not in network.neurons:
        return p
    latent, (mantissa, exponent) = network.neurons[p.name], network.whole_bias(p)
    return replace(
        p,
        bias_exp=exponent,
        vth=_register(latent.vth()),
        vth_low=_register(latent.vth_low()),
        bias_mant=_whole(mantissa, np.int32),
        membrane_unit=_scaled(p.membrane_unit, latent.relative_scale),
    )


def _projection(network: QuantisedNetwork, q: Projection) -> Projection:
    if q.name not in network.weights:
        return q
    unit = _scaled(q.unit, network.neurons[q.target].row_scale(q))
    return replace(q, weights=_whole(network.whole_weights(q), np.int16), unit=unit)


def _losses(before: Program, after: Program) -> Iterator[Loss]:
    targets = {q.name: q.target for q in after.projections}
    for loss in before.losses:
        if loss.kind in _SIZED:
            p = after.source(targets.get(loss.node, loss.node))
            assert isinstance(p, Population)
            unit = float(np.max(p.membrane_unit))
            sizes = {"unit": unit, "step": 64 * unit, "stop": STATE_LIMIT * unit, "guard": p.divisor_min}
            yield replace(loss, what=_SIZED[loss.kind].format(**sizes))
        elif loss.kind not in _TRAINED:
            yield loss
    for old, new in zip(before.projections, after.projections, strict=True):
        if not np.array_equal(old.weights, new.weights):
            yield Loss(new.name, _changed_weights(before, after, old, new), "weights")
    for was, now in zip(before.populations, after.populations, strict=True):
        if not np.array_equal(was.vth, now.vth):
            yield Loss(now.name, f"thresholds trained from {_span(was)} to {_span(now)}", "threshold")
        if not np.array_equal(was.bias, now.bias):
            change = float(np.abs(now.bias * _unit(now) - was.bias * _unit(was)).max())
            yield Loss(now.name, f"biases trained, by at most {change:.2e} of a threshold", "bias")


def _changed_weights(before: Program, after: Program, old: Projection, new: Projection) -> str:
    rows = (-1, *[1] * (new.weights.ndim - 1)) if new.kind in ("dense", "convolution") else (-1,)
    exact, found = (
        w.weights * (np.reshape(unit, rows) if np.ndim(unit) and new.kind != "sparse" else np.mean(unit))
        for w, unit in ((old, weight_unit(before, old)), (new, weight_unit(after, new)))
    )
    size = float(np.sqrt((exact**2).mean()))
    share = f"{float(np.sqrt(((found - exact) ** 2).mean())) / size:.2%} of their RMS" if size else "all of it"
    used = len(np.unique(new.weights))
    return f"weights trained on {new.weight_bits} bits: RMS change {share}, {used} grid values used"


def _span(p: Population) -> str:
    values = 64 * np.asarray(p.vth) * _unit(p)
    return f"{values.min():.3f}" if np.ptp(values) == 0 else f"{values.min():.3f}..{values.max():.3f}"


def _unit(p: Population) -> NDArray[np.float64]:
    """Float membrane of one unit of v; 1 where it is unknown."""
    unit = np.asarray(p.membrane_unit, np.float64)
    return unit if unit.any() else np.ones(())


def _scaled(unit: Unit, scale: Tensor) -> Unit:
    found = np.asarray(unit) * scale.double().cpu().numpy()
    return float(found) if found.ndim == 0 else found


def _register(whole: Tensor) -> Any:
    return int(whole) if whole.ndim == 0 else _whole(whole, np.int32)


def _whole(values: Tensor, dtype: type[Any]) -> NDArray[Any]:
    return values.cpu().numpy().astype(dtype)
