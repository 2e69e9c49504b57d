"""Pass: floating point becomes registers and grid weights, population by population, at the scale that is chosen."""

from __future__ import annotations

import numpy as np

from ..choices import Choices
from ..losses import Loss
from ..program import Input, Population, Projection
from .activity import Activity
from .choose import choose_scale
from .groups import groups_of
from .inputs import per_event
from .moments import moments_of
from .network import Network, Neurons, Synapses
from .registers import one_if_equal, range_losses, register_losses, registers_of
from .room import Room
from .scale import Scale, sign_mode
from .stored import form_of
from .task import Task
from .weight_losses import weight_losses


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
    scale, rounding = choose_scale(task, choices.scale, choices.spanned, choices.rounding)
    final = task.with_rounding(rounding)
    projections = [_projection(final, s, scale) for s in task.synapses]
    population = registers_of(neurons, task.room.bias, scale, spike_op)
    losses, reach = [], np.zeros(task.groups.count)
    for s, p in zip(task.synapses, projections, strict=True):
        losses += weight_losses(s, p, choices.rounding == "compensated" and not final.compensates(s))
        reach += task.shifted(s, task.reach(s, p.weights), p.weight_exp)
    losses += register_losses(neurons, population, task.room.bias, scale, spike_op)
    return population, projections, losses + range_losses(population, float(reach.max()), steps)


def task_of(
    network: Network,
    neurons: Neurons,
    inputs: dict[str, Input],
    choices: Choices,
    steps: int | None,
    activity: Activity | None,
) -> Task:
    """What there is to choose a scale for; parameters are those of `quantise_population`."""
    synapses = [per_event(s, inputs.get(s.source)) for s in network.into(neurons.name)]
    events = activity.events if activity is not None else {}
    return Task(
        neurons,
        synapses,
        modes={s.name: sign_mode(s.weight.values) for s in synapses},
        bits={s.name: choices.bits_of(s.name, neurons.name) for s in synapses},
        ports=inputs,
        moments={s.name: moments_of(s, events.get(s.source), inputs.get(s.source)) for s in synapses},
        room=Room(neurons, neurons.bias + neurons.drift, groups_of(neurons, synapses, choices.rows), steps),
    )


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
