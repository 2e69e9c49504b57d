"""Every listed loss has a measured effect or a reason, and the numbers are those of single changes."""

import nir
import numpy as np
import pytest

from circuits import events, random_graph
from graphs import chain, replaced
from samples import a_program
from spikewright.exporters.nir.divisors import static_node
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.program.losses import Loss
from spikewright.toolchain.comparison import Effect, compare, compare_pair
from spikewright.toolchain.comparison.effects import TOGETHER, measure_effects
from spikewright.toolchain.sources import Source

RNG = np.random.default_rng(0)
X = (RNG.random((6, 40, 10)) < 0.5).astype(float)
WEIGHTS = [RNG.normal(0, 0.6, (20, 10)), RNG.normal(0, 0.5, (5, 20))]
GRAPH = chain(WEIGHTS)
TARGETS = ("run_graph", "oracle")


def by(effects: tuple[Effect, ...], kind: str, node: str = "") -> list[Effect]:
    return [e for e in effects if e.loss.kind == kind and node in ("", e.loss.node)]


def test_every_loss_of_the_program_is_listed_in_its_order_and_all_together_last() -> None:
    result = compare(GRAPH, X, TARGETS)
    assert [e.loss for e in result.effects] == [*result.program.losses, TOGETHER]
    assert {e.loss.kind for e in result.effects} == {"weights", "membrane", "threshold", "together"}
    assert all(e.samples == 40 and e.slots == 6 * 40 * 25 and not e.reason for e in result.effects)


def test_all_together_is_the_pair_of_graph_and_integers() -> None:
    result = compare(GRAPH, X, TARGETS, lowering={"weight_bits": 3})
    pair, together = result.pair(*TARGETS), result.effects[-1]
    assert together.mismatches == pair.mismatches > 0
    assert together.first_divergence == pair.first_divergence
    assert together.changed_predictions == round((1 - pair.same_prediction) * 40) > 0


def test_effect_of_coarse_weights_is_the_graph_with_these_weights() -> None:
    """The weights' effect, against run_graph on a graph that holds the rounded weights and nothing else."""
    result = compare(GRAPH, X, TARGETS, lowering={"weight_bits": 3})
    p, n = result.program.projections[0], result.program.populations[0]
    rounded = p.weights * (64 * n.membrane_unit * 2.0**p.weight_exp)
    a, b = run_graph(GRAPH, X), run_graph(chain([rounded, WEIGHTS[1]]), X)
    found = by(result.effects, "weights", "fc1")[0]
    pair = compare_pair(a, b, ["n1", "n2"])
    assert found.mismatches == pair.mismatches > 0
    assert found.first_divergence == pair.first_divergence
    assert found.changed_predictions == (a.predict() != b.predict()).sum() > 0


def test_a_loss_without_effect_has_zero() -> None:
    """IF neurons, weights k/127 and their threshold are on the grid: their entries cost no spike."""
    weight = RNG.integers(-127, 128, (6, 10)) / 127
    weight[0, 0] = 1.0
    effects = compare(chain([weight], "IF", threshold=90.5 / 127), X, TARGETS).effects
    assert [e.mismatches for e in effects] == [0] * len(effects) and by(effects, "weights")


def test_reset_override_is_measured_under_both_resets_and_everything_else_under_the_trained_one() -> None:
    graph = chain(WEIGHTS, reset="subtract")
    result = compare(graph, X, TARGETS, lowering={"reset": "zero"})
    found = by(result.effects, "reset")[0]
    pair = compare_pair(run_graph(graph, X), run_graph(graph, X, reset="zero"), ["n1", "n2"])
    assert found.mismatches == pair.mismatches > 0
    assert by(result.effects, "weights", "fc2")[0].mismatches < found.mismatches
    assert result.effects[-1].mismatches == result.pair(*TARGETS).mismatches


