"""The benchmarks run from end to end in small, on equal networks, and their page shows what was measured."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # the benchmarks are run from the top of the repository, and not installed

from benchmarks import ours  # noqa: E402
from benchmarks.casefile import read_case, write_case  # noqa: E402
from benchmarks.contest import agree  # noqa: E402
from benchmarks.measure import Contestant, Worker, interleave, ratio, spread  # noqa: E402
from benchmarks.peers import SNNTORCH  # noqa: E402
from benchmarks.workloads import RATE, Spec, build  # noqa: E402
from spikewright.toolchain import simulate  # noqa: E402

SMALL = Spec("small", steps=20, input_rate=0.2, samples=30, sizes=(60, 40, 10))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    return build(SMALL, tmp_path_factory.mktemp("case"))


class Clock:
    """A contestant whose every run takes as long as it was told."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = iter(seconds)
        self.orders: list[str] = []

    def ask(self, do: str, **options: object) -> dict[str, float]:
        self.orders.append(do)
        now = next(self.seconds)
        return {"cpu_s": now, "wall_s": 2 * now}


def contestant(name: str, *seconds: float) -> Contestant:
    return Contestant(name, Clock(*seconds), {"form": name, "batch": 1, "samples": 10, "threads": 1})


def test_every_layer_fires_at_the_calibrated_rate_or_a_little_below(built) -> None:
    case, program = built
    trace = simulate(program, case.x[:, :16], backend="oracle")
    for p, vth in zip(program.populations, case.vth, strict=True):
        assert p.vth == vth and 0.8 * RATE < trace.rate(p.name) <= RATE


def test_a_case_is_the_same_after_reading_and_from_the_same_seed(built, tmp_path: Path) -> None:
    case, program = built
    again, same = build(SMALL, tmp_path)
    write_case(again)
    read = read_case(tmp_path)
    assert same.content_hash == program.content_hash
    assert (read.x == case.x).all() and (read.vth, read.dv) == (case.vth, case.dv)
    assert all((a == b).all() for a, b in zip(read.weights, case.weights, strict=True))


def test_batches_cover_the_first_samples_once_and_in_order(built) -> None:
    case, _ = built
    batches = case.batches(samples=23, batch=10)
    assert [b.shape[1] for b in batches] == [10, 10, 3]
    assert (np.concatenate(batches, axis=1) == case.x[:, :23]).all()


@pytest.mark.torch
def test_every_form_of_snntorch_gives_nearly_our_spikes_and_all_the_same(built) -> None:
    case, program = built
    with Worker(ours.__name__, case.folder) as we, Worker(SNNTORCH.module, case.folder) as they:
        spikes = agree(case, program, we, they, SNNTORCH, SMALL.samples, "oracle")["spikes_per_layer"]
        assert sum(spikes["spikewright"]) > 1000
        assert len({tuple(counts) for counts in spikes["snnTorch"].values()}) == 1
        assert they.ask("versions", packages=["snntorch", "absent"]).keys() >= {"python", "snntorch", "cpu_capability"}


@pytest.mark.torch
def test_another_network_is_no_peer(built, tmp_path: Path) -> None:
    case, program = built
    build(Spec("other", steps=20, input_rate=0.2, samples=30, sizes=(60, 40, 10), seed=1), tmp_path)
    different = pytest.raises(RuntimeError, match="not the same network")
    with Worker(ours.__name__, case.folder) as we, Worker(SNNTORCH.module, tmp_path) as they, different:
        agree(case, program, we, they, SNNTORCH, SMALL.samples, "oracle")


def test_a_contestant_that_dies_is_told_of(built) -> None:
    case, _ = built
    with Worker(ours.__name__, case.folder) as we, pytest.raises(RuntimeError, match="ended with code 1 at time"):
        we.ask("time", form="no such backend", batch=1, samples=1, threads=1)


def test_contestants_take_turns_and_are_compared_round_by_round() -> None:
    a, b = contestant("a", 1.0, 2.0, 3.0), contestant("b", 4.0, 16.0, 6.0)
    interleave([a, b], 2)
    assert len(a.times) == len(b.times) == 2
    interleave([a, b], 1)
    found = ratio(b, a, "cpu")
    assert (found["median"], found["min"], found["max"], found["n"]) == (4.0, 2.0, 8.0, 3)
    row = a.row(events_per_sample=50.0)
    assert row["cpu_ms_per_sample"]["median"] == 200.0 and row["wall_ms_per_sample"]["median"] == 400.0
    assert row["events_per_cpu_s"] == 250.0
    assert spread([3.0, 1.0, 2.0, 9.0]) == {"median": 2.5, "min": 1.0, "max": 9.0, "n": 4}


@pytest.mark.torch
def test_the_command_writes_json_and_a_page_that_shows_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--backend", "oracle", "--results", str(tmp_path)]
    done = subprocess.run([*command, "--only", "w5", "startup"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "startup.json", "w5.json"]
    lines = (tmp_path / "README.md").read_text().splitlines()
    w5, startup = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("w5", "startup"))
    (case,) = w5["cases"]
    assert {r["against"] for r in case["ratios"]} == {"one sample", "best batch"}
    for row in case["rows"]:
        shown = (
            f"{row['cpu_ms_per_sample']['median']:.3g} (",
            f"{row['contestant']}, {row['form']} | {row['batch']} | {row['threads']} |",
            row["against"],
        )
        assert any(all(part in x for part in shown) for x in lines), shown
    for one in case["ratios"]:
        assert any(f"{one['median']:.3g} ({one['min']:.3g} to {one['max']:.3g}) |" in x for x in lines)
    assert any(f"| {startup['first_start']['wall_s']:.3g} |" in x for x in lines)
    assert w5["conditions"]["processor"] and w5["conditions"]["versions"].keys() == {"spikewright", "snnTorch"}
