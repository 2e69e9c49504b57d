"""Every thread works with tables and a workspace of its own."""

import numpy as np
import pytest

from samples import layered
from spikewright.simulators.engine import prepared
from spikewright.simulators.engine.laying import Laid
from spikewright.simulators.engine.memory import predict_memory
from spikewright.simulators.engine.prepared import Desk, Prepared
from spikewright.simulators.engine.shapes import CACHE_LINE
from spikewright.simulators.engine.tables import bytes_of


def lines(laid: Laid) -> set[int]:
    """Lines of the cache that the arrays of tables or a workspace lie on."""
    found: set[int] = set()
    for array in laid.arrays:
        if isinstance(array, np.ndarray) and array.size:
            first = array.ctypes.data
            found |= set(range(first // CACHE_LINE, (first + array.nbytes - 1) // CACHE_LINE + 1))
    return found


def two_desks() -> tuple[Prepared, Desk, Desk]:
    own = Prepared(layered((300, 200, 100)), None)
    return own, own.take_desk(12), own.take_desk(12)


def test_two_threads_share_no_line_of_the_cache() -> None:
    _, one, two = two_desks()
    assert not lines(one.workspaces[0]) & lines(two.workspaces[0])
    assert not lines(one.tables) & lines(two.tables)
    for ours, theirs in zip(one.tables.arrays, two.tables.arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for array in (*two.tables.arrays, *one.workspaces[0].arrays, *two.workspaces[0].arrays):
        if isinstance(array, np.ndarray) and array.size:
            assert array.ctypes.data % CACHE_LINE == 0


def test_what_is_given_back_is_taken_again() -> None:
    own, one, two = two_desks()
    own.give_back(two, 12)
    own.give_back(one, 12)
    again = own.take_desk(12)
    assert again.tables is one.tables and again.workspaces is one.workspaces
    other = own.take_desk(9)
    assert other.tables is two.tables and other.workspaces is not two.workspaces


def test_large_tables_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    program = layered((300, 200, 100))
    copied = predict_memory(program, 12, 50, threads=3)
    monkeypatch.setattr(prepared, "NEAR", 0)
    own, one, two = two_desks()
    assert one.tables is two.tables
    own.give_back(one, 12)
    own.give_back(two, 12)
    assert own.take_desk(12).tables is one.tables
    assert copied.workspaces - 2 * bytes_of(own.tables) == 3 * predict_memory(program, 12, 50, threads=1).workspaces
