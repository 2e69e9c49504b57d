"""Networks with windows and branches are compared like dense ones: every loss measured, errors split by population."""

import nir
import numpy as np

from spatial import affine, conv, events, flat, net, pool, spiking
from spikewright.toolchain.comparison import compare

TARGETS = ("run_graph", "oracle")


def residual() -> nir.NIRGraph:
    rng = np.random.default_rng(0)
    nodes = {
        "c1": conv(rng, 4, 2, 3, 3, padding=1),
        "n1": spiking(),
        "c2": conv(rng, 4, 4, 3, 3, padding=1),
        "n2": spiking(2.0),
        "p": pool(nir.AvgPool2d, 2),
        "f": flat(),
        "fc": affine(rng, 5, 36),
        "n3": spiking(),
    }
    return net("x c1 n1 c2 n2 p f fc n3 out", "n1 n2", inputs={"x": (2, 6, 6)}, nodes=nodes)


def test_what_the_grid_holds_differs_nowhere() -> None:
    graph = residual()
    result = compare(graph, events(graph, np.random.default_rng(1)), TARGETS)
    assert result.pair(*TARGETS).mismatches == 0
    assert [e.mismatches for e in result.effects if e.mismatches is not None] == [0] * len(result.effects)
    assert not any(e.reason for e in result.effects)


def test_coarse_weights_are_found_where_they_lie() -> None:
    """On 3 bits every population errs by itself, also on the spikes that run_graph sent it."""
    graph = residual()
    x = events(graph, np.random.default_rng(1))
    result = compare(graph, x, TARGETS, lowering={"weight_bits": 3})
    alone = {found.population: found.alone for found in result.pair(*TARGETS).agreements}
    assert alone.keys() == {"n1", "n2", "n3"} and all(alone.values())
    effects = {e.loss.node: e.mismatches for e in result.effects if e.loss.kind == "weights"}
    assert effects.keys() == {"c1", "c2", "fc", "n1->n2"} and effects["c1"] > effects["fc"] > 0
    assert result.effects[-1].mismatches == result.pair(*TARGETS).mismatches
