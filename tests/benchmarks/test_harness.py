"""The benchmarks run from end to end in small, on equal networks, and their page shows what was measured."""

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # the benchmarks are run from the top of the repository, and not installed

from benchmarks import ours  # noqa: E402
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.casefile import read_case, write_case  # noqa: E402
from benchmarks.contest import Effort, open_ours  # noqa: E402
from benchmarks.entries import Entry, among_ours, ratios  # noqa: E402
from benchmarks.measure import Contestant, Worker, interleave, ratio, spread  # noqa: E402
from benchmarks.peers import LAVA, NORSE, SNNTORCH, interpreter  # noqa: E402
from benchmarks.reference import run_reference  # noqa: E402
from benchmarks.rivals import matches, open_rivals  # noqa: E402
from benchmarks.search import Search  # noqa: E402
from benchmarks.targets import targets_lines  # noqa: E402
from benchmarks.workloads import RATE, Convolution, Spec, build  # noqa: E402
from spikewright.toolchain import simulate  # noqa: E402

SMALL = Spec("small", steps=20, input_rate=0.2, samples=30, shape=(60,), layers=(40, 10))
WINDOWS = Spec("windows", 10, 0.2, 10, shape=(2, 9, 8), layers=(Convolution(4, 2), Convolution(3), 6))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    return build(SMALL, tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def windowed(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    return build(WINDOWS, tmp_path_factory.mktemp("windows"))


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
    for p, layer in zip(program.populations, case.layers, strict=True):
        assert p.vth == layer.vth and 0.8 * RATE < trace.rate(p.name) <= RATE


@pytest.mark.torch
@pytest.mark.parametrize("which", ["built", "windowed"])
def test_the_reference_counts_what_the_oracle_counts(which: str, request: pytest.FixtureRequest) -> None:
    case, program = request.getfixturevalue(which)
    found = run_reference(case, program.populations, 5)
    trace = simulate(program, case.x[:, :5], backend="oracle")
    assert found.spikes == [int(trace.counts[p.name].sum()) for p in program.populations]
    assert found.rates == pytest.approx([trace.rate(p.name) for p in program.populations])
    assert found.synaptic_ops == sum(ops.sum() for ops in trace.synaptic_ops.values()) / 5


def test_a_case_is_the_same_after_reading_and_from_the_same_seed(built, tmp_path: Path) -> None:
    case, program = built
    again, same = build(SMALL, tmp_path)
    write_case(again)
    read = read_case(tmp_path)
    assert same.content_hash == program.content_hash
    assert (read.x == case.x).all() and read.dv == case.dv


def test_layers_are_the_same_after_reading(windowed) -> None:
    case, program = windowed
    read, shape = read_case(case.folder), case.x.shape[2:]
    for a, b, p in zip(read.layers, case.layers, program.populations, strict=True):
        assert (a.weights == b.weights).all() and a.weights.dtype == b.weights.dtype
        assert (a.kind, a.vth, a.stride, a.padding) == (b.kind, b.vth, b.stride, b.padding)
        shape = a.shape(shape)
        assert shape == p.shape
    assert (read.x == case.x).all()


def test_batches_cover_the_first_samples_once_and_in_order(built) -> None:
    case, _ = built
    batches = case.batches(samples=23, batch=10)
    assert [b.shape[1] for b in batches] == [10, 10, 3]
    assert (np.concatenate(batches, axis=1) == case.x[:, :23]).all()


@pytest.mark.torch
def test_every_form_of_snntorch_gives_nearly_our_spikes_and_all_the_same(windowed) -> None:
    case, program = windowed
    effort = Effort(single_rows=100, batches=(1, 4), search_rows=20, local=True)
    reference = run_reference(case, program.populations, effort.single(WINDOWS))
    with ExitStack() as stack:
        open_ours(case, "oracle", reference, effort.single(WINDOWS), stack)
        (rival,), not_run = open_rivals((SNNTORCH, NORSE), case, effort, WINDOWS, reference, (1,), stack)
        assert rival.matched and not_run.keys() == {"Norse"} and "not installed here" in not_run["Norse"]
        assert len(rival.spikes) == 5 and len({tuple(counts) for counts in rival.spikes.values()}) == 1
        assert rival.lone_forms()[0] == "documented" and rival.batched(1)[0][1] in (1, 4)
        told = rival.worker.ask("versions", packages=["snntorch", "absent"])
        assert told.keys() >= {"python", "snntorch", "cpu_capability"}


def test_another_network_is_not_matched_and_ours_has_to_be_equal(built) -> None:
    case, program = built
    reference = run_reference(case, program.populations, 5)
    assert matches([round(1.005 * n) for n in reference.spikes], reference.spikes)
    assert not matches([reference.spikes[0], 2 * reference.spikes[1]], reference.spikes)
    other = replace(reference, spikes=[reference.spikes[0] + 1, reference.spikes[1]])
    with ExitStack() as stack, pytest.raises(RuntimeError, match="the reference"):
        open_ours(case, "oracle", other, 5, stack)


@pytest.mark.lava
def test_lava_has_exactly_our_spikes_and_a_clock_for_its_processes(built) -> None:
    case, program = built
    with Worker(LAVA.module, case.folder, interpreter(LAVA)) as lava:
        options = {"form": "fixed_pt", "samples": 2, "batch": 1, "threads": 1}
        assert lava.ask("count", **options) == run_reference(case, program.populations, 2).spikes
        assert min(lava.ask("time", **options).values()) >= 0


def test_the_search_finds_the_fastest_form_batch_and_modifier() -> None:
    class Machine:
        def ask(self, do: str, **options: object) -> dict[str, float]:
            form, batch = str(options["form"]), int(str(options["batch"]))
            seconds = {"documented": 3.0, "lean": 2.0, "multistep": 4.0}[form.split(",")[0]]
            seconds *= (0.5 if "bf16" in form else 1.0) * (1 + abs(batch - 10) / 10)
            return {"cpu_s": seconds * int(str(options["samples"])), "wall_s": seconds}

    search = Search(SNNTORCH, Machine(), (1, 10, 100), 5, SNNTORCH.modifiers)  # type: ignore[arg-type]
    search.on(1)
    search.on(2)
    assert (search.best()["form"], search.best()["batch"]) == ("lean, bf16 products", 10)
    assert search.best(batch=1)["form"] == "lean, bf16 products"
    assert {x["threads"] for x in search.tried} == {1, 2} and search.best(2)["threads"] == 2


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
    entries = [Entry("best batch", c, "cpu") for c in (replace(a, name="spikewright"), b)]
    (against,) = ratios(entries)
    assert (against["peer"], against["ours"], against["median"]) == ("b", "a", 4.0)
    assert spread([3.0, 1.0, 2.0, 9.0]) == {"median": 2.5, "min": 1.0, "max": 9.0, "n": 4}


def test_ours_is_compared_with_itself_in_rounds_of_its_own() -> None:
    def entry(form: str, threads: int, *seconds: float) -> Entry:
        options = {"form": form, "batch": 1, "samples": 10, "threads": threads}
        return Entry("best batch", Contestant("spikewright", Clock(*seconds), options), "cpu")

    entries = [entry("a", 1, 4.0, 4.0, 4.0, 4.0), entry("a", 2, 2.0, 4.0), entry("a counted by core", 1, 6.0, 5.0)]
    found = among_ours(entries, 2)
    ((scaling,), (counting,)) = found["scaling"], found["counting"]
    assert (scaling["median"], scaling["n"], scaling["over_threads"]) == (1.5, 2, 2)
    assert (counting["median"], counting["min"], counting["max"]) == (1.375, 1.25, 1.5)
    assert not any(own.contestant.times for own in entries)
    many = replace(entries[0].contestant, options=entries[0].contestant.options | {"samples": 10_000})
    assert Entry("best batch", many, "cpu").in_short().options["samples"] == 5_000
    assert among_ours(entries[:1], 2) == {"scaling": [], "counting": []}


@pytest.mark.torch
def test_the_command_writes_json_and_a_page_that_shows_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--backend", "oracle", "--results", str(tmp_path)]
    done = subprocess.run([*command, "--tiny", "w5", "startup"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "README.md").read_text()
    main(["--tables", "--results", str(tmp_path)])
    assert (tmp_path / "README.md").read_text() == page
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
    assert case["not_run"].keys() == {"SpikingJelly", "Norse", "Sinabs"}
    assert case["scaling"][0]["over_threads"] == 2 and case["counting"][0]["over"] == "oracle"


def test_targets_are_judged_by_the_worst_case() -> None:
    def case(steps: int, *medians: float) -> dict:
        same = {"peer": "snnTorch", "ours": "engine", "against": "one sample", "threads": 1}
        return {"steps": steps, "ratios": [same | {"median": m} for m in medians], "rows": [], "counting": []}

    results = {"w1": {"cases": [case(10, 1.0, 1.0), case(100, 350.0, 110.0), case(100, 400.0, 90.0)]}}
    lines = [line for line in targets_lines(results) if "single sample, T = 100: snnTorch" in line]
    assert [line.split(" | ")[3:] for line in lines] == [["350 x", "goal |"], ["90 x", "missed |"]]
