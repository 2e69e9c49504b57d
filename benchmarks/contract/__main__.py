"""``python -m benchmarks.contract``: four networks on the oracle and on Lava, and how many spikes differ."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch

import spikewright.toolchain as sw
from spikewright.exporters.program.program import Program
from spikewright.models.files import atomic_file
from spikewright.toolchain.config import TrainConfig
from spikewright.toolchain.data.samples import load_samples
from spikewright.toolchain.training import train

from ..conditions import ROOT, conditions
from .images import load_mnist
from .nets import ConvNet, ResidualNet, encoded, trained
from .table import page

RESULTS = ROOT / "benchmarks" / "results"
BRAILLE = "braille_noDelay_bias_zero.nir"
BRAILLE_STEPS, BRAILLE_RATE = 60, 0.15


class Case(NamedTuple):
    """A program with the rows (T, B, ...) that it is fed, their classes where known, and what it is."""

    program: Program
    x: np.ndarray
    y: np.ndarray | None
    what: str


def main() -> None:
    """Measure, write the JSON and the page."""
    options = _parser().parse_args()
    rows = []
    for name in options.only:
        print(f"{name} ...", file=sys.stderr)
        rows.append({"name": name} | _judge(CASES[name](options.samples)))
    content = {"conditions": conditions(), "networks": rows}
    options.results.mkdir(parents=True, exist_ok=True)
    _write(options.results / "contract.json", json.dumps(content, indent=1) + "\n")
    _write(options.results / "CONTRACT.md", page(content))
    print(f"wrote {options.results / 'CONTRACT.md'}")


def _judge(case: Case) -> dict[str, Any]:
    begin = perf_counter()
    oracle = sw.simulate(case.program, case.x, backend="oracle", record=("spikes",))
    between = perf_counter()
    lava = sw.simulate(case.program, case.x, backend="lava", record=("spikes",))
    differ = {n: int((oracle.spikes[n] != lava.spikes[n]).sum()) for n in oracle.spikes}
    found = {
        "what": case.what,
        "steps": oracle.steps,
        "samples": oracle.samples,
        "populations": {p.name: p.kind for p in case.program.populations},
        "projections": {q.name: q.kind for q in case.program.projections},
        "neurons": sum(p.size for p in case.program.populations),
        "synapses": sum(case.program.synapses(q).weight.size for q in case.program.projections),
        "spikes": {n: int(np.abs(s).sum()) for n, s in oracle.spikes.items()},
        "spikes_that_differ": differ,
        "outputs_equal": all(np.array_equal(oracle.output[n], lava.output[n]) for n in oracle.output),
        "oracle_s": round(between - begin, 1),
        "lava_s": round(perf_counter() - between, 1),
        "versions": lava.versions,
    }
    if case.y is not None:
        found["right"] = int((oracle.predict() == case.y).sum())
    return found


def _images(network: type[torch.nn.Module], what: str) -> Callable[[int], Case]:
    def case(samples: int) -> Case:
        model = trained(network)
        x, y = load_mnist("t10k", samples)
        rows = encoded(torch.from_numpy(x))
        graph, _ = sw.to_nir(model, rows[:, :1])
        return Case(sw.lower(graph, calibration=rows.numpy()), rows.numpy(), y, what)

    return case


def _braille(samples: int) -> Case:
    graph = sw.read_nir(ROOT.parent / "shared" / "data" / "nir" / BRAILLE)
    shape = next(node.input_type["input"] for node in graph.nodes.values() if type(node).__name__ == "Input")
    rng = np.random.default_rng(0)
    x = (rng.random((BRAILLE_STEPS, samples, *map(int, shape))) < BRAILLE_RATE).astype(np.uint8)
    return Case(sw.lower(graph, calibration=x), x, None, "recurrent CubaLIF network of the NIR paper, random spikes")


def _divided(samples: int) -> Case:
    result = train(TrainConfig(), progress=False)
    data = load_samples("digits", result.model.config.steps, samples)
    what = "E-I circuits on scikit-learn's digits, divided on the chip by a look-up of 3 bits"
    graph, _ = sw.to_nir(result.model, torch.from_numpy(np.asarray(data.calibration, np.float32)))
    return Case(sw.lower(graph, calibration=data.calibration, ei="dynamic"), data.x, data.y, what)


CASES: dict[str, Callable[[int], Case]] = {
    "mnist_convolutions": _images(ConvNet, "three convolutions with pooling, MNIST"),
    "residual": _images(ResidualNet, "two layers added in front of a third, MNIST"),
    "braille": _braille,
    "divided": _divided,
}


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contract", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    return parser


if __name__ == "__main__":
    main()
