"""The chain from the trained network to the chip's arithmetic, run once and compared pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ...models.errors import BackendFailed, BackendUnavailable, InputError, UnsupportedOp
from ..data.samples import Rows
from ..rewriting import restated
from ..sources import Source, calibrated, resolve_source
from ..targets import INTEGER, available_targets, run_target
from .alone import measure_alone
from .effects import Effect, measure_effects
from .pairs import Pair, compare_pair

_STEPPING = ("dt_s", "integration", "spike_op")
"""Options of `lower` that say how a graph is stepped, and not what a program changes."""


@dataclass(frozen=True)
class Comparison:
    """Result of `compare`.

    Attributes
    ----------
    pairs : tuple of Pair
        Neighbours of the chain, in its order.
    traces : dict of str to Trace
        With all spikes recorded.
    not_run : dict of str to str
        Targets that could not run here, and why.
    program : Program or None
        What the integer targets ran; None if there were none.
    effects : tuple of Effect
        Every listed loss with its measured effect.
    """

    pairs: tuple[Pair, ...]
    traces: dict[str, Trace]
    not_run: dict[str, str] = field(default_factory=dict)
    program: Program | None = None
    effects: tuple[Effect, ...] = ()

    def pair(self, a: str, b: str) -> Pair:
        """Return the comparison of two neighbours."""
        return next(p for p in self.pairs if p.backends == (a, b))


def compare(
    source: Any,
    x: Rows,
    targets: tuple[str, ...] | None = None,
    calibration: Rows | None = None,
    allow_missing: bool = False,
    progress: Callable[[str], None] | None = None,
    lowering: dict[str, Any] | None = None,
    effects: bool = True,
    **options: Any,
) -> Comparison:
    """Run `source` on several targets and compare neighbours.

    Parameters
    ----------
    source : nn.Module, NIRGraph, Program, path or Source
    x : (T, B, *input_shape) array, or dict of input name to such an array
    targets : tuple of str, optional
        Of ``torch, frozen, run_graph, oracle, engine, lava``; all that the source reaches if not given.
    calibration : array, optional
        For lowering; `x` if not given.
    allow_missing : bool
        Note a backend that is not installed, or lacks a kind, in `not_run` instead of raising.
    progress : callable, optional
        Called with the name of every target before it runs, and with "effects of the losses".
    lowering : dict, optional
        Options of `lower`, such as ``weight_bits`` and ``reset``. Those that say how time is stepped (dt_s,
        integration, spike_op, a cycle that is "closing") hold for run_graph too; a changed reset is a loss.
    effects : bool
        Measure what every loss of the integer program does by itself, which runs the float network once for each.
    **options
        ``example`` for modules; ``timeout_s`` for Lava.

    Raises
    ------
    BackendUnavailable, UnsupportedOp
        If a target cannot run here, or lacks a kind.
    InputError
        If fewer than two targets are left, or the input does not match.
    """
    network = source if isinstance(source, Source) else resolve_source(source, example=options.pop("example", None))
    chosen = targets or available_targets(network)
    if len(set(chosen)) < max(2, len(chosen)):
        reach = ", ".join(available_targets(network))
        raise InputError(
            f"A comparison needs two different targets or more, given {chosen}; {network.name} has {reach}."
        )
    tell = progress or (lambda name: None)
    network = calibrated(network, x if calibration is None else calibration)
    network = stepped_as_lowered(network, lowering or {})
    program = None
    if INTEGER & set(chosen):
        program = network.program(x if calibration is None else calibration, **(lowering or {}))
    traces, not_run = _run(chosen, network, x, program, allow_missing, tell, options)
    pairs = _pairs(traces, network, x, program)
    measured: tuple[Effect, ...] = ()
    if effects and program is not None:
        tell("effects of the losses")
        integer = next((trace for trace in traces.values() if trace.program_hash), None)
        measured = measure_effects(network, program, x, integer)
    return Comparison(pairs, traces, not_run, program, measured)


def _run(
    chosen: tuple[str, ...],
    network: Source,
    x: Rows,
    program: Program | None,
    allow_missing: bool,
    tell: Callable[[str], None],
    options: dict[str, Any],
) -> tuple[dict[str, Trace], dict[str, str]]:
    """Traces of all targets, and the reasons of those that cannot run here."""
    traces: dict[str, Trace] = {}
    not_run: dict[str, str] = {}
    for target in chosen:
        tell(target)
        try:
            traces[target] = run_target(target, network, x, program, **_options_of(target, program, options))
        except (BackendUnavailable, UnsupportedOp) as error:
            if isinstance(error, BackendFailed) or not allow_missing:
                raise
            not_run[target] = str(error)
    return traces, not_run


def stepped_as_lowered(network: Source, lowering: dict[str, Any]) -> Source:
    """The same network; its graph states what `lowering` says of the time step."""
    said = {name: lowering[name] for name in _STEPPING if lowering.get(name) is not None}
    if not said or network.ready_program is not None:
        return network
    return replace(network, nir_graph=restated(network.graph, **said), portable=False, losses=network.losses)


def _options_of(target: str, program: Program | None, options: dict[str, Any]) -> dict[str, Any]:
    if target == "run_graph" and program is not None and program.settings.get("cycle", ("",))[0] == "closing":
        return {"cycle": "closing"}
    return options if target == "lava" else {}


def _pairs(traces: dict[str, Trace], network: Source, x: Rows, program: Program | None) -> tuple[Pair, ...]:
    """Neighbours with both error columns."""
    order, graph = _order(traces), None if network.ready_program is not None else network.graph
    pairs = []
    for a, b in pairwise(traces):
        readouts = _readouts(program) if {a, b} <= INTEGER else {}
        pair = compare_pair(traces[a], traces[b], order, readouts)
        pairs.append(measure_alone(pair, traces[a], traces[b], x, program, graph, readouts))
    return tuple(pairs)


def _order(traces: dict[str, Trace]) -> list[str]:
    """Populations from the input on, by the levels that an integer backend knows, else in order of the trace."""
    for trace in traces.values():
        if trace.program_hash:
            return sorted(trace.levels, key=lambda name: (trace.levels[name], name))
    return list(dict.fromkeys(name for trace in traces.values() for name in trace.spikes))


def _readouts(program: Program | None) -> dict[str, str]:
    """Readout populations, whose membranes two integer backends must share, with the output that carries them."""
    if program is None:
        return {}
    silent = {p.name for p in program.populations if p.kind == "readout"}  # the others are compared by their spikes
    return {o.population: o.name for o in program.outputs if o.readout == "membrane" and o.population in silent}
