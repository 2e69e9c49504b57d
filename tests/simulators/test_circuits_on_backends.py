"""A lowered network of E-I circuits on the backends and chips that divide, and refused by name where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from circuits import events, random_graph
from spikewright.exporters.program.program import Program
from spikewright.models.errors import CapacityError
from spikewright.simulators.chips.profile import load_chip
from spikewright.simulators.placement import place
from spikewright.simulators.run import simulate
from spikewright.toolchain.lowering import lower


def lowered(**options: object) -> tuple[Program, np.ndarray]:
    """Grey input of 8 bits, with a Delay in front of the first circuit or behind it."""
    graphs = map(random_graph, map(np.random.default_rng, range(30)))
    graph = next(g for g in graphs if {"wait", "later"} & set(g.nodes))
    x = events(np.random.default_rng(0), 6, 8, "grey")
    return lower(graph, x, ei="dynamic", **options), x


@pytest.mark.lava
def test_lava_divides_as_the_oracle_does() -> None:
    program, x = lowered(rows="registers")
    assert [p.kind for p in program.populations].count("ei_gain") == 2
    oracle, lava = (simulate(program, x, backend=b, record=("spikes", "state")) for b in ("oracle", "lava"))
    for name, spikes in oracle.spikes.items():
        np.testing.assert_array_equal(lava.spikes[name], spikes)
        np.testing.assert_array_equal(lava.state[name]["u"], oracle.state[name]["u"])
    assert all(oracle.spikes[name].any() for name in ("n1", "n2"))
    np.testing.assert_array_equal(lava.output["output"], oracle.output["output"])


def test_chips_that_divide_hold_it_and_others_say_what_they_lack() -> None:
    program, _ = lowered(chip="loihi2-microcode")
    assert place(program, load_chip("loihi2-microcode")).cores
    assert program.settings["rows"][0] == "registers"
    with pytest.raises(CapacityError, match=r"(?s)n1.*divide"):
        place(program, load_chip("loihi1-davies2018"))
    with pytest.raises(CapacityError, match="is grey"):
        lowered(chip="loihi1-davies2018")
