"""One way to run a program, whichever backend executes it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.bounds import require_readouts_in_range
from ..exporters.program.inputs import encode_inputs
from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..models.errors import ConfigError, UnsupportedOp
from .assemble import make_trace

BACKENDS = ("oracle", "lava")
RECORDS = ("spikes", "state")


def simulate(
    program: Program,
    x: NDArray[Any] | dict[str, NDArray[Any]],
    backend: str = "oracle",
    record: tuple[str, ...] = (),
    samples: str = "independent",
    **options: Any,
) -> Trace:
    """Run `program` on B samples of T rows.

    Parameters
    ----------
    program : Program
    x : (T, B, *input_shape) array, or dict of input name to such an array
    backend : {"oracle", "lava"}
        "oracle" is the readable numpy arbiter; "lava" runs lava-nc's fixed-point models in their own environment.
    record : tuple of {"spikes", "state"}
    samples : {"independent"}
        Every sample starts from zero state with nothing in flight.
    **options
        For "lava": ``timeout_s``, ``progress``.

    Raises
    ------
    InputError, NumericRangeError
        For an input that does not match the program, or samples too long for a readout.
    BackendUnavailable, BackendFailed
        If Lava is not installed here, or its run died.
    """
    if samples != "independent":
        raise UnsupportedOp(f"samples={samples!r} is not available; samples are run independently of each other.")
    if unknown := set(record) - set(RECORDS):
        raise ConfigError(f"record={sorted(unknown)} is unknown; known are {', '.join(RECORDS)}.")
    events = encode_inputs(program, x)
    require_readouts_in_range(program, next(iter(events.values())).shape[0])
    if backend == "oracle":
        return _run_oracle(program, events, record)
    if backend == "lava":
        from .lava import run_lava

        return run_lava(program, events, record=record, **options)
    raise ConfigError(f"Backend {backend!r} is unknown; known are {', '.join(BACKENDS)}.")


def _run_oracle(program: Program, events: dict[str, NDArray[np.int32]], record: tuple[str, ...]) -> Trace:
    from .oracle import run_rows

    rows = run_rows(program, events)
    shapes = {p.name: (*next(iter(events.values())).shape[:2], *p.shape) for p in program.populations}
    spikes = {name: rows["spikes"][name].reshape(shape).astype(np.int8) for name, shape in shapes.items()}
    state = {n: {k: rows[k][n].reshape(shape).astype(np.int32) for k in ("u", "v")} for n, shape in shapes.items()}
    return make_trace(
        program,
        events,
        spikes,
        state,
        {n: s["v"][-1] for n, s in state.items()},
        record,
        backend="oracle",
        versions={"spikewright": version("spikewright"), "numpy": np.__version__},
    )
