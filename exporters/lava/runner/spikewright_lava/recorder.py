"""One process that collects everything in place and writes the results itself.

Reading results through Lava's ``Var.get`` moves one element at a time, about 0.1 ms each; a Monitor is one more process
per variable. Here every population's spikes arrive on a port of one recorder, and state is read in the management phase
after the spike phase, before the next reset can touch it.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from .plan import Plan

PROGRESS_INTERVAL_S = 0.2


class Recorder(AbstractProcess):
    """Receives the spikes and reads the states which `plan` names.

    Parameters
    ----------
    plan : Plan
    neurons : dict of str to AbstractProcess
        By population.
    """

    def __init__(self, plan: Plan, neurons: dict[str, AbstractProcess]) -> None:
        super().__init__(plan=plan)
        for track in plan.tracks:
            setattr(self, track.port, InPort(shape=(track.size,)))
            for variable in track.read:
                setattr(self, f"{variable}_{track.port}", RefPort(shape=(track.size,)))
        self._neurons = neurons

    def connect(self) -> None:
        """Connect to the neurons; only a finished process has named ports."""
        for track in self.proc_params["plan"].tracks:
            source = self._neurons[track.name]
            source.s_out.connect(getattr(self, track.port))
            for variable in track.read:
                getattr(self, f"{variable}_{track.port}").connect_var(getattr(source, variable))


class RecorderModel(PyLoihiProcessModel):
    """Behaviour of `Recorder`; `recorder_model` adds the ports."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.plan: Plan = proc_params["plan"]
        self.spikes = {t.name: t.no_events(self.plan.rows) for t in self.plan.tracks}
        self.states = {
            (variable, t.name): np.zeros((self.plan.read_rows, t.size), np.int32)
            for t in self.plan.tracks
            for variable in t.variables
        }
        self.started = self.reported = time.monotonic()

    def run_spk(self) -> None:
        """Keep this step's events."""
        step = self.time_step - 1
        if step == 0:
            self.started = time.monotonic()
        for track in self.plan.tracks:
            events = getattr(self, track.port).recv()
            row = step - track.level
            if 0 <= row < self.plan.rows:
                self.spikes[track.name][row] = track.packed(events)
        self._report(step)

    def post_guard(self) -> bool:
        """Ask for the management phase where a state is due, and at the very end."""
        step = self.time_step - 1
        return self._last(step) or any(t.read and self.plan.due(t, step) is not None for t in self.plan.tracks)

    def run_post_mgmt(self) -> None:
        """Read states that are due; write the results after the last step."""
        step = self.time_step - 1
        for track in self.plan.tracks:
            row = self.plan.due(track, step)
            if row is not None:
                for variable in track.read:
                    self.states[variable, track.name][row] = getattr(self, f"{variable}_{track.port}").read()
        if self._last(step):
            self.plan.save(self.spikes, self.states, time.monotonic() - self.started)

    def _last(self, step: int) -> bool:
        return step == self.plan.chip_steps - 1

    def _report(self, step: int) -> None:
        if self.plan.progress and time.monotonic() - self.reported > PROGRESS_INTERVAL_S:
            self.reported = time.monotonic()
            finished = max(0, step + 1 - self.plan.depth) // self.plan.steps
            temporary = self.plan.progress.with_suffix(".part")
            temporary.write_text(json.dumps(finished))
            os.replace(temporary, self.plan.progress)


def recorder_model(plan: Plan) -> type[RecorderModel]:
    """Return a model class with one port per track; Lava wants ports declared on the class."""
    ports: dict[str, LavaPyType] = {}
    for track in plan.tracks:
        ports[track.port] = LavaPyType(PyInPort.VEC_DENSE, np.int32)
        for variable in track.read:
            ports[f"{variable}_{track.port}"] = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    model = type("RecorderModelWithPorts", (RecorderModel,), ports)
    return requires(CPU)(implements(proc=Recorder, protocol=LoihiProtocol)(model))
