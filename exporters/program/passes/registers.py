"""Registers of a population from its float terms, and what rounding them cost."""

from __future__ import annotations

import numpy as np

from ..losses import Loss
from ..program import VTH_MAX, Population
from .network import Floats, Neurons
from .scale import BIAS_MANTISSA_MAX, Scale, decay_register


def registers_of(neurons: Neurons, bias: Floats, scale: Scale, spike_op: str) -> Population:
    """Registers that hold `neurons` at `scale`; `bias` is that of all projections and the drift together."""
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


def register_losses(neurons: Neurons, p: Population, bias: Floats, scale: Scale, spike_op: str) -> list[Loss]:
    """What decay, membrane, threshold, biases and comparison lost."""
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
