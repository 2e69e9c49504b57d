"""Pass 4: floating point becomes registers and grid weights.

Per population one scale S (weight units per float unit) and one exponent e: weights are ``round(W * S)`` on the grid,
the threshold is ``round(S * 2**e)``, the membrane's unit is ``1 / (S * 2**(e + 6))``. S uses the whole grid unless a
register is too small; e is the largest that fits, because a finer membrane rounds decays, biases and thresholds less.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..grid import round_to_grid
from ..losses import Loss
from ..program import VTH_MAX, Input, Population, Projection, SignMode
from .network import Floats, Network, Neurons, Synapses
from .scale import BIAS_MANTISSA_MAX, Scale, choose_scale, decay_register, lossless_exponent


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
    modes: dict[str, SignMode] = {s.name: _sign_mode(s.weight) for s in synapses}
    bias = sum((s.bias for s in synapses), neurons.drift)
    scale = choose_scale(neurons, synapses, modes, bias, inputs, weight_bits, steps)
    projections = [_weights(s, modes[s.name], scale, weight_bits) for s in synapses]
    population = _registers(neurons, bias, scale, spike_op)
    losses = [loss for s, p in zip(synapses, projections, strict=True) for loss in _weight_losses(s, p, scale)]
    return population, projections, losses + _register_losses(neurons, population, bias, scale, spike_op)


def _per_event(synapses: Synapses, port: Input | None) -> Synapses:
    return synapses if port is None else replace(synapses, weight=synapses.weight / port.scale)


def _sign_mode(weight: Floats) -> SignMode:
    if (weight >= 0).all():
        return "excitatory"
    return "inhibitory" if (weight <= 0).all() else "mixed"


def _weights(s: Synapses, mode: SignMode, scale: Scale, weight_bits: int) -> Projection:
    weights = round_to_grid(s.weight * scale.s, weight_bits, mode)
    return Projection(s.name, s.source, s.target, weights, scale.e, mode, weight_bits, s.delay)


def _registers(neurons: Neurons, bias: Floats, scale: Scale, spike_op: str) -> Population:
    exact = bias * scale.membrane
    bias_exp = int(np.ceil(np.log2(max(float(np.abs(exact).max(initial=0.0)) / BIAS_MANTISSA_MAX, 1.0))))
    # 'v >= vth' is 'v > vth - 1' for membranes that are multiples of 64.
    vth = max(0, round(scale.s * 2.0**scale.e) - (spike_op == ">=")) if neurons.spiking else VTH_MAX
    return Population(
        neurons.name,
        neurons.shape,
        du=4095,
        dv=decay_register(neurons),
        vth=vth,
        bias_mant=np.rint(exact / 2**bias_exp).astype(np.int32),
        bias_exp=bias_exp,
        level=neurons.level,
        kind="lif" if neurons.spiking else "readout",
        membrane_unit=1.0 / scale.membrane,
        origin=(neurons.name,),
    )


def _weight_losses(s: Synapses, p: Projection, scale: Scale) -> list[Loss]:
    size = float(np.sqrt((s.weight**2).mean()))
    error = float(np.sqrt(((p.weights / scale.s - s.weight) ** 2).mean()))
    share = error / size if size else 0.0
    used = len(np.unique(p.weights))
    what = f"weights on {p.weight_bits} bits: RMS error {share:.2%} of their RMS, {used} grid values used"
    floored = p.weight_exp < lossless_exponent(p.weight_bits, p.sign_mode)
    unit = 64 / scale.membrane
    vanished = int((s.weight.any(1) & ~p.weights.any(1)).sum())
    found = [Loss(p.name, what, "weights")]
    if floored:
        found.append(Loss(p.name, f"summed input is floored to steps of {unit:.2e} of a threshold", "floor"))
    if vanished:
        rows = f"{vanished} of {len(s.weight)} rows round to zero; an outlier sets the scale"
        found.append(Loss(p.name, rows, "rows"))
    return found


def _register_losses(neurons: Neurons, p: Population, bias: Floats, scale: Scale, spike_op: str) -> list[Loss]:
    found = []
    decay = p.dv / 4096 - (1.0 - float(neurons.keep[0]))
    if decay:
        found.append(Loss(p.name, f"membrane decay became {p.dv}/4096, off by {decay:+.2e}", "decay"))
    if p.dv:
        cut = f"what a membrane keeps is cut toward zero to steps of {p.membrane_unit:.2e} of a threshold"
        found.append(Loss(p.name, cut, "membrane"))
    if neurons.spiking:
        exact, whole = scale.s * 2.0**scale.e, p.vth + (spike_op == ">=")
        off = f"threshold {exact:.3f} became {whole}, off by {whole / exact - 1:+.2e} of it"
        found.append(Loss(p.name, off, "threshold"))
    rounding = float(np.abs(p.bias / scale.membrane - bias).max(initial=0.0))
    if rounding:
        found.append(Loss(p.name, f"biases are off by at most {rounding:.2e} of a threshold", "bias"))
    if neurons.spiking and spike_op == ">=":
        lower = "'>=' became '>' with the threshold one lower: exact for membranes on the grid of 64"
        found.append(Loss(p.name, lower, "spike_op"))
    return found
