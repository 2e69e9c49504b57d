"""Registers of a population from its float terms, and what rounding them cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..bounds import longest_memory
from ..losses import Loss
from ..population import LEAKLESS, Register, Unit
from ..program import STATE_LIMIT, VTH_MAX, Population
from .decays import current_memory, current_register, kept, membrane_memory, membrane_register
from .network import Floats, Neurons
from .scale import BIAS_MANTISSA_MAX, Scale


def registers_of(neurons: Neurons, bias: Floats, scale: Scale, spike_op: str) -> Population:
    """Registers that hold `neurons` at `scale`; `bias` is that of all projections and the drift together."""
    exact = bias * scale.membrane
    bias_exp = int(np.ceil(np.log2(max(float(np.abs(exact).max(initial=0.0)) / BIAS_MANTISSA_MAX, 1.0))))
    return Population(
        neurons.name,
        neurons.shape,
        du=current_register(neurons),
        dv=membrane_register(neurons),
        vth=_threshold(neurons, scale, spike_op) if neurons.spiking else VTH_MAX,
        bias_mant=np.rint(exact / 2**bias_exp).astype(np.int32),
        bias_exp=bias_exp,
        level=neurons.level,
        kind="threshold" if neurons.kind == "threshold" else "lif" if neurons.spiking else "readout",
        reset=neurons.reset,
        membrane_unit=one_if_equal(1.0 / scale.membrane),
        origin=(neurons.name,),
    )


def one_if_equal(values: Floats) -> Unit:
    """One number in place of an array of equal ones."""
    return values if np.ptp(values) else float(values[0])


def lowered_by(neurons: Neurons, spike_op: str) -> int:
    """What is taken off the threshold mantissa: 'v >= vth' is 'v > vth - 1' for membranes that are multiples of 64.

    Nothing where a spike takes the threshold off the membrane, which then would lose too little with every spike.
    """
    return int(spike_op == ">=" and neurons.reset == "zero")


def register_losses(neurons: Neurons, p: Population, bias: Floats, scale: Scale, spike_op: str) -> list[Loss]:
    """What decays, states, thresholds, biases and the comparison lost."""
    found = [*_decays(neurons, p)]
    if neurons.spiking:
        found.append(Loss(p.name, _threshold_error(neurons, p, scale, spike_op), "threshold"))
    rounding = float(np.abs(p.bias / scale.membrane - bias).max(initial=0.0))
    if rounding:
        found.append(Loss(p.name, f"biases are off by at most {rounding:.2e} of a threshold", "bias"))
    if neurons.spiking and spike_op == ">=":
        lower = "'>=' became '>' with the threshold one lower: exact for membranes on the grid of 64"
        tie = "'>=' became '>': a membrane that meets its threshold exactly does not fire"
        found.append(Loss(p.name, lower if lowered_by(neurons, spike_op) else tie, "spike_op"))
    if np.any(np.asarray(neurons.start) * neurons.keep):
        away = float(np.abs(neurons.start).max())
        start = f"samples start at the reset value instead of 0, which is up to {away:.2e} of a threshold away"
        found.append(Loss(p.name, start, "start"))
    return found


def range_losses(p: Population, reach: float, steps: int | None) -> list[Loss]:
    """List where membranes stop, if sums of up to `reach` can drive them there in a sample of any length.

    A readout is none of these: `simulate` refuses samples that are too long for it.
    """
    bias = float(np.abs(p.bias).max(initial=0))
    longest = (64 * reach * current_memory(p.du) + bias) * longest_memory(float(np.max(kept(p.dv, LEAKLESS))), None)
    if p.kind == "readout" or not reach + bias or longest <= STATE_LIMIT:
        return []
    what = f"a membrane stops at {STATE_LIMIT * float(np.min(p.membrane_unit)):.1f} thresholds either way"
    if (64 * reach * current_memory(p.du, steps) + bias) * membrane_memory(p.dv, steps) <= STATE_LIMIT:
        what += f"; that is out of reach for {'1 row' if steps is None else f'{steps} rows'} only"
    return [Loss(p.name, what, "range")]


def _threshold(neurons: Neurons, scale: Scale, spike_op: str) -> Register:
    whole = np.rint(neurons.threshold * scale.membrane / 64).astype(np.int32) - lowered_by(neurons, spike_op)
    whole = np.maximum(whole, 0)
    return int(whole[0]) if np.ptp(whole) == 0 else whole


def _threshold_error(neurons: Neurons, p: Population, scale: Scale, spike_op: str) -> str:
    exact = neurons.threshold * scale.membrane / 64
    whole = p.vth + np.full(exact.shape, lowered_by(neurons, spike_op))
    worst = int(np.abs(whole / exact - 1).argmax())
    off = f"threshold {exact[worst]:.3f} became {whole[worst]}, off by {whole[worst] / exact[worst] - 1:+.2e} of it"
    return off if np.ptp(exact) == 0 else f"{off}, the worst of {exact.size}"


def _decays(neurons: Neurons, p: Population) -> Iterator[Loss]:
    for what, register, whole, exact, kinds in (
        ("current", p.du, 4095, neurons.current, ("current_decay", "current")),
        ("membrane", p.dv, LEAKLESS, neurons.keep, ("decay", "membrane")),
    ):
        off = np.asarray(exact) - kept(register, whole)
        worst = float(off.reshape(-1)[np.abs(off).argmax()])
        if worst:
            low, high = (int(f(register)) + LEAKLESS - whole for f in (np.min, np.max))
            became = f"{low}/4096" if low == high else f"{low}/4096 to {high}/4096"
            yield Loss(p.name, f"{what} decay became {became}, off by {worst:+.2e}", kinds[0])
        if (kept(register, whole) % 1).any():
            step = float(np.max(p.membrane_unit))
            cut = f"what a {what} keeps is cut toward zero to steps of {step:.2e} of a threshold"
            yield Loss(p.name, cut, kinds[1])
