"""How the exported runner splits projections: what arrives when, worked out event by event, without Lava."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikewright.exporters.lava.export import RUNNER

SAMPLES = 4


@pytest.fixture(scope="module", autouse=True)
def runner():
    sys.path.insert(0, str(RUNNER))
    yield
    sys.path.remove(str(RUNNER))


def arrivals(edges, levels: tuple[int, int], steps: int) -> set[tuple[int, int, int]]:
    """Which event arrives when: (synapse, row of the source, row of the target), rows counted over all samples.

    Populations send in every chip step, also before their row 0; inputs send their rows and nothing else.
    """
    source, target = levels
    found = set()
    for edge in edges:
        level = target if edge.relayed else source
        first = 0 if source == 0 else -source
        for synapse in np.flatnonzero(edge.keep):
            for row in range(first, steps * SAMPLES):
                late = row + edge.shift
                if source == 0 and late // steps != row // steps:
                    continue  # shifted out of its sample
                sent = late + level
                arrival = sent + 1 + int(edge.hops[synapse])
                emptied = any(c % steps in edge.emptied_after for c in range(sent, arrival))
                if not emptied:
                    found.add((int(synapse), row, arrival - target))
    return found


@given(st.integers(0, 4), st.integers(1, 4), st.integers(1, 7), st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_independent_samples_see_their_own_events_only(source: int, target: int, steps: int, delays: list[int]) -> None:
    from spikewright_lava.edges import edges_of

    delay = np.array(delays) + max(0, source - target + 1)
    edges = edges_of({"delay": delay, "weights": np.ones_like(delay)}, (source, target), steps, streamed=False)
    wanted = {
        (s, row, row + int(d))
        for s, d in enumerate(delay)
        for row in range(steps * SAMPLES)
        if (row + int(d)) // steps == row // steps
    }
    seen = {(s, row, to) for s, row, to in arrivals(edges, (source, target), steps) if 0 <= to < steps * SAMPLES}
    assert seen == wanted


@given(st.integers(0, 4), st.integers(1, 4), st.integers(1, 7), st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_streamed_samples_keep_every_event_on_its_way(source: int, target: int, steps: int, delays: list[int]) -> None:
    from spikewright_lava.edges import edges_of

    delay = np.array(delays) + max(0, source - target + 1)
    (edge,) = edges_of({"delay": delay, "weights": np.ones_like(delay)}, (source, target), steps, streamed=True)
    assert edge.keep.all() and edge.emptied_after == () and edge.shift == 0
    assert edge.hops.tolist() == [target - source - 1 + d for d in delay]


def test_synapses_that_do_not_exist_need_no_process() -> None:
    from spikewright_lava.edges import edges_of

    projection = {"delay": np.array([0, 5]), "weights": np.array([3, 0])}
    (edge,) = edges_of(projection, (1, 2), 4, streamed=False)
    assert edge.keep.tolist() == [True, False] and edge.emptied_after == ()
    assert edges_of({"delay": 1, "weights": np.zeros(3)}, (1, 2), 4, streamed=False) == []
