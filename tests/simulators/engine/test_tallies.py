"""Counts packed into words are what they would be one by one."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agreement import laid_out
from kinds import programs_of
from samples import layered
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.simulators.engine.execute import run_engine
from spikewright.simulators.engine.memory import predict_memory
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.shapes import record_words
from spikewright.simulators.engine.tallies import WORD_BITS, pack_columns
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.placement import count_by_core
from spikewright.simulators.run import simulate
from strategies import WIDE_SIZES, programs

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
COLUMNS = st.integers(1, 30).flatmap(
    lambda size: st.lists(
        arrays(np.int64, size, elements=st.integers(0, 3) | st.integers(0, 2**31 - 1)), min_size=1, max_size=20
    )
)


@settings(max_examples=200)
@given(COLUMNS, st.data())
def test_sums_of_words_hold_the_sums_of_all_columns(columns: list[np.ndarray], data: st.DataObject) -> None:
    counts, words = pack_columns(columns)
    events = data.draw(arrays(np.bool_, columns[0].size))
    sums = [int(word[events].sum()) for word in words]
    assert all(0 <= int(word.sum()) < 1 << WORD_BITS for word in words)
    for count, column in zip(counts, columns, strict=True):
        found = (sums[count.field.word] >> count.field.shift) & count.field.mask if count.factor else 0
        assert count.base * int(events.sum()) + count.factor * found == column[events].sum()


def test_columns_that_say_the_same_share_their_bits() -> None:
    one = np.array([0, 1, 0, 5])
    counts, words = pack_columns([one, 3 * one + 2, 9 - one, np.full(4, 7)])
    assert len(words) == 1 and len({count.field for count in counts[:3]}) == 1
    assert (counts[3].base, counts[3].factor) == (7, 0)


def test_a_dense_layer_on_some_cores_is_counted_by_one_word_a_source_at_most() -> None:
    """An addition for an event is what the operations of a projection take by themselves; a readout sends none."""
    program = layered((784, 512, 10))
    layout = laid_out(program, 103)
    assert len(layout.cores) == 6
    assert prepare(program, layout).tables.counters["words"].tolist() == [1, 1, 0]


@pytest.mark.parametrize(("neurons", "terms"), [(103, 1), (20, 1), (1, 511)])
def test_operations_are_one_term_where_that_takes_no_word_more(neurons: int, terms: int) -> None:
    program = layered((784, 512, 10))
    assert prepare(program, laid_out(program, neurons)).tables.shares["terms"].tolist() == [terms, 1]


@settings(max_examples=60, suppress_health_check=SLOW)
@given(
    programs(WIDE_SIZES, bits=24, feedback=True) | programs_of(),
    st.integers(1, 70),
    st.integers(1, 3),
    st.sampled_from([(), ("spikes",), ("events", "state")]),
)
def test_counts_by_core_are_the_same_in_every_way_of_running(
    drawn: tuple, neurons: int, threads: int, record: tuple
) -> None:
    program, x = drawn
    layout, events = laid_out(program, neurons), encode_inputs(program, x)
    expected = count_by_core(program, {**events, **run_rows(program, events)["spikes"]}, layout)
    trace = run_engine(program, events, record, layout, threads)
    assert list(trace.by_core) == list(expected) and "anything else" not in trace.by_core
    for name, rows in expected.items():
        assert trace.by_core[name].dtype == np.int64
        np.testing.assert_array_equal(trace.by_core[name], rows, name)


def test_counting_by_core_records_no_spikes() -> None:
    program = layered((30, 20, 10))
    x = (np.random.default_rng(0).random((5, 3, 30)) < 0.3).astype(np.uint8)
    trace = simulate(program, x, place=laid_out(program, 7))
    assert not trace.spikes and not trace.events


@pytest.mark.parametrize("neurons", [7, 300])
def test_few_words_are_kept_of_every_row(neurons: int) -> None:
    program = layered((300, 200, 100))
    layout = laid_out(program, neurons)
    plain, placed = (predict_memory(program, 12, 50, threads=1, place=place) for place in (None, layout))
    (before, _), (after, tables) = (
        (t.counted, t) for t in (prepare(program, place).tables for place in (None, layout))
    )
    cores = len(layout.cores)
    assert after - before == cores + 3 + tables.counters["words"].sum()  # updates; events and sums of three sources
    assert placed.results - plain.results == 8 * 50 * (record_words(after, 12) - record_words(before, 12))
    assert placed.trace == 9 * 8 * (12 + program.depth) * 50 * cores
