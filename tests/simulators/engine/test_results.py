"""Results are arrays of their own, although small ones of a run lie in one buffer."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import laid_out
from kinds import Case, programs_of
from samples import layered
from spikewright.exporters.program.trace import Trace
from spikewright.simulators.engine import results
from spikewright.simulators.engine.buffers import SHARED
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.shapes import CACHE_LINE
from spikewright.simulators.gather import pieces
from spikewright.simulators.run import simulate

EVERYTHING = ("spikes", "state")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


class Littered:
    """NumPy, but that its new arrays hold what nobody wrote."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, size: int, dtype: type) -> np.ndarray:
        return np.full(size, 0xAB, dtype)


def arrays(trace: Trace) -> Iterator[tuple[str, np.ndarray]]:
    """All but the outputs, which show what other arrays hold."""
    return (("/".join(key), array) for key, array in pieces(trace) if key[0] != "output")


def an_input(steps: int, samples: int, channels: int = 30, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((steps, samples, channels)) < 0.3).astype(np.uint8)


@pytest.mark.parametrize(("steps", "samples"), [(1, 1), (6, 1), (7, 3), (40, 50)])
def test_no_two_arrays_share_memory(steps: int, samples: int) -> None:
    program = layered((30, 20, 10))
    runs = [simulate(program, an_input(steps, samples, seed=seed), record=EVERYTHING) for seed in (0, 1)]
    found = [array for trace in runs for _, array in arrays(trace)]
    expected = [array.copy() for array in found]
    for number, array in enumerate(found):
        assert array.flags.writeable and array.flags.aligned
        array += 1
        for other, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            np.testing.assert_array_equal(ours, theirs + (other <= number))


def test_whoever_keeps_counts_keeps_nothing_large() -> None:
    program, steps, samples = layered((30, 20, 10)), 50, 60
    trace = simulate(program, an_input(steps, samples), record=EVERYTHING)
    kept = trace.counts["layer1"].base
    assert kept is not None and kept.nbytes <= 9 * SHARED
    for name, array in arrays(trace):
        assert np.shares_memory(kept, array) == name.startswith("counts"), name
    state = trace.state["layer1"]["u"]
    assert state.base is not None and state.base.nbytes < 4 * steps * samples * 30 + 2 * CACHE_LINE


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(programs_of(), st.integers(1, 3), st.booleans())
def test_every_element_is_written_where_memory_is_not_cleared(
    monkeypatch: pytest.MonkeyPatch, case: Case, threads: int, placed: bool
) -> None:
    program, x = case
    expected = simulate(program, x, backend="oracle")
    with monkeypatch.context() as patch:
        patch.setattr(results, "np", Littered())
        trace = simulate(program, x, threads=threads, place=laid_out(program, 7) if placed else None)
    for field in ("counts", "output", "synaptic_ops", "updates"):
        for name, array in getattr(expected, field).items():
            np.testing.assert_array_equal(getattr(trace, field)[name], array)


@pytest.mark.parametrize("cores", [None, 7])
@pytest.mark.parametrize("samples", [1, 3, 200])
def test_members_lie_behind_one_another_at_cache_lines(samples: int, cores: int | None) -> None:
    program = layered((30, 20, 10))
    prepared = prepare(program, None if cores is None else laid_out(program, cores))
    results = prepared.new_results(9, samples, spikes=True, state=True)
    names = "counts", "last", "counted", "spikes", "u", "v"
    members = [results.flat(name) for name in names]
    for number, member in enumerate(members):
        assert member.ctypes.data % CACHE_LINE == 0
        member[:] = number + 1
    for number, member in enumerate(members):
        assert (member == number + 1).all()
    found = results.arrays()
    for name, member in zip(names, members, strict=True):
        if name != "counted":
            np.testing.assert_array_equal(np.concatenate([part.ravel() for part in found[name].values()]), member)
    records = members[2].reshape(samples, -1)
    records[:] = np.arange(records.shape[1]) + 1000 * np.arange(samples)[:, None]
    rows = [part for seen in ("updates", "ops", "by_core") for part in found[seen].values()]
    rows = np.concatenate([part.reshape(-1, 9, samples) for part in rows])  # rows of a record one behind the other
    np.testing.assert_array_equal(rows.transpose(2, 0, 1).reshape(samples, -1), records[:, : rows[..., 0].size])
    assert records.shape[1] * 8 % CACHE_LINE == 0


def test_runs_of_other_sizes_in_between_change_nothing() -> None:
    program = layered((30, 20, 10))
    sizes = [(5, 1, ()), (9, 4, EVERYTHING), (5, 1, EVERYTHING), (5, 2, ()), (5, 1, ())]
    found = [simulate(program, an_input(t, b), record=record) for t, b, record in sizes]
    expected = [simulate(layered((30, 20, 10)), an_input(t, b), record=record) for t, b, record in sizes]
    for ours, theirs in zip(found, expected, strict=True):
        for (name, array), (other, right) in zip(arrays(ours), arrays(theirs), strict=True):
            assert name == other
            np.testing.assert_array_equal(array, right)
