"""Why accuracy falls after export: a network run in float and in integers, and examined layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.passes.network import Network
from ...exporters.program.program import Program
from ...models.errors import InputError, NumericRangeError
from ..comparison.alone import measure_alone
from ..comparison.chain import stepped_as_lowered
from ..comparison.pairs import Agreement, compare_pair
from ..data.samples import Rows
from ..lowering import lower
from ..sources import Source, calibrated, resolve_source
from .activity import ports_of
from .causes import find_causes
from .diagnosis import Diagnosis, accuracies, count_classes, readouts_of
from .evidence import Evidence, unjudged
from .findings import Finding, by_importance
from .layers import layers_of
from .ranges import lower_or_mend, mend_model, thresholds_of, with_thresholds
from .sides import Side, first, run_floats, run_integers, samples_of
from .waking import wake_model, waking_threshold

DETAIL = 200
"""Samples whose every spike and state is kept."""
Options = dict[str, Any]


def diagnose(
    source: Any,
    x: Rows,
    y: NDArray[Any] | None = None,
    calibration: Rows | None = None,
    lowering: Options | None = None,
    program: Program | None = None,
    detail: int = DETAIL,
    progress: Callable[[str], None] | None = None,
) -> Diagnosis:
    """Run `source` in float and in integers, and report layer by layer what its quantisation did.

    Parameters
    ----------
    source : nn.Module, NIRGraph, Program, path or Source
        A program by itself has no float side: what needs one is None.
    x : (T, B, *input_shape) array, or dict of input name to such an array
    y : (B,) int array, optional
        Classes, for the accuracies.
    calibration : array, optional
        For lowering; `x` if not given.
    lowering : dict, optional
        Options of `lower`.
    program : Program, optional
        What `source` became, if it is not to be lowered here: one that was tuned, for example.
    detail : int
        Samples whose states are kept, for errors, membranes and currents. All samples count for rates and accuracies.
    progress : callable, optional
        Called with what is done next.

    Raises
    ------
    InputError
        If `y` does not belong to `x`. Numbers out of range are findings, not errors.
    """
    if y is not None and np.shape(y) != (samples_of(x),):
        raise InputError(f"y must have one class per sample, ({samples_of(x)},), is {np.shape(y)}.")
    network = source if isinstance(source, Source) else resolve_source(source)
    options, tell = lowering or {}, progress or (lambda text: None)
    calibration = x if calibration is None else calibration
    found: list[Finding] = []
    if network.ready_program is None:
        network, found = mend_model(calibrated(network, calibration))
        network, silent = wake_model(network, first(x, detail))
        found += silent
        network = stepped_as_lowered(network, options)
        if program is None:
            tell("lowering")
            program, network, refused = _lowered(network, x, calibration, options, detail)
            found += refused
    else:
        program = network.program(**options)  # which refuses options that it can no longer follow
    run = _run(network, program, x, options, detail, tell)
    return _report(run, x, y, calibration, options, found)


@dataclass(frozen=True, eq=False)
class _Run:
    """Both sides of one network."""

    graph: Any
    program: Program | None
    floats: Side | None
    integers: Side | None
    folded: Network | None
    agreements: tuple[Agreement, ...]
    detail: int


def _lowered(
    network: Source, x: Rows, calibration: Rows, options: Options, detail: int
) -> tuple[Program | None, Source, list[Finding]]:
    """The program, the network that became it, and what is out of range."""

    def reach(graph: Any, name: str) -> float:
        state = run_floats(graph, first(x, detail), detail).detail.state
        return float(np.abs(state[name]["v"]).max()) if name in state else 1.0

    program, graph, found = lower_or_mend(network.graph, lambda g: lower(g, calibration, **options), reach)
    return program, network if graph is network.graph else replace(network, nir_graph=graph, portable=False), found


def _run(
    network: Source, program: Program | None, x: Rows, options: Options, detail: int, tell: Callable[[str], None]
) -> _Run:
    graph = None if network.ready_program is not None else network.graph
    stated = program.settings.get("cycle", (None,))[0] if program else options.get("cycle")
    floats = integers = folded = None
    if graph is not None:
        tell("running the float network")
        floats = run_floats(graph, x, detail, "closing" if stated == "closing" else None)
        folded = _folded(graph, program, options, stated)
    if program is not None:
        tell("running the integers")
        integers = run_integers(program, x, detail)
    tell("comparing")
    agreements = _agreements(floats, integers, program, first(x, detail))
    return _Run(graph, program, floats, integers, folded, agreements, min(detail, samples_of(x)))


def _folded(graph: Any, program: Program | None, options: Options, cycle: Any) -> Network | None:
    """The float network with its thresholds folded, stepped as the program is."""
    from ...exporters.nir.semantics import choose
    from ...exporters.program.lower import float_network

    names = ("dt_s", "integration", "spike_op", "reset")
    said: Options = {name: options.get(name) for name in names}
    if program is not None:
        said = {name: program.settings[name][0] for name in names if name in program.settings}
    try:
        return float_network(graph, choose(graph, **said), cycle)
    except NumericRangeError:  # the violations are findings already
        return None


def _agreements(floats: Side | None, integers: Side | None, program: Program | None, x: Rows) -> tuple[Agreement, ...]:
    if floats is None or integers is None or program is None:
        return ()
    order = [p.name for p in program.populations]
    if not set(order) & floats.detail.spikes.keys():
        return ()
    pair = compare_pair(floats.detail, integers.detail, order)
    return measure_alone(pair, floats.detail, integers.detail, x, program, None, {}).agreements


def _report(
    run: _Run, x: Rows, y: NDArray[Any] | None, calibration: Rows, options: Options, found: list[Finding]
) -> Diagnosis:
    mended = tuple(dict.fromkeys(f.layer for f in found))
    thresholds = {} if run.graph is None else thresholds_of(run.graph)
    layers = layers_of(run.program, run.folded, thresholds, run.integers, run.floats, run.agreements)
    classes = y if y is not None and not mended else None
    seen = Evidence(
        layers,
        () if run.program is None else ports_of(run.program, x),
        () if run.program is None else run.program.losses,
        count_classes(run.floats, run.integers, classes),
        {name: _spread(values) for name, values in thresholds.items()},
        "" if run.program is None else str(run.program.settings.get("scale", ("",))[0]),
    )
    found = [*found, *(f for f in find_causes(seen) if f.layer not in mended)]
    told = {(f.layer, f.problem) for f in found}
    found += [f for f in _behind_dead(run, seen, x, calibration, options) if (f.layer, f.problem) not in told]
    sides = {"float": run.floats, "integer": run.integers}
    return Diagnosis(
        layers=layers,
        ports=seen.ports,
        readouts=readouts_of(run.program, run.floats, run.integers),
        findings=by_importance(found, [row.name for row in layers]),
        accuracy=accuracies(run.floats, run.integers, classes),
        backends={kind: side.backend for kind, side in sides.items() if side is not None},
        samples=samples_of(x),
        detail=run.detail,
        mended=mended,
        settings={} if run.program is None else dict(run.program.settings),
        program=run.program,
    )


def _behind_dead(run: _Run, seen: Evidence, x: Rows, calibration: Rows, options: Options) -> list[Finding]:
    """Errors of the layers that get nothing, found with the thresholds of the dead one in front of them lowered."""
    dead = unjudged(seen)
    if run.floats is None or not dead:
        return []
    states = run.floats.detail.state
    awake = {name: waking_threshold(states[name]["v"]) for name in dead if name in states}
    sizes = {row.name: row.size for row in seen.layers}
    lowered = {name: np.full(sizes[name], value) for name, value in awake.items() if value is not None}
    if not lowered:
        return []
    graph = with_thresholds(run.graph, lowered)
    again = diagnose(graph, x, None, calibration, options, detail=run.detail)
    told = " (with the thresholds of {} lowered until it spikes)".format(", ".join(lowered))
    behind = {name for names in dead.values() for name in names}
    errors = [f for f in again.findings if f.layer in behind and f.severity == "error"]
    return [replace(f, evidence=f.evidence + told) for f in errors]


def _spread(values: NDArray[np.float64]) -> tuple[float, float, float, int]:
    middle = float(np.median(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.abs(np.nan_to_num(np.log(values / middle)))
    return float(values.min()), middle, float(values.max()), int(far.argmax())
