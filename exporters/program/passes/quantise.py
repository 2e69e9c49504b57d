"""Pass: floating point becomes registers and grid weights, population by population, at the scale that is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..choices import Choices
from ..grid import grid_range, grid_step
from ..losses import Loss
from ..program import STATE_LIMIT, Input, Population, Projection, SignMode
from .activity import Activity
from .choose import choose_scale
from .groups import groups_of, row_peaks
from .linear import Numbers
from .moments import moments_of
from .network import Network, Neurons, Synapses
from .registers import one_if_equal, register_losses, registers_of
from .room import Room
from .scale import Scale, lossless_exponent
from .stored import form_of
from .task import Task
from .windows import Window


def quantise_population(
    network: Network,
    neurons: Neurons,
    inputs: dict[str, Input],
    choices: Choices,
    steps: int | None,
    spike_op: str,
    activity: Activity | None = None,
) -> tuple[Population, list[Projection], list[Loss]]:
    """Registers and weights of one population, and what rounding them cost.

    Parameters
    ----------
    network : Network
        After `fold` and `levels`.
    neurons : Neurons
    inputs : dict of str to Input
        Their scale divides the weights, because their events are multiplied by it.
    choices : Choices
    steps : int or None
        Rows of a sample, for the bounds of states without leak; None if unknown.
    spike_op : {">", ">="}
    activity : Activity, optional
        Events that weigh the errors of the weights.

    Raises
    ------
    NumericRangeError
        If no scale fits the registers, with one violation for each that is too small.
    """
    task = task_of(network, neurons, inputs, choices, steps, activity)
    scale, rounding = choose_scale(task, choices.scale, choices.percentile, choices.rounding)
    projections = [_projection(task.with_rounding(rounding), s, scale) for s in task.synapses]
    population = registers_of(neurons, task.room.bias, scale, spike_op)
    losses = [
        loss for s, p in zip(task.synapses, projections, strict=True) for loss in _weight_losses(task, s, p, scale)
    ]
    losses += register_losses(neurons, population, task.room.bias, scale, spike_op)
    return population, projections, losses + _range_losses(neurons, population, steps)


def task_of(
    network: Network,
    neurons: Neurons,
    inputs: dict[str, Input],
    choices: Choices,
    steps: int | None,
    activity: Activity | None,
) -> Task:
    """What there is to choose a scale for; parameters are those of `quantise_population`."""
    synapses = [_per_event(s, inputs.get(s.source)) for s in network.into(neurons.name)]
    events = activity.events if activity is not None else {}
    return Task(
        neurons,
        synapses,
        modes={s.name: _sign_mode(s.weight.values) for s in synapses},
        bits={s.name: choices.bits_of(s.name, neurons.name) for s in synapses},
        ports=inputs,
        moments={s.name: moments_of(s, events.get(s.source), inputs.get(s.source)) for s in synapses},
        room=Room(neurons, neurons.bias + neurons.drift, groups_of(neurons, synapses, choices.rows), steps),
    )


def _per_event(s: Synapses, port: Input | None) -> Synapses:
    return s if port is None else replace(s, weight=s.weight.with_values(s.weight.values / port.scale))


def _sign_mode(weights: Numbers) -> SignMode:
    if (weights >= 0).all():
        return "excitatory"
    return "inhibitory" if (weights <= 0).all() else "mixed"


def _projection(task: Task, s: Synapses, scale: Scale) -> Projection:
    units, exponent = scale.of(s.name)
    return Projection(
        s.name,
        s.source,
        s.target,
        task.rounded(s, scale),
        exponent,
        task.modes[s.name],
        task.bits[s.name],
        s.delay,
        unit=one_if_equal(1 / units),
        **form_of(s.weight),
    )


def _range_losses(neurons: Neurons, p: Population, steps: int | None) -> list[Loss]:
    """A membrane that forgets nothing has no bound over all inputs, only one over so many rows."""
    if not neurons.spiking or not (neurons.keep >= 1.0).any():
        return []
    reach, rows = STATE_LIMIT * float(np.min(p.membrane_unit)), "1 row" if steps is None else f"{steps} rows"
    what = f"a membrane without leak stops at {reach:.1f} thresholds either way; that is out of reach for {rows} only"
    return [Loss(p.name, what, "range")]


def _weight_losses(task: Task, s: Synapses, p: Projection, scale: Scale) -> list[Loss]:
    exact, units = s.weight.values, scale.of(s.name)[0][s.weight.row]
    size = float(np.sqrt((exact**2).mean()))
    error = float(np.sqrt(((p.weights / units - exact) ** 2).mean()))
    share = error / size if size else 0.0
    used = len(np.unique(p.weights))
    what = f"weights on {p.weight_bits} bits: RMS error {share:.2%} of their RMS, {used} grid values used"
    step, (low, high) = grid_step(p.weight_bits, p.sign_mode), grid_range(p.weight_bits, p.sign_mode)
    low = max(low, -high) if p.sign_mode == "mixed" else low
    clipped = ((exact * units > high + step / 2) | (exact * units < low - step / 2)).mean()
    what += f", {clipped:.2%} of them clipped" if clipped else ""
    found = [Loss(p.name, what, "weights")]
    if p.weight_exp < lossless_exponent(p.weight_bits, p.sign_mode):
        unit = float(np.max(64 / scale.membrane))
        found.append(Loss(p.name, f"summed input is floored to steps of {unit:.2e} of a threshold", "floor"))
    live = s.weight.live_rows
    gone = live & ~s.weight.with_values(p.weights).live_rows
    if gone.any():
        found.append(Loss(p.name, _vanished(s, live, gone), "rows"))
    return found


def _vanished(s: Synapses, live: NDArray[np.bool_], gone: NDArray[np.bool_]) -> str:
    """Say which rows have rounded to zero, and whether they are small or another one is large."""
    peaks = row_peaks(s.weight)
    what, some = "channels" if isinstance(s.weight, Window) else "rows", np.flatnonzero(gone)
    first = ", ".join(map(str, some[:5])) + (", ..." if len(some) > 5 else "")
    largest, median = int(peaks.argmax()), float(np.median(peaks[live]))
    told = f"{len(some)} of {len(live)} {what} round to zero ({first}); "
    if peaks[some].max() < median / 100 or len(some) < len(live) / 2:
        return told + (
            f"their largest weight is {peaks[some].max():.1e} of a threshold, that of the median {what[:-1]} "
            f"{median:.1e}: these neurons hardly ever spike, look at their thresholds"
        )
    return told + (
        f"an outlier sets the scale: {what[:-1]} {largest} reaches {peaks[largest]:.1e} of a threshold, the median is "
        f'{median:.1e}; look at its threshold, or give every neuron its registers (rows="registers")'
    )
