"""Lava as a backend: the judge of the numeric contract, in its own environment and process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.lava.export import export_lava
from ..exporters.program.inputs import Events, encode_inputs
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..models.errors import BackendFailed
from .activity import count_activity
from .assemble import make_trace
from .lava_environment import find_lava_python
from .lava_process import run_folder

if TYPE_CHECKING:
    from .placement import Placement

START_LIMIT_S = 120.0
PROCESS_START_LIMIT_S = 1.0
"""Allowed per Lava process for its start: some twenty times what an idle computer needs."""
PROCESS_STEP_LIMIT_S = 0.01
"""Allowed per Lava process and step: some twenty times what an idle computer needs."""
SYNAPSE_STEP_LIMIT_S = 2e-7
"""Allowed per synapse, delay slot and step."""


def run_lava(
    program: Program,
    x: NDArray[Any] | dict[str, NDArray[Any]],
    record: Sequence[str] = (),
    place: Placement | None = None,
    timeout_s: float | None = None,
    progress: Callable[[int], None] | None = None,
    samples: str = "independent",
) -> Trace:
    """Run samples on lava-nc's fixed-point models, back to back in one runtime.

    Parameters
    ----------
    program : Program
    x : (T, B, *shape) array, or dict of input name to such an array
        Integer events, or floats that the inputs' scales make integers.
    record : sequence of {"spikes", "state"}
        What the trace holds besides spike counts and outputs; "state" slows the run down about twofold.
    place : Placement, optional
        Count by core as well.
    timeout_s : float, optional
        Time limit; by default a generous one for the size of the network and of `x`.
    progress : callable, optional
        Called with the number of finished samples.
    samples : {"independent", "stream"}
        Samples do not see each other; or what is on its way between the neurons reaches the next sample.

    Returns
    -------
    Trace
        With backend "lava" and the versions of lava-nc, numpy and Python that computed it.

    Raises
    ------
    BackendUnavailable
        If there is no Lava environment.
    BackendFailed
        If the run died or exceeded its time limit.
    UnsupportedOp
        If Lava lacks something that the program needs.
    InputError
        If `x` does not fit the program's inputs.
    """
    python = find_lava_python()
    events = encode_inputs(program, x)
    limit_s = time_limit_s(program, *next(iter(events.values())).shape[:2]) if timeout_s is None else timeout_s
    with tempfile.TemporaryDirectory(prefix="spikewright-lava-", ignore_cleanup_errors=True) as temporary:
        folder = export_lava(program, Path(temporary) / "network")
        source, results = folder / "x.npz", folder / "results.npz"
        fed = {f"input/{i.name}": events[i.name] for i in program.fed}
        np.savez(source, **fed)
        level = "state" if "state" in record else "spikes"
        arguments = ("--input", source, "--output", results, "--record", level, "--samples", samples)
        run_folder(python, folder, arguments, limit_s, progress)
        with np.load(results, allow_pickle=False) as arrays:
            trace = _trace(program, events, dict(arrays), record, place, samples)
    trace.settings["timeout_s"] = (limit_s, "default" if timeout_s is None else "argument")
    return trace


def time_limit_s(program: Program, steps: int, samples: int) -> float:
    """Default time limit for B samples of T rows [s]."""
    # A delayed projection needs a source or a relay of its own, synapses by delay, and processes that empty them.
    synapses = sum(4 + 2 * len(p.delays) for p in program.projections)
    processes = len(program.inputs) + len(program.populations) + synapses + 4
    work = sum(program.synapses(p).weight.size * (1 + program.hops(p)) for p in program.projections)
    chip_steps = steps * samples + program.depth
    start_s = START_LIMIT_S + processes * PROCESS_START_LIMIT_S
    return start_s + chip_steps * (processes * PROCESS_STEP_LIMIT_S + work * SYNAPSE_STEP_LIMIT_S)


def _trace(
    program: Program,
    events: Events,
    arrays: dict[str, NDArray[Any]],
    record: Sequence[str],
    place: Placement | None,
    samples: str,
) -> Trace:
    meta = json.loads(arrays["meta"].item())
    if meta["program_hash"] != program.content_hash:
        raise BackendFailed("Lava returned the results of another program; nothing was taken over.")
    shapes = {p.name: (meta["steps"], meta["samples"], *p.shape) for p in program.populations}
    spikes = {name: arrays[f"spikes/{name}"].reshape(shape) for name, shape in shapes.items()}
    state = {}
    if "state" in record:
        state = {n: {w: arrays[f"{w}/{n}"].reshape(shape) for w in ("u", "v")} for n, shape in shapes.items()}
        last = {name: rows["v"][-1] for name, rows in state.items()}
    else:
        last = {o.population: arrays[f"membrane/{o.population}"] for o in program.outputs if o.readout == "membrane"}
    versions = {**meta["versions"], "spikewright": version("spikewright")}
    return make_trace(
        program,
        events,
        count_activity(program, {**events, **spikes}, samples),
        last,
        spikes,
        state,
        record,
        place,
        samples=samples,
        backend="lava",
        versions=versions,
    )
