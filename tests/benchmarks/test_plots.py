"""The plots: arithmetic of the roofs, points of the sweeps, and pictures from the numbers alone."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.plots import pictures, section
from benchmarks.plots.layers import EVENTS, STEPS, Point, build, measure
from benchmarks.plots.roofs import Roofs, measure_roofs
from benchmarks.plots.sweeps import sweeps, threads_of

ROOT = Path(__file__).parents[2]
ROOFS = Roofs(1, (1 << 12, 1 << 16, 1 << 20), (64e9, 16e9, 4e9), 50e9, 2e12)


def check_pictures(result: dict, lines: list[str], folder: Path) -> None:
    drawn = dict(pictures(result))
    assert len(drawn) == 4 * len(result["variants"])
    for file, content in drawn.items():
        assert (folder / file).read_text() == content and any(f"]({file})" in line for line in lines)
        ElementTree.fromstring(content)


def test_a_byte_takes_as_long_as_reading_it_from_where_the_weights_lie() -> None:
    assert ROOFS.memory_ns(1 << 16) == pytest.approx(1 / 16)
    assert ROOFS.memory_ns(1 << 18) == pytest.approx(1 / 8)  # halfway on both scales
    assert ROOFS.memory_ns(100) == pytest.approx(1 / 64)
    assert ROOFS.memory_ns(1 << 30) == pytest.approx(1 / 4)
    assert ROOFS.compute_ns() == pytest.approx(1 / 50)


def test_products_that_are_no_events_are_paid_for_by_those_that_are() -> None:
    assert ROOFS.product_ns(1.0) == pytest.approx(1 / 2000)
    assert ROOFS.product_ns(0.01) == pytest.approx(1 / 20)


def test_roofs_are_measured_at_every_size_and_told_as_they_are() -> None:
    found = measure_roofs(1, (1 << 12, 1 << 14))
    assert len(found.bytes_per_s) == 2 and min(found.bytes_per_s) > 1e8 and found.additions_per_s > 1e8
    assert Roofs(**json.loads(json.dumps(found.told()))) == found


@pytest.mark.parametrize("point", [Point("dense", 50, 0.2), Point("convolution", 3, 0.2)])
def test_a_point_counts_the_events_of_its_input(point: Point) -> None:
    found = measure(point, build(point), 1)
    inputs = point.samples * STEPS * np.prod(point.shape)
    border = 1 if point.kind == "dense" else (46 / 48) ** 2  # a kernel of 3 misses two taps on either side of 16
    zeros = 127 / 128  # some weights are drawn as 0, which is no synapse
    assert found["events"] == pytest.approx(0.2 * inputs * point.fan_out * border * zeros, rel=0.05)
    assert 0 < found["output_rate"] < 0.5 and found["cpu_ns"] > 0 and found["wall_ns"] > 0


def test_samples_stay_below_what_a_point_may_take() -> None:
    large = Point("dense", 8192, 1.0)
    assert large.samples == 1 and Point("dense", 64, 0.1).samples == 100 and Point("dense", 64, 0.1, 7).samples == 7
    middle = Point("dense", 1024, 1.0)
    assert middle.samples * STEPS * 1024 * 1024 <= EVENTS


def test_threads_are_powers_of_two_and_all_cores() -> None:
    assert [threads_of(cores) for cores in (1, 2, 6, 16)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8, 16]]


def test_every_sweep_varies_its_quantity_alone() -> None:
    fixed = {"rate": "size", "size": "rate", "batch": "rate", "threads": "rate"}
    for name, points in sweeps(False, [1, 2]).items():
        curves: dict = {}
        for point in points:
            curves.setdefault((point.kind, getattr(point, fixed[name])), []).append(point)
        assert len(curves) == 6
        for curve in curves.values():
            values = [getattr(point, name) for point in curve]
            assert values == sorted(set(values)) and len(values) > 1


def test_the_command_measures_and_pictures_show_every_curve_and_roof(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "plots", "--tiny", "--rounds", "1", "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "plots.json").read_text())
    lines = list(section(result))
    page = (tmp_path / "README.md").read_text().splitlines()
    assert lines and all(line in page for line in "\n".join(lines).splitlines())
    check_pictures(result, lines, tmp_path)
    for found in result["variants"].values():
        found["roofs"] = [roofs | {"products_per_s": 2e12} for roofs in found["roofs"]]
    assert all("roof: products of tiles" in content for _, content in pictures(result))
