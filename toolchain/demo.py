"""The main job from end to end on real input: train, freeze, export, lower, run, compare, price."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ..exporters.program.trace import Trace
from ..models.files import atomic_folder, writable_folder
from ..simulators.pricing import price
from ..simulators.run import simulate
from .comparison.chain import Comparison, compare
from .config import TrainConfig
from .data.samples import Samples, load_samples
from .describe import (
    describe_activity,
    describe_comparison,
    describe_costs,
    describe_losses,
    provenance,
    spread,
)
from .exporting import write_export, write_json
from .placing import Placements, place_all
from .reporting import report
from .runs import save_run
from .sources import Source, network_source
from .training import TrainResult, train

MARKER = "demo.json"
TEST_FILE = "test.npz"
"""The encoded test set, so that other programs can run on it too."""
SEEDS = (0, 1, 2)
COMPARED_SAMPLES = 100


def run_demo(
    out: str | Path, seeds: tuple[int, ...] = SEEDS, tell: Callable[[str], None] = lambda text: None, bar: bool = False
) -> dict[str, Any]:
    """Run the demo and write its folder: networks, NIR file, program, Lava folder, report and ``demo.json``.

    Parameters
    ----------
    out : path
        Folder to write; an earlier demo there is replaced.
    seeds : tuple of int
        Seeds of training; the first one's network is exported, compared and priced.
    tell : callable
        Called with one sentence before every stage.
    bar : bool
        Show Lightning's progress bar.

    Returns
    -------
    dict
        The content of ``demo.json``.
    """
    start = perf_counter()
    writable_folder(out, MARKER)  # told before the minutes of training
    config = TrainConfig(seed=seeds[0])
    first, accuracy = _train_all(seeds, tell, bar)
    source = _source(first, config)
    samples = load_samples(config.data, config.network.steps, encode=config.encoder)
    program = source.program(samples.calibration)
    tell(f"running the integer program on {samples.x.shape[1]} test images")
    placements = place_all(program)
    trace = simulate(program, samples.x, record=("spikes",), place=placements.counted)
    comparison = compare(
        source,
        samples.x[:, :COMPARED_SAMPLES],
        calibration=samples.calibration,
        allow_missing=True,
        progress=lambda target: tell(f"comparing {COMPARED_SAMPLES} test images: {target}"),
    )
    content = {
        "schema_version": 1,
        "command": "spikewright demo",
        "data": samples.name,
        "config": config.to_dict(),
        "seeds": list(seeds),
        "accuracy": accuracy,
        "comparison": describe_comparison(comparison),
        "activity": describe_activity(trace, program),
        **describe_costs(trace, placements),
        "program_hash": program.content_hash,
        "losses": describe_losses([*source.losses, *program.losses]),
        "provenance": provenance(),
    }
    with atomic_folder(out, MARKER) as folder:
        save_run(first, config, folder / "run")
        write_export(source, program, folder / "export")
        np.savez_compressed(folder / TEST_FILE, x=samples.x, y=samples.y)
        _write_report(trace, placements, comparison, samples, out, folder)
        content["seconds"] = round(perf_counter() - start, 1)
        write_json(content, folder / MARKER)
    return content


def _train_all(
    seeds: tuple[int, ...], tell: Callable[[str], None], bar: bool
) -> tuple[TrainResult, dict[str, dict[str, Any]]]:
    """Train every seed on both splits; the first seed's network, and the accuracies over the seeds."""
    results, rows = [], []
    for seed in seeds:
        tell(f"training with seed {seed}")
        result, row = _train(TrainConfig(seed=seed), bar)
        tell(f"training with seed {seed} on other writers than those of the test")
        _, other = _train(TrainConfig(seed=seed, split="writer"), bar)
        results.append(result)
        rows.append(row | {f"writer_disjoint_{name}": value for name, value in other.items()})
    return results[0], {name: spread([row[name] for row in rows]) for name in rows[0]}


def _write_report(
    trace: Trace, placements: Placements, comparison: Comparison, samples: Samples, out: str | Path, folder: Path
) -> None:
    place = placements.counted
    page = report(
        trace,
        price(trace, place) if place else None,
        comparison,
        command=shlex.join(["spikewright", "demo", "--out", str(out)]),
        title="The demo's network",
        data=samples.name,
        labels=samples.y,
    )
    page.save(folder / "report.html")
    write_json(page.content, folder / "report.json")


def _train(config: TrainConfig, bar: bool) -> tuple[TrainResult, dict[str, float]]:
    """Train once; accuracies of the exact, the frozen and the integer network on the whole test set."""
    result = train(config, progress=bar)
    samples = load_samples(config.data, config.network.steps, encode=config.encoder)
    trace = simulate(_source(result, config).program(samples.calibration), samples.x)
    return result, {
        "exact": result.metrics["accuracy"],
        "frozen": result.metrics["frozen_accuracy"],
        "integer": float((trace.predict() == samples.y).mean()),
    }


def _source(result: TrainResult, config: TrainConfig) -> Source:
    return network_source(f"demo, seed {config.seed}", result.model, result.frozen, config.data, config.encoder)
