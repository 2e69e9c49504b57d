"""The written contract names every kind that the code has, and prints its table."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from spikewright.exporters.program.population import PopulationKind, Reset
from spikewright.exporters.program.ports import InputKind, Readout
from spikewright.exporters.program.projection import ProjectionKind
from spikewright.simulators.neurons import reciprocals

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "numeric-contract.md").read_text()


def test_every_kind_has_its_place() -> None:
    headings = set(re.findall(r"\w+", " ".join(re.findall(r"^### (.*)$", CONTRACT, re.MULTILINE))))
    assert headings.issuperset({*get_args(PopulationKind), *get_args(ProjectionKind)})
    assert set(re.findall(r"^\| input `(\w+)`", CONTRACT, re.MULTILINE)) == set(get_args(InputKind))
    assert set(re.findall(r"^    (spike_count|membrane) ", CONTRACT, re.MULTILINE)) == set(get_args(Readout))
    assert all(f"reset {name}" in CONTRACT or f"reset = {name}" in CONTRACT for name in get_args(Reset))


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"\S+/test_\w+\.py", CONTRACT)
    assert named and all((ROOT / "tests" / name).is_file() for name in named)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_reciprocals_are_those_of_the_middles(bits: int) -> None:
    (printed,) = re.findall(rf"^ +R_{bits} = ([\d ]+)$", CONTRACT, re.MULTILINE)
    middles = [1 + (m + Fraction(1, 2)) / 2**bits for m in range(2**bits)]
    assert [int(n) for n in printed.split()] == [round(4096 / middle) for middle in middles]
    assert reciprocals(bits).tolist() == [round(4096 / middle) for middle in middles]
