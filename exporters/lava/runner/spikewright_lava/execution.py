"""One streamed run of the network, watched so that a model's exception ends it."""

from __future__ import annotations

import argparse
import os
import time

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.runtime.runtime import Runtime

from .build import Builder
from .failure import ModelError
from .inputs import Events
from .network import Network
from .own_models import DividedNeuronsModel, NeuronsModel
from .own_processes import DividedNeurons, Neurons
from .plan import make_plan
from .recorder import Recorder, recorder_model

POLL_INTERVAL_S = 0.01
GRACE_S = 5.0
"""How long to wait for the exception of a model after Lava has only said that there was one."""

OWN_MODELS = {Neurons: NeuronsModel, DividedNeurons: DividedNeuronsModel}


def execute(network: Network, events: Events, arguments: argparse.Namespace) -> None:
    """Run all samples back to back and leave the results in ``arguments.output``.

    Raises
    ------
    ModelError
        If a process model raised.
    RuntimeError
        If the run ended without results, or its parent process has gone.
    """
    plan = make_plan(network, events, arguments.record, arguments.output, arguments.progress)
    builder = Builder(network, events)
    builder.connect()
    recorder = Recorder(plan, builder.neurons)
    recorder.connect()
    # Looking a model up by instance keeps Lava from searching this folder for models.
    models: dict[AbstractProcess, type] = {recorder: recorder_model(plan)}
    models |= {n: OWN_MODELS[type(n)] for n in builder.neurons.values() if type(n) in OWN_MODELS}
    config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=models)
    parent = os.getppid() if arguments.stop_with_parent else None
    recorder.run(condition=RunSteps(plan.chip_steps, blocking=False), run_cfg=config)
    _wait(recorder.runtime, parent)
    recorder.stop()
    if not arguments.output.exists():
        raise RuntimeError("Lava finished without writing results")


def _wait(runtime: Runtime, parent: int | None) -> None:
    """Wait for the run's end; Lava's own wait joins models that are stuck once one has failed."""
    while not all(port.probe() for port in runtime.service_to_runtime):
        _raise_failure(runtime)
        if parent is not None and os.getppid() != parent:
            raise RuntimeError("the process that started this run is gone")
        time.sleep(POLL_INTERVAL_S)
    if any(port.peek()[0] < 0 for port in runtime.service_to_runtime):
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline:
            _raise_failure(runtime)
            time.sleep(POLL_INTERVAL_S)
        raise RuntimeError("Lava reported an error without a reason")
    runtime.wait()


def _raise_failure(runtime: Runtime) -> None:
    for actor in runtime._messaging_infrastructure.actors:
        if actor.exception:
            error, trace = actor.exception
            raise ModelError(f"{type(error).__name__} in a Lava model: {error}", trace)
        if actor.exitcode:
            raise ModelError(f"a Lava process died with exit code {actor.exitcode}", "")
