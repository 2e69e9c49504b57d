"""From the description to stock Lava processes that are connected to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.process import AbstractProcess
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.reset import Reset
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIFReset
from lava.utils.weightutils import SignMode

from .inputs import Events
from .network import Network

SIGN_MODES = {"mixed": SignMode.MIXED, "excitatory": SignMode.EXCITATORY, "inhibitory": SignMode.INHIBITORY}


def build(network: Network, events: Events) -> dict[str, LIFReset]:
    """Create and connect all sources, neurons and synapses; return the neurons by population name."""
    # The data is given at construction: child processes inherit it, whereas Var.set moves one element at a time.
    sources = {name: RingBuffer(data=data) for name, data in events.columns.items()}
    neurons = {p["name"]: _neurons(p, events.steps) for p in network.populations}
    for projection in network.projections:
        synapses = _synapses(projection)
        (sources | neurons)[projection["source"]].s_out.connect(synapses.s_in)
        synapses.a_out.connect(neurons[projection["target"]].a_in)
        if projection["delay"]:
            _clear_between_samples(synapses, network.level(projection["target"]), events.steps)
    return neurons


def _neurons(population: dict[str, Any], steps: int) -> LIFReset:
    """Neurons that start every sample of `steps` rows from zero, in the chip step of their own row 0.

    A sample's first row happens at chip step k T + level, counted from 0, where Lava counts from 1.
    """
    return LIFReset(
        shape=(int(np.prod(population["shape"])),),
        du=population["du"],
        dv=population["dv"],
        vth=population["vth"],
        bias_mant=population["bias_mant"],
        bias_exp=population["bias_exp"],
        reset_interval=steps,
        reset_offset=(1 + population["level"]) % steps,
    )


def _synapses(projection: dict[str, Any]) -> Dense:
    registers = {
        "weights": projection["weights"].astype(np.int32),
        "weight_exp": projection["weight_exp"],
        "num_weight_bits": projection["weight_bits"],
        # Never left to Lava: it would guess the mode, and with it the grid, from the signs that happen to occur.
        "sign_mode": SIGN_MODES[projection["sign_mode"]],
        "num_message_bits": projection["message_bits"],
    }
    return DelayDense(delays=projection["hops"], **registers) if projection["hops"] else Dense(**registers)


def _clear_between_samples(synapses: AbstractProcess, level: int, steps: int) -> None:
    """Erase what is on its way when a sample's last row has been computed.

    LIFReset does not reach the synapses' buffer, in which spikes of a recurrent edge wait for the next sample.
    io.Reset acts after chip step c where c % interval == offset, which is the last row of a sample.
    """
    Reset(reset_value=0, interval=steps, offset=(steps - 1 + level) % steps).connect_var(synapses.a_buff)