def test_what_cannot_be_measured_says_why() -> None:
    nodes = {k: v for k, v in GRAPH.nodes.items() if k != "output"} | {
        "head": nir.Affine(RNG.normal(0, 1, (3, 5)), RNG.normal(0, 1, 3)),
        "output": nir.Output({"output": np.array([3])}),
    }
    edges = [*(e for e in GRAPH.edges if e[1] != "output"), ("n2", "head"), ("head", "output")]
    source = Source("graph", nir_graph=nir.NIRGraph(nodes, edges), losses=[Loss("n1", "NIR cannot say it")])
    program = source.program(X)
    effects = measure_effects(source, program, X)
    assert [e.loss for e in effects] == [*source.losses, *program.losses], "nothing is dropped"
    assert (effects[0].mismatches, effects[0].slots, effects[0].changed_predictions) == (None, 0, None)
    assert "before the NIR graph" in effects[0].reason
    assert "same way" in by(effects, "structure")[0].reason
    readout = by(effects, "weights", "head")[0]
    assert readout.mismatches == 0 and readout.slots == 6 * 40 * 25, "it changes no spike, only the result"


def test_a_saved_program_has_no_float_network() -> None:
    loss = Loss("in-a", "weights on 8 bits", "weights")
    result = compare(a_program(losses=(loss,)), np.ones((4, 2, 3)), ("oracle", "engine"))
    assert [(e.loss, e.mismatches, e.samples) for e in result.effects] == [(loss, None, 2)]
    assert "no float network" in result.effects[0].reason


@pytest.mark.parametrize("options", [{"effects": False}, {"targets": ("run_graph", "torch")}])
def test_no_effects_unless_asked_for_and_integers_are_there(options: dict) -> None:
    torch = pytest.importorskip("torch")
    import strangers

    torch.manual_seed(1)
    x = np.repeat((RNG.random((1, 30, 20)) < 0.5).astype(np.float32), 7, axis=0)
    targets = options.pop("targets", ("run_graph", "oracle"))
    result = compare(strangers.tutorial(), x, targets, example=(1, 20), **options)
    assert result.effects == ()
    assert (result.program is None) == (targets == ("run_graph", "torch"))


def test_a_divisor_taken_as_one_has_the_effect_of_the_graph_without_it() -> None:
    graph = random_graph(np.random.default_rng(0))
    x = events(np.random.default_rng(1), 6, 40, "spikes")
    effects = by(compare(graph, x, TARGETS).effects, "gain")
    assert [e.loss.node for e in effects] == ["ei1", "ei2"] and all(e.mismatches for e in effects)
    for found in effects:
        name = found.loss.node
        alone = replaced(graph, **{name: static_node(graph.nodes[name])})
        pair = compare_pair(run_graph(graph, x), run_graph(alone, x), ["n1", "n2"])
        assert (found.mismatches, found.first_divergence) == (pair.mismatches, pair.first_divergence)


def test_the_losses_of_a_division_on_the_chip_are_measured() -> None:
    graph = random_graph(np.random.default_rng(0))
    x = events(np.random.default_rng(1), 6, 40, "spikes")
    result = compare(graph, x, TARGETS, lowering={"ei": "dynamic", "reciprocal_bits": 0})
    kinds = {e.loss.kind: e for e in result.effects if e.loss.node == "n1"}
    assert {"reciprocal", "guard", "quotient"} <= set(kinds)
    assert kinds["reciprocal"].mismatches > 0 and all(e.mismatches is not None for e in kinds.values())
    assert result.effects[-1].mismatches == result.pair(*TARGETS).mismatches


@pytest.mark.torch
def test_a_module_that_divides_is_compared_from_torch_on() -> None:
    import torch

    from spikewright.models.networks import EIMLP, EIMLPConfig

    torch.manual_seed(0)
    x = (torch.rand(8, 40, 20) < 0.3).float()
    model = EIMLP(EIMLPConfig(sizes=(20, 24, 8)))
    with torch.no_grad():
        model(x)
    result = compare(
        model.eval(), x.numpy(), ("torch", "run_graph", "oracle"), lowering={"ei": "dynamic"}, effects=False
    )
    assert result.pair("torch", "run_graph").mismatches == 0
    assert result.pair("run_graph", "oracle").agreements[0].share > 0.95
