"""What each listed loss does by itself: the float network with one change against the float network with none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...exporters.program.losses import Loss
from ...exporters.program.program import Program
from ...exporters.program.trace import Trace
from ..sources import Source
from .pairs import Divergence, compare_pair, same_classes

TOGETHER = Loss("network", "all of them together: the integer program against the float network", "together")
_NO_FLOAT = "a saved program has no float network to apply it to"
_BEFORE = "it lies before the NIR graph; the pairs of the chain up to run_graph hold its effect"
_REASONS = {
    "structure": "it changes no spike: run_graph reads the graph in the same way",
    "cycle": "the float network waits as well; the pair of run_graph and the program holds its effect",
}
_UNKNOWN = "it does not say what it changed"


@dataclass(frozen=True)
class Effect:
    """Measured effect of one loss on the compared samples.

    Attributes
    ----------
    loss : Loss
    mismatches : int or None
        Spikes of all populations that differ from the unchanged float network; None where it was not measured.
    slots : int
        Compared spikes: populations x rows x samples x neurons.
    changed_predictions : int or None
        Samples whose predicted class changed, at any output.
    samples : int
    first_divergence : Divergence or None
    reason : str
        Why it was not measured; empty where it was.
    """

    loss: Loss
    mismatches: int | None
    slots: int
    changed_predictions: int | None
    samples: int
    first_divergence: Divergence | None = None
    reason: str = ""


def measure_effects(source: Source, program: Program, x: Any, integer: Trace | None = None) -> tuple[Effect, ...]:
    """Measure every loss of `source` and `program`, and all of them together.

    Parameters
    ----------
    source : Source
        Its graph, stepped as the program's settings say but with the reset it was trained with, is the float network.
    program : Program
        Lowered from that graph; holds the rounded values.
    x : (T, B, *input_shape) array, or dict of input name to such an array
    integer : Trace, optional
        Run of `program` on `x` with spikes, for the last entry, whose loss is `TOGETHER`.

    Returns
    -------
    tuple of Effect
        Losses of the NIR export, losses of the program in its order, all together.
    """
    samples = next(iter(x.values())).shape[1] if isinstance(x, dict) else x.shape[1]
    before = [_unmeasured(loss, samples, _BEFORE) for loss in source.losses]
    if source.ready_program is not None:
        return (*before, *(_unmeasured(loss, samples, _NO_FLOAT) for loss in program.losses))
    return (*before, *_measure(source.graph, program, x, samples, integer))


def _measure(graph: Any, program: Program, x: Any, samples: int, integer: Trace | None) -> Iterable[Effect]:
    from ...exporters.nir.execute import run_graph
    from ...exporters.nir.semantics import choose
    from ...exporters.program.lower import float_network
    from ...exporters.program.passes.change import applicable, apply_loss
    from ...exporters.program.passes.execute import Arithmetic, run_network

    chosen: dict[str, Any] = {name: program.settings[name][0] for name in ("dt_s", "integration", "spike_op", "reset")}
    cycle = str(program.settings["cycle"][0]) if "cycle" in program.settings else None
    network = float_network(graph, choose(graph, **chosen), cycle)
    inclusive = frozenset(n.name for n in network.neurons if chosen["spike_op"] == ">=")
    trained = choose(graph).reset  # the network executor has no late resets; run_graph measures what they do
    exact = Arithmetic(trained if trained in ("zero", "subtract") else chosen["reset"], inclusive)
    unchanged = run_network(network, x, exact)
    order = [p.name for p in program.populations]
    for loss in program.losses:
        if loss.kind == "reset":
            accepted = run_graph(graph, x, reset=chosen["reset"])
            yield _effect(loss, run_graph(graph, x), accepted, order)
        elif applicable(loss):
            changed, arithmetic = apply_loss(network, exact, program, loss)
            yield _effect(loss, unchanged, run_network(changed, x, arithmetic), order)
        else:
            yield _unmeasured(loss, samples, _REASONS.get(loss.kind, _UNKNOWN))
    if integer is not None:
        yield _effect(TOGETHER, unchanged, integer, order)


def _effect(loss: Loss, unchanged: Trace, changed: Trace, order: list[str]) -> Effect:
    predictions = int((~same_classes(unchanged, changed)).sum())
    if not unchanged.spikes:
        return Effect(loss, 0, 0, predictions, unchanged.samples)
    pair = compare_pair(unchanged, changed, order)
    slots = sum(a.slots for a in pair.agreements)
    return Effect(loss, pair.mismatches, slots, predictions, unchanged.samples, pair.first_divergence)


def _unmeasured(loss: Loss, samples: int, reason: str) -> Effect:
    return Effect(loss, None, 0, None, samples, reason=reason)
