"""From the description to Lava processes that are connected to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.proc.io.reset import Reset
from lava.proc.io.source import RingBuffer

from .edges import Edge, edges_of
from .inputs import Events
from .network import Network
from .neurons import neurons, relay
from .synapses import connect, identity, synapses


class Builder:
    """Creates the processes of a network, each once.

    Attributes
    ----------
    neurons : dict of str to AbstractProcess
        By population.
    """

    def __init__(self, network: Network, events: Events) -> None:
        self._network, self._events = network, events
        self._sources: dict[tuple[str, int], RingBuffer] = {}
        self._relays: dict[tuple[str, int], AbstractProcess] = {}
        self.neurons = {p["name"]: neurons(p, events.steps) for p in network.populations}

    def connect(self) -> None:
        """Create and connect all synapses with the sources and relays that they need."""
        for projection in self._network.projections:
            levels = self._network.level(projection["source"]), self._network.level(projection["target"])
            for edge in edges_of(projection, levels, self._events.steps, self._events.streamed):
                self._connect(projection, edge)

    def _connect(self, projection: dict[str, Any], edge: Edge) -> None:
        name, target = projection["source"], projection["target"]
        shape, size = self._network.shape(name), int(np.prod(self._network.shape(target)))
        process = synapses(projection, edge, shape, size)
        source = self._relay(name, self._network.level(target)) if edge.relayed else self._source(name, edge.shift)
        port = "d_in" if projection["port"] == "divisor" else "a_in"
        connect(source, process, getattr(self.neurons[target], port))
        for offset in edge.emptied_after:
            # LIFReset does not reach the synapses' buffer; io.Reset acts after chip step c, c % interval == offset.
            buffer = process.a_buf if hasattr(process, "a_buf") else process.a_buff
            Reset(reset_value=0, interval=self._events.steps, offset=offset).connect_var(buffer)

    def _source(self, name: str, shift: int) -> OutPort:
        """Port that sends a source's events, those of an input `shift` rows late."""
        if name in self.neurons:
            return self.neurons[name].s_out
        if (name, shift) not in self._sources:
            # The data is given at construction: child processes inherit it, whereas Var.set moves single elements.
            self._sources[name, shift] = RingBuffer(data=self._events.columns(name, shift))
        return self._sources[name, shift].s_out

    def _relay(self, name: str, level: int) -> OutPort:
        """Port that sends a population's events at a later level."""
        if (name, level) not in self._relays:
            shape = self._network.shape(name)
            size = int(np.prod(shape))
            hops = np.asarray(level - self._network.level(name) - 1)
            process = relay(size)
            edge = Edge(np.asarray(True), hops)
            connect(self._source(name, 0), synapses(identity(size), edge, shape, size), process.a_in)
            self._relays[name, level] = process
        return self._relays[name, level].s_out
