"""The main job from end to end on real input: train, freeze, export, lower, run, compare, price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from ..models.files import atomic_folder
from ..simulators.run import simulate
from .comparison.chain import compare
from .config import TrainConfig
from .data.samples import load_samples
from .describe import (
    describe_activity,
    describe_comparison,
    describe_energies,
    describe_losses,
    provenance,
    spread,
)
from .exporting import write_export, write_json
from .runs import save_run
from .sources import Source, network_source
from .training import TrainResult, train

MARKER = "demo.json"
SEEDS = (0, 1, 2)
COMPARED_SAMPLES = 100


def run_demo(
    out: str | Path, seeds: tuple[int, ...] = SEEDS, tell: Callable[[str], None] = lambda text: None, bar: bool = False
) -> dict[str, Any]:
    """Run the demo and write its folder: networks, NIR file, program, Lava folder and ``demo.json``.

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
    rows = []
    for seed in seeds:
        tell(f"training with seed {seed}")
        result, row = _train(TrainConfig(seed=seed), bar)
        tell(f"training with seed {seed} on other writers than those of the test")
        _, other = _train(TrainConfig(seed=seed, split="writer"), bar)
        rows.append(row | {f"writer_disjoint_{name}": value for name, value in other.items()})
        if seed == seeds[0]:
            source, config = _source(result, TrainConfig(seed=seed)), TrainConfig(seed=seed)
            first = result
    samples = load_samples(config.data, config.network.steps)
    program = source.program(samples.calibration)
    tell(f"running the integer program on {samples.x.shape[1]} test images")
    trace = simulate(program, samples.x)
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
        "accuracy": {name: spread([row[name] for row in rows]) for name in rows[0]},
        "comparison": describe_comparison(comparison),
        "activity": describe_activity(trace, program),
        "energy": describe_energies(trace, program),
        "program_hash": program.content_hash,
        "losses": describe_losses([*source.losses, *program.losses]),
        "provenance": provenance(),
    }
    with atomic_folder(out, MARKER) as folder:
        save_run(first, config, folder / "run")
        write_export(source, program, folder / "export")
        content["seconds"] = round(perf_counter() - start, 1)
        write_json(content, folder / MARKER)
    return content


def _train(config: TrainConfig, bar: bool) -> tuple[TrainResult, dict[str, float]]:
    """Train once; accuracies of the exact, the frozen and the integer network on the whole test set."""
    result = train(config, progress=bar)
    samples = load_samples(config.data, config.network.steps)
    trace = simulate(_source(result, config).program(samples.calibration), samples.x)
    return result, {
        "exact": result.metrics["accuracy"],
        "frozen": result.metrics["frozen_accuracy"],
        "integer": float((trace.predict() == samples.y).mean()),
    }


def _source(result: TrainResult, config: TrainConfig) -> Source:
    return network_source(f"demo, seed {config.seed}", result.model, result.frozen, config.data)
