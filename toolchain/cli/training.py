"""``demo`` and ``train``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..reporting import readable
from . import render
from .options import Json, Quiet, Seed
from .output import emit, say, teller


def demo(
    out: Annotated[str, typer.Option("--out", help="Folder for everything the demo writes.")] = "demo-run",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train, export, lower, run on our executor and on Lava, compare, and price: the main job on real images."""
    from ..demo import run_demo

    content = run_demo(out, tell=teller(quiet), bar=not (quiet or as_json))
    emit(content | {"out": out}, as_json, _render_demo)


def train(
    out: Annotated[str, typer.Option("--out", help="Run folder to write.")] = "run",
    config: Annotated[str, typer.Option("--config", help="TOML file; the demo's recipe if not given.")] = "",
    seed: Seed = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train an excitatory-inhibitory network on scikit-learn's digits, freeze its gain and fine-tune it."""
    from ...models.files import writable_folder
    from ..config import TrainConfig, load_train_config
    from ..runs import MARKER, save_run
    from ..training import train as run_training

    writable_folder(out, MARKER)
    settings = load_train_config(config) if config else TrainConfig()
    if seed >= 0:
        settings = TrainConfig.from_dict(settings.to_dict() | {"seed": seed})
    result = run_training(settings, progress=not (quiet or as_json))
    save_run(result, settings, out)
    content = {"schema_version": 1, "out": out, "config": settings.to_dict(), "metrics": result.metrics}
    emit(content, as_json, _render_training)


def _render_demo(content: dict[str, Any]) -> None:
    render.accuracy(content["accuracy"], content["seeds"])
    render.comparison(content["comparison"])
    render.activity(content["activity"])
    render.costs(content["energy"], content["not_priced"])
    out = content["out"]
    say(f"Written to {out} in {content['seconds']} s: run (networks), export (NIR, program, Lava), test.npz, demo.json")
    say(f"Open {out}/report.html in a browser: spikes, weights, energy, cores, and where float and chip part.")
    say(f"Next: spikewright simulate {out}/export/network.program --data {out}/test.npz")


def _render_training(content: dict[str, Any]) -> None:
    exact, frozen = (readable.accuracy(content["metrics"][name]) for name in ("accuracy", "frozen_accuracy"))
    say(f"test accuracy: exact {exact}, frozen {frozen}")
    say(f"Written to {content['out']}. Next: spikewright export {content['out']} --out exported")
