"""What lowering is told of the time step holds for the float side too; what it changes is a loss."""

import nir
import numpy as np
import pytest

import spikewright.toolchain as sw
from dyadic import DT_S, delay, graph, neurons, ports, units, weights
from spikewright.toolchain.comparison import compare

RNG = np.random.default_rng(0)


def ring(steps: int) -> nir.NIRGraph:
    """Two populations in a ring, with a Delay behind the second."""
    nodes = {
        **ports(3, 3),
        "fc": nir.Affine(weights(RNG, 3, 3), units(RNG, 20, 3)),
        "a": neurons("IF", 3),
        "b": neurons("IF", 3),
        "w": nir.Linear(weights(RNG, 3, 3)),
        "v": nir.Linear(weights(RNG, 3, 3)),
        "d": delay([steps] * 3),
    }
    return graph(nodes, "input fc a w b d v a", "b output")


@pytest.mark.parametrize(
    ("steps", "lowering"), [(2, {}), (1, {"dt_s": DT_S / 2}), (2, {"spike_op": ">="}), (2, {"cycle": "closing"})]
)
def test_nothing_differs_where_nothing_is_rounded(steps: int, lowering: dict) -> None:
    x = (RNG.random((8, 20, 3)) < 0.5).astype(float)
    result = compare(ring(steps), x, ("run_graph", "oracle"), lowering=lowering)
    assert {a.population: (a.mismatches, a.alone) for a in result.pairs[0].agreements} == {"a": (0, 0), "b": (0, 0)}
    assert all(result.traces["run_graph"].counts[name].any() for name in "ab")


def test_a_membrane_without_leak_says_where_it_stops() -> None:
    network = graph(
        {**ports(2, 1), "fc": nir.Linear(np.array([[1.0, -1.0]])), "n": neurons("IF", 1)}, "input fc n output"
    )
    (loss,) = [loss for loss in sw.lower(network, np.ones((4, 1, 2))).losses if loss.kind == "range"]
    assert loss.node == "n" and "for 4 rows only" in loss.what


def test_the_effect_of_a_membrane_that_stops_is_all_that_differs() -> None:
    network = graph(
        {**ports(2, 1), "fc": nir.Linear(np.array([[1.0, -1.0]])), "n": neurons("IF", 1)}, "input fc n output"
    )
    x = np.zeros((100, 1, 2))
    x[:50, :, 1], x[50:, :, 0] = 1, 1
    result = compare(network, x, ("run_graph", "oracle"), calibration=x[:4])
    effect = next(e for e in result.effects if e.loss.kind == "range")
    assert effect.mismatches == result.pairs[0].mismatches > 0
