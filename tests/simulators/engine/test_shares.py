"""Threads share samples: the engine equals the oracle in every bit on a program in parts, too."""

import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import assert_same_bits
from kinds import Kinds, programs_of
from samples import layered
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import InputError
from spikewright.simulators.engine import cutting, runners
from spikewright.simulators.engine.blocks import waits
from spikewright.simulators.engine.cutting import cut_program
from spikewright.simulators.engine.memory import predict_memory
from spikewright.simulators.engine.prepared import kept_tables
from spikewright.simulators.engine.runners import run_together, runners_of
from spikewright.simulators.run import simulate
from strategies import WIDE_SIZES, programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
CUT = Kinds(projections=("dense", "sparse"))
"""Programs all of whose populations can be cut."""


def many(examples: int) -> settings:
    """Settings for programs that are slow to draw; the fixture does the same for each."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=SLOW)


@pytest.fixture
def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut whatever can be cut, down to single neurons, though it does not pay."""
    monkeypatch.setattr(cutting, "GRAIN", 1)
    monkeypatch.setattr(runners, "_work", lambda program: 1 << 40)
    monkeypatch.setattr(runners, "processors", lambda: 100)


def first(x: dict[str, np.ndarray], samples: int) -> dict[str, np.ndarray]:
    return {name: rows[:, :samples] for name, rows in x.items()}


@many(200)
@given(programs_of(CUT) | programs_of(), st.integers(2, 4))
def test_every_kind_agrees_with_the_oracle_on_threads_that_share_a_sample(
    cut_small: None, drawn: tuple, threads: int
) -> None:
    program, x = drawn
    assert_same_bits(program, first(x, 1), threads)
    assert_same_bits(program, first(x, 2), 2 * threads)


@many(100)
@given(programs(WIDE_SIZES, bits=24, feedback=True), st.integers(2, 4))
def test_wide_programs_agree_with_the_oracle_on_threads_that_share_a_sample(
    cut_small: None, case: tuple, threads: int
) -> None:
    program, x = case
    assert_same_bits(program, first(x, 1), threads)


def recurrent(neurons: int, fan: int, exponent: int = -3) -> Program:
    """Two populations, one behind the other without a delay, and back with delays of 1 to 3."""
    rng = np.random.default_rng(0)

    def sparse(name: str, source: str, target: str, **fields: object) -> Projection:
        weights = (2 * rng.integers(-60, 64, neurons * fan)).astype(np.int16)
        stretch = neurons // fan
        indices = (np.arange(fan) * stretch + rng.integers(0, stretch, (neurons, fan))).astype(np.int32)
        indptr = np.arange(neurons + 1, dtype=np.int32) * fan
        rows = {"indices": indices.ravel(), "indptr": indptr}
        return Projection(name, source, target, weights, exponent, kind="sparse", **rows, **fields)

    bias = rng.integers(0, 30, neurons).astype(np.int32)
    a = Population("a", (neurons,), 4095, 400, 60, bias, level=1, bias_exp=6)
    b = replace(a, name="b", level=2, vth=rng.integers(20, 90, neurons).astype(np.int32))
    edges = (
        sparse("ab", "a", "b"),
        sparse("ba", "b", "a", delay=rng.integers(2, 4, neurons * fan)),
        sparse("i", "in", "a"),
    )
    return make_program((Input("in", (neurons,)),), (a, b), edges, (Output("out", "b", "membrane"),))


@pytest.mark.parametrize("threads", [2, 3, 4])
@pytest.mark.parametrize("exponent", [-3, 2])
def test_threads_that_share_a_sample_wait_for_what_they_read(cut_small: None, threads: int, exponent: int) -> None:
    program = recurrent(150, 20, exponent)
    assert waits(program) == {"a": False, "b": True}
    x = {"in": (np.random.default_rng(1).random((60, 1, 150)) < 0.1).astype(np.uint8)}
    assert assert_same_bits(program, x, threads) > 100
    tables = kept_tables(program, None, threads)
    assert tables is not None and tables.populations["runner"].tolist() == 2 * list(range(threads))


