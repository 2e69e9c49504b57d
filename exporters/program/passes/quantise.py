"""Pass: floating point becomes registers and grid weights.

Per population one scale S (weight units per float unit) and one exponent e: weights are ``round(W * S)`` on the grid,
the threshold is ``round(S * 2**e)``, the membrane's unit is ``1 / (S * 2**(e + 6))``. S uses the whole grid of the
projection with the largest weights unless a register is too small; one with small weights takes a finer grid, a power
of two apart, and so much smaller an exponent. e is the largest that fits, because a finer membrane rounds decays,
biases and thresholds less.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..grid import round_to_grid
from ..losses import Loss
from ..program import STATE_LIMIT, Input, Population, Projection, SignMode
from .linear import Numbers
from .network import Network, Neurons, Synapses
from .registers import register_losses, registers_of
from .scale import Scale, choose_scale, lossless_exponent
from .stored import form_of
from .windows import Window


def quantise_population(
    network: Network, neurons: Neurons, inputs: dict[str, Input], weight_bits: int, steps: int | None, spike_op: str
) -> tuple[Population, list[Projection], list[Loss]]:
    """Registers and weights of one population, and what rounding them cost.

    Parameters
    ----------
    network : Network
        After `fold` and `levels`.
    neurons : Neurons
    inputs : dict of str to Input
        Their scale divides the weights, because their events are multiplied by it.
    weight_bits : int
    steps : int or None
        Rows of a sample, for the bounds of states without leak; None if unknown.
    spike_op : {">", ">="}
    """
    synapses = [_per_event(s, inputs.get(s.source)) for s in network.into(neurons.name)]
    modes: dict[str, SignMode] = {s.name: _sign_mode(s.weight.values) for s in synapses}
    bias = neurons.bias + neurons.drift
    scale = choose_scale(neurons, synapses, modes, bias, inputs, weight_bits, steps)
    projections = [_projection(s, modes[s.name], scale, weight_bits) for s in synapses]
    population = registers_of(neurons, bias, scale, spike_op)
    losses = [loss for s, p in zip(synapses, projections, strict=True) for loss in _weight_losses(s, p, scale)]
    losses += register_losses(neurons, population, bias, scale, spike_op)
    return population, projections, losses + _range_losses(neurons, population, steps)


def _per_event(s: Synapses, port: Input | None) -> Synapses:
    return s if port is None else replace(s, weight=s.weight.with_values(s.weight.values / port.scale))


def _sign_mode(weights: Numbers) -> SignMode:
    if (weights >= 0).all():
        return "excitatory"
    return "inhibitory" if (weights <= 0).all() else "mixed"


def _projection(s: Synapses, mode: SignMode, scale: Scale, weight_bits: int) -> Projection:
    units, exponent = scale.of(s.name)
    weights = round_to_grid(s.weight.values * units, weight_bits, mode)
    form = form_of(s.weight)
    return Projection(s.name, s.source, s.target, weights, exponent, mode, weight_bits, s.delay, unit=1 / units, **form)


def _range_losses(neurons: Neurons, p: Population, steps: int | None) -> list[Loss]:
    """A membrane that forgets nothing has no bound over all inputs, only one over so many rows."""
    if not neurons.spiking or not (neurons.keep >= 1.0).any():
        return []
    reach, rows = STATE_LIMIT * p.membrane_unit, "1 row" if steps is None else f"{steps} rows"
    what = f"a membrane without leak stops at {reach:.1f} thresholds either way; that is out of reach for {rows} only"
    return [Loss(p.name, what, "range")]


def _weight_losses(s: Synapses, p: Projection, scale: Scale) -> list[Loss]:
    exact, (units, _) = s.weight.values, scale.of(s.name)
    size = float(np.sqrt((exact**2).mean()))
    error = float(np.sqrt(((p.weights / units - exact) ** 2).mean()))
    share = error / size if size else 0.0
    used = len(np.unique(p.weights))
    what = f"weights on {p.weight_bits} bits: RMS error {share:.2%} of their RMS, {used} grid values used"
    found = [Loss(p.name, what, "weights")]
    if p.weight_exp < lossless_exponent(p.weight_bits, p.sign_mode):
        unit = 64 / scale.membrane
        found.append(Loss(p.name, f"summed input is floored to steps of {unit:.2e} of a threshold", "floor"))
    live = s.weight.live_rows
    vanished = int((live & ~s.weight.with_values(p.weights).live_rows).sum())
    if vanished:
        what = "channels" if isinstance(s.weight, Window) else "rows"
        found.append(Loss(p.name, f"{vanished} of {len(live)} {what} round to zero; an outlier sets the scale", "rows"))
    return found
