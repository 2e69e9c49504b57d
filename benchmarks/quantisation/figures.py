"""What is measured of an integer program: accuracy, operations, and that engine and torch module are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import spikewright.toolchain as sw
from spikewright.exporters.program.program import Program
from spikewright.exporters.quantization import QuantisedNetwork

from .data import images
from .nets import STEPS
from .plain import Case
from .recipes import RECIPES
from .train import logits

PART = 500
"""Images that run at a time."""
ORACLE, STATES = 500, 50
"""Images on which outputs of engine and oracle are compared, and every spike and state of module and oracle."""


def classes_of_float(case: Case, count: int) -> np.ndarray:
    """What the float network says about the first test images."""
    x, _ = images(RECIPES[case.name].data).test
    with torch.no_grad():
        parts = [logits(case.model, rows, RECIPES[case.name].input, STEPS).argmax(1) for rows in x[:count].split(PART)]
    return torch.cat(parts).numpy()


def figures(case: Case, program: Program, floats: np.ndarray) -> dict[str, Any]:
    """Accuracy on the first test images, agreement with `floats`, bits per weight and synaptic operations per image."""
    x, y = (part[: len(floats)] for part in images(RECIPES[case.name].data).test)
    traces = [sw.simulate(program, case.rows(rows), backend="engine") for rows in x.split(PART)]
    found = np.concatenate([trace.predict() for trace in traces])
    operations = sum(int(counts.sum()) for trace in traces for counts in trace.synaptic_ops.values())
    bits = {q.name: q.weights.size * q.weight_bits for q in program.projections}
    return {
        "accuracy": float((found == y.numpy()).mean()),
        "agreement": float((found == floats).mean()),
        "bits_per_weight": sum(bits.values()) / sum(q.weights.size for q in program.projections),
        "synaptic_operations": operations / len(y),
        "program": program.content_hash,
    }


def outputs_that_differ(case: Case, program: Program, count: int = ORACLE) -> int:
    """Output values of the first test images in which engine and oracle differ."""
    x = images(RECIPES[case.name].data).test[0][:count]
    total = 0
    for rows in x.split(PART // 5):
        engine, oracle = (sw.simulate(program, case.rows(rows), backend=name) for name in ("engine", "oracle"))
        total += sum(int((engine.output[name] != oracle.output[name]).sum()) for name in oracle.output)
    return total


def states_that_differ(case: Case, network: QuantisedNetwork, count: int = STATES) -> dict[str, int]:
    """Spikes, currents and membranes of the module's forward pass compared with the oracle's, and those that differ."""
    rows = case.rows(images(RECIPES[case.name].data).test[0][:count])
    oracle = sw.simulate(network.to_program(), rows, backend="oracle", record=("spikes", "state"))
    found = network.run(rows)
    compared = differ = 0
    for name, spikes in oracle.spikes.items():
        for what, expected in {"spikes": spikes, **oracle.state[name]}.items():
            compared += expected.size
            differ += int((found[what][name].numpy().reshape(expected.shape) != expected).sum())
    return {"samples": count, "compared": compared, "differ": differ}