def test_parts_begin_at_lines_of_the_cache_and_stay_whole_behind_convolutions() -> None:
    cut = cut_program(recurrent(150, 20), 4)
    assert [(p.name, p.size) for p in cut.populations[:3]] == [("a/1", 64), ("a/2", 64), ("a/3", 22)]
    assert cut_program(recurrent(64, 20), 4).populations[0].name == "a"
    image = Population("a", (8, 8, 8), 4095, 0, 9, np.zeros(512, np.int32), level=1)
    kernel = Projection("in-a", "in", "a", np.full((8, 1, 3, 3), 2, np.int16), kind="convolution", padding=(1, 1))
    program = make_program((Input("in", (1, 8, 8)),), (image,), (kernel,), (Output("out", "a", "spike_count"),))
    assert [p.name for p in cut_program(program, 2).populations] == ["a"]
    assert runners_of(program, 1 << 30, 1, 2, None) == 1


def test_threads_share_samples_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "processors", lambda: 1000)
    large, small = recurrent(60_000, 50), recurrent(1000, 50)
    assert [runners_of(large, 100, samples, 4, None) for samples in range(1, 6)] == [4, 2, 1, 1, 1]
    assert [runners_of(large, steps, 1, 4, None) for steps in (1, 5, 100)] == [1, 1, 4]
    assert [runners_of(large, 100, 1, threads, None) for threads in (1, 2, 1000)] == [1, 2, 35]
    assert runners_of(small, 1 << 30, 1, 4, None) == 1
    monkeypatch.setattr(runners, "processors", lambda: 2)
    assert runners_of(large, 100, 1, 1000, None) == 2
    assert runners_of(layered((500, 4000, 4000)), 100, 1, 4, None) == 1, "dense layers are summed ahead"


def test_chunks_and_samples_in_any_number_are_the_same(cut_small: None) -> None:
    program, rng = recurrent(100, 10), np.random.default_rng(2)
    x = (rng.random((20, 5, 100)) < 0.2).astype(np.uint8)
    expected = simulate(program, x, threads=1)
    for chunk, threads in ((1, 2), (2, 5), (None, 11), (3, 6)):
        trace = simulate(program, x, threads=threads, chunk=chunk)
        np.testing.assert_array_equal(trace.output["out"], expected.output["out"])
        np.testing.assert_array_equal(trace.synaptic_ops["ba"], expected.synaptic_ops["ba"])
        assert kept_tables(program, None, 2) is not None


def test_grey_values_in_a_sample_that_is_shared_are_found(cut_small: None) -> None:
    program, x = recurrent(100, 10), np.ones((20, 1, 100), np.uint8)
    x[7, 0, 90] = 3
    with pytest.raises(InputError, match="grey values from 1 to 3"):
        simulate(program, x, threads=2)
    assert kept_tables(program, None, 2) is not None


def test_none_waits_for_a_thread_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, start = [], threading.Thread.start

    def fail_at_second(thread: threading.Thread) -> None:
        begun.append(thread)
        if len(begun) == 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail_at_second)
    ran = []
    with pytest.raises(RuntimeError, match="can't start new thread"):
        run_together(ran.append, [1, 2, 3])
    assert ran == [] and not begun[0].is_alive()


def test_a_run_in_parts_takes_what_was_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "_work", lambda program: 1 << 40)
    monkeypatch.setattr(runners, "processors", lambda: 2)
    x = np.zeros((400, 1, 1000), np.uint8)
    record = ("spikes", "state")
    simulate(recurrent(1000, 10), x[:20], threads=2)  # kernels, and what is imported on the way
    program = recurrent(1000, 10)
    need = predict_memory(program, 400, 1, record, 2)
    tracemalloc.start()
    simulate(program, x, record=record, threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.9 * need.total < peak < 1.1 * need.total + 200_000, (need, peak)
