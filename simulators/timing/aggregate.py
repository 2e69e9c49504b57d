"""How long a chip step takes, from what every core did in it.

In a step a core visits its neurons one after the other and sends what they fire (the neuron phase), and processes the
messages that arrive (the receive phase), one after the other as well. The two overlap; a core is done when both are,
the chip when all cores are and the barrier is through::

    neuron_c  = idle x neurons + (active - idle) x updates + spike x spikes + axon_out x messages_out
    receive_c = axon_in x messages_in + synaptic_op x synaptic_ops
    step      = max over cores of max(neuron_c, receive_c) + barrier(tiles in use)

This is the estimate. It is a lower bound as well: no core can do its work in less, and waiting is left out.

Upper bound: take the core whose receive phase ends last, and the last message that found it idle. From that message's
arrival on the core works without a pause, on no more than its whole receive phase. The message was ready by the end of
some core's neuron phase; then it travelled its route, and at every link it waited for each other message of the step at
most once::

    step <= max neuron_c + latency of the longest route + its hops x messages x link + max receive_c + barrier

That holds as long as no buffer fills: a full one stalls senders, which neither bound knows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..placement import Placement
from ..placement.routes import used_routes

Floats = NDArray[np.float64]


class StepTimes(NamedTuple):
    """Time of every chip step, (chip_steps,) ns: the estimate, which is the lower bound too, and the upper bound."""

    estimate: Floats
    upper: Floats


def step_times(placement: Placement, counts: dict[str, NDArray[np.int64]], barrier_ns: float) -> StepTimes:
    """Time every chip step takes.

    Parameters
    ----------
    placement : Placement
        On a chip with timing.
    counts : dict of str to (chip_steps, cores) int64 array
        As `count_by_core` names them, laid on the chip's steps.
    barrier_ns : float
    """
    time = {name: quantity.value for name, quantity in placement.chip.time.items()}
    neurons = np.array([core.stop - core.start for core in placement.cores])
    idle = time["neuron_update_idle"]
    neuron = (
        idle * neurons
        + (time["neuron_update_active"] - idle) * counts["updates"]
        + time.get("spike", 0.0) * counts["spikes"]
        + time.get("axon_out", 0.0) * counts["messages_out"]
    )
    receive = time.get("axon_in", 0.0) * counts["messages_in"] + time["synaptic_op"] * counts["synaptic_ops"]
    messages = counts["messages"].sum(1)
    travel = (messages > 0) * _longest_latency(placement) + _most_hops(placement) * messages * time["link"]
    return StepTimes(
        np.maximum(neuron, receive).max(1) + barrier_ns,
        neuron.max(1) + travel + receive.max(1) + barrier_ns,
    )


def _longest_latency(placement: Placement) -> float:
    time = {name: quantity.value for name, quantity in placement.chip.time.items()}
    east_west, north_south = used_routes(placement)
    latencies = time.get("within_tile", 0.0) + time["hop_ew"] * east_west + time["hop_ns"] * north_south
    return float(latencies.max(initial=0.0))


def _most_hops(placement: Placement) -> int:
    east_west, north_south = used_routes(placement)
    return int((east_west + north_south).max(initial=0))
