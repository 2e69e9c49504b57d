"""Numbers on the page carry a unit that fits and are never rounded into a claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikewright.toolchain.reporting import readable


@given(st.integers(1, 10**9), st.data())
def test_a_share_is_whole_only_if_it_is(slots: int, data: st.DataObject) -> None:
    mismatches = data.draw(st.integers(0, slots))
    text = readable.share(1 - mismatches / slots)
    assert (text == "100 %") == (mismatches == 0)
    assert (text == "0 %") == (mismatches == slots)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "50.00 %"), (0.29, "29.00 %"), (0.99999999, "99.99 %"), (1e-9, "under 0.01 %"), (None, "undefined")],
)
def test_shares(value: float | None, text: str) -> None:
    assert readable.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 pJ"), (23.6, "23.6 pJ"), (999.4, "999 pJ"), (999.6, "1 nJ"), (739_000, "739 nJ"), (1e15, "1,000 J")],
)
def test_energies(value: float, text: str) -> None:
    assert readable.energy(value) == text


def test_accuracies_are_rounded_as_measured_values_are_and_shares_are_cut() -> None:
    assert readable.accuracy(0.982367758) == "98.24 %" and readable.share(0.982367758) == "98.23 %"
    assert readable.accuracy(1.0) == "100.00 %"


def test_one_thing_and_more() -> None:
    assert [readable.number_of(n, "core") for n in (0, 1, 1024)] == ["0 cores", "1 core", "1,024 cores"]


def test_an_axis_takes_the_unit_of_its_largest_value() -> None:
    assert readable.unit_for(739_000, readable.ENERGY) == (1e3, "nJ")
    assert readable.unit_for(999.6, readable.TIME) == (1e3, "µs") and readable.unit_for(0.0, readable.TIME) == (1, "ns")


def test_times_counts_and_coefficients() -> None:
    assert [readable.duration(value) for value in (113.0, 8110.4, 12.3e9, None)] == [
        "113 ns",
        "8.11 µs",
        "12.3 s",
        "undefined",
    ]
    assert [readable.count(value) for value in (0.0, 3.44, 12, 25759.4, None)] == [
        "0",
        "3.44",
        "12",
        "25,759",
        "undefined",
    ]
    assert readable.significant(1.16) == "1.16"
    assert readable.label("hop_ew") == "hop east-west" and readable.label("spike") == "spike"
