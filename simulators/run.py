"""One way to run a program, whichever backend executes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.bounds import require_readouts_in_range
from ..exporters.program.inputs import Events, encode_inputs
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..models.errors import ConfigError, InputError, UnsupportedOp
from .activity import count_activity
from .assemble import make_trace

if TYPE_CHECKING:
    from .placement import Placement

BACKENDS = ("engine", "oracle", "lava")
RECORDS = ("spikes", "state")
SAMPLES = ("independent", "stream")


def simulate(
    program: Program,
    x: NDArray[Any] | dict[str, NDArray[Any]],
    backend: str = "engine",
    record: tuple[str, ...] = (),
    samples: str = "independent",
    place: Placement | None = None,
    threads: int | None = None,
    **options: Any,
) -> Trace:
    """Run `program` on B samples of T rows.

    Parameters
    ----------
    program : Program
    x : (T, B, *input_shape) array, or dict of input name to such an array
    backend : {"engine", "oracle", "lava"}
        "engine" is compiled and event-driven; "oracle" is the readable numpy arbiter; "lava" runs lava-nc's
        fixed-point models in their own environment. All three agree in every bit.
    record : tuple of {"spikes", "state"}
    samples : {"independent", "stream"}
        Every sample starts from zero state with nothing in flight; or they follow each other as on a chip that resets
        its neurons at every sample's first row and nothing else, on one thread.
    place : Placement, optional
        Count spikes, operations, messages and updates by core and chip step too, for `price`.
    threads : int, optional
        Of the engine; all processors by default.
    **options
        For "lava": ``timeout_s``, ``progress``.

    Raises
    ------
    InputError, NumericRangeError
        For an input that does not match the program, a placement of another program, or samples too long for a
        readout.
    UnsupportedOp
        Naming each kind of population or projection that the backend lacks; for a stream by core.
    BackendUnavailable, BackendFailed
        If Lava is not installed here, or its run died.
    """
    if samples not in SAMPLES:
        raise ConfigError(f"samples={samples!r} is unknown; known are {', '.join(SAMPLES)}.")
    if samples == "stream" and place is not None:
        raise UnsupportedOp("A stream is not counted by core; place and price the run with independent samples.")
    record = (record,) if isinstance(record, str) else tuple(record or ())
    if unknown := set(record).difference(RECORDS):
        raise ConfigError(f"record={sorted(unknown)} is unknown; known are {', '.join(RECORDS)}.")
    if options and backend in BACKENDS and backend != "lava":
        raise ConfigError(
            f"Backend {backend!r} knows no option {', '.join(options)}; timeout_s and progress are Lava's."
        )
    if place is not None and place.program.content_hash != program.content_hash:
        raise InputError(f"The placement is of program {place.program.content_hash}, not of {program.content_hash}.")
    events = encode_inputs(program, x)
    require_readouts_in_range(program, next(iter(events.values())).shape[0])
    if backend == "engine" and samples == "stream":
        from .engine.stream import run_stream

        return run_stream(program, events, record)
    if backend == "engine":
        return _engine()(program, events, record, place, threads)
    if backend == "oracle":
        return _run_oracle(program, events, record, place, samples)
    if backend == "lava":
        from .lava import run_lava

        given = {i.name: events[i.name] for i in program.inputs if i.kind != "bias"}
        return run_lava(program, given, record, place, samples=samples, **options)
    raise ConfigError(f"Backend {backend!r} is unknown; known are {', '.join(BACKENDS)}.")


@cache
def _engine() -> Callable[..., Trace]:
    """Import the engine, and with it Numba, when it is first asked for."""
    from .engine.execute import run_engine

    return run_engine


def _run_oracle(
    program: Program, events: Events, record: tuple[str, ...], place: Placement | None, samples: str
) -> Trace:
    from .oracle import run_rows

    rows = run_rows(program, events, samples)
    shapes = {p.name: (*next(iter(events.values())).shape[:2], *p.shape) for p in program.populations}
    spikes = {n: rows["spikes"][n].reshape(shape).astype(program.events(n).dtype) for n, shape in shapes.items()}
    state = {n: {k: rows[k][n].reshape(shape).astype(np.int32) for k in ("u", "v")} for n, shape in shapes.items()}
    return make_trace(
        program,
        events,
        count_activity(program, {**events, **spikes}, samples),
        {n: s["v"][-1] for n, s in state.items()},
        spikes,
        state,
        record,
        place,
        samples=samples,
        backend="oracle",
        versions={"spikewright": version("spikewright"), "numpy": np.__version__},
    )
