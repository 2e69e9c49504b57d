"""The page of this benchmark's results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import mean
from textwrap import fill
from typing import Any

from .coarse import TRAINING
from .data import CALIBRATION
from .plain import SAMPLES
from .train import TUNED_EPOCHS

Run = dict[str, Any]
WIDTH = 120

_HEAD = """# Quantisation on MNIST, and divisive inhibition in integers

Made by `make quantisation` (measured). T = 8 time steps, LIF neurons with tau = 2, reset to zero, learned thresholds;
a readout's membrane sums over time. The last 5,000 training images of MNIST (200 of the digits) chose recipes and bit
widths; the test images chose nothing, and every figure is that of the last epoch. Points are percentage points of
accuracy on the test images; a mean is over the seeds, which stand in brackets in their order.
"""

_PLAIN = """Float reference: {float}. Points: integers minus float of the same seed. Trained: one pass of
quantisation-aware training over the first {samples:,} training images, toward the float network's logits; all else is
post-training."""
_PLAIN_COLUMNS = """
| way | accuracy | points against float | same class as float | bits per weight | synaptic operations per image |
|---|---|---|---|---|---|
"""

_DIVISIVE = """Points: against the exact float circuit of the same seed, which divides. In the dimmed copy every test
image is multiplied by its own factor, uniform from 0.1 to 1. Coefficient of variation of the divisor over {calibration}
training images, mean over neurons and seeds: {cv}. Epochs that the fine-tuned and the annealed networks trained on:
{tuned}. Passes of quantisation-aware training of the ternary weights: {epochs}, over {samples:,} images."""
_DIVISIVE_COLUMNS = """
| way | clean | points | dimmed | points | same class as exact: clean | dimmed | spikes that differ: clean | dimmed |
|---|---|---|---|---|---|---|---|---|
"""

_TITLES = {
    "mlp": "Perceptron 784-256-256-10, rate-coded spikes, a threshold per neuron",
    "cnn": "Convolutional network, rate-coded spikes, a threshold per channel",
    "ei_digits": "E-I circuits 64-128-64-10 on scikit-learn's digits, intensities in every step",
    "ei_mnist": "E-I circuits 784-256-128-10 on MNIST, intensities in every step",
}


def page(content: dict[str, Any]) -> str:
    """Markdown of `content`, as ``quantisation.json`` holds it."""
    networks = list(dict.fromkeys(run["network"] for run in content["runs"]))
    parts = [_HEAD]
    for network in networks:
        runs = [run for run in content["runs"] if run["network"] == network]
        parts.append(_divisive(network, runs) if "divisor_cv" in runs[0] else _plain(network, runs))
    return "".join(parts) + _foot(content)


def _section(network: str, about: str) -> str:
    return f"\n## {_TITLES[network]}\n\n{fill(about, WIDTH, break_on_hyphens=False)}\n"


def _plain(network: str, runs: list[Run]) -> str:
    about = _PLAIN.format(float=_percent([run["float"] for run in runs]), samples=SAMPLES[network])
    told = _section(network, about) + _PLAIN_COLUMNS
    for way in _ways(runs):
        held = [run for run in runs if way in run["ways"]]
        rows = [run["ways"][way] for run in held]
        points = [row["accuracy"] - run["float"] for row, run in zip(rows, held, strict=True)]
        told += (
            f"| {way} | {_percent([row['accuracy'] for row in rows])} | {_points(points)} | "
            f"{100 * mean(row['agreement'] for row in rows):.2f} | "
            f"{mean(row['bits_per_weight'] for row in rows):.2f} | "
            f"{mean(row['synaptic_operations'] for row in rows):,.0f} |\n"
        )
    return told + "".join(_checks(runs)) + "".join(_searches(runs))


def _checks(runs: list[Run]) -> Iterator[str]:
    """What was compared with the oracle, over all seeds."""
    states = [row["module"] for run in runs for row in run["ways"].values() if "module" in row]
    outputs = [
        row["outputs_that_differ"] for run in runs for row in run["ways"].values() if "outputs_that_differ" in row
    ]
    images = max((run["oracle_images"] for run in runs), default=0)
    if states:
        yield (
            f"\nForward pass of the module of quantisation-aware training against the oracle, {len(states)} programs, "
            f"{states[0]['samples']} images each: {sum(s['compared'] for s in states):,} spikes, currents and "
            f"membranes compared, {sum(s['differ'] for s in states)} differ.\n"
        )
    if outputs:
        yield (
            f"\nThe engine, which ran all test images, against the oracle on {images} images: {len(outputs)} programs, "
            f"{sum(outputs)} output values differ.\n"
        )


def _searches(runs: list[Run]) -> Iterator[str]:
    for run in runs:
        if "search" in run:
            found = run["search"]
            widths = ", ".join(f"{name} {bits}" for name, bits in found["bits"].items())
            yield (
                f"\nMixed precision, seed {run['seed']}: at most 0.5 points below float on "
                f"{found['validation_samples']} validation images gave {widths} bits, "
                f"{found['programs']} programs tried.\n"
            )


def _divisive(network: str, runs: list[Run]) -> str:
    layers = runs[0]["divisor_cv"]
    cv = ", ".join(f"{layer} {mean(run['divisor_cv'][layer] for run in runs):.2f}" for layer in layers)
    epochs, samples = TRAINING[network]
    tuned = TUNED_EPOCHS[network]
    about = _DIVISIVE.format(calibration=CALIBRATION, cv=cv, tuned=tuned, epochs=epochs, samples=samples)
    told = _section(network, about) + _DIVISIVE_COLUMNS
    for way in _ways(runs):
        cells = [runs[0]["ways"][way]["title"]]
        for part in ("clean", "dimmed"):
            cells += [_percent(_each(runs, way, part)), _against_exact(runs, way, part)]
        for what, digits in (("agreement", 2), ("spikes_different", 3)):
            cells += [_share(runs, way, part, what, digits) for part in ("clean", "dimmed")]
        told += f"| {' | '.join(cells)} |\n"
    return told + _lava(runs)


def _lava(runs: list[Run]) -> str:
    ran = [run["lava"] for run in runs if "lava" in run]
    if not ran:
        return ""
    return (
        f"\nLava, {ran[0]['samples']} images and {len(ran)} seeds, dynamic with 3 bits: "
        f"{sum(r['compared'] for r in ran):,} possible spikes compared, {sum(r['differ'] for r in ran)} differ.\n"
    )


def _each(runs: list[Run], way: str, part: str) -> list[float]:
    return [run["ways"][way][part]["accuracy"] for run in runs]


def _against_exact(runs: list[Run], way: str, part: str) -> str:
    return _points([a - b for a, b in zip(_each(runs, way, part), _each(runs, "exact", part), strict=True)])


def _share(runs: list[Run], way: str, part: str, what: str, digits: int) -> str:
    values = [run["ways"][way][part][what] for run in runs]
    return "" if None in values else f"{100 * mean(values):.{digits}f}"


def _ways(runs: list[Run]) -> list[str]:
    return list(dict.fromkeys(way for run in runs for way in run["ways"]))


def _percent(values: list[float]) -> str:
    return _told(values, lambda value: f"{100 * value:.2f}")


def _points(values: list[float]) -> str:
    return _told(values, lambda value: f"{round(100 * value, 2) + 0.0:+.2f}")  # no -0.00


def _told(values: list[float], write: Callable[[float], str]) -> str:
    each = f" ({' / '.join(write(value) for value in values)})" if len(values) > 1 else ""
    return write(mean(values)) + each


def _foot(content: dict[str, Any]) -> str:
    lines = []
    for network in dict.fromkeys(run["network"] for run in content["runs"]):
        runs = [run for run in content["runs"] if run["network"] == network]
        around = runs[-1]["conditions"]
        seeds = ", ".join(str(run["seed"]) for run in runs)
        versions = ", ".join(f"{name} {told}" for name, told in around["versions"].items())
        changed = " with changes" if any(run["conditions"]["uncommitted_changes"] for run in runs) else ""
        devices = ", ".join(dict.fromkeys(run["trained_on"] for run in runs))
        lines.append(
            f"- {network}: seeds {seeds}; float networks trained on {devices}; {around['date']}, "
            f"commit {str(around['commit'])[:12]}{changed}; {versions}.\n"
        )
    return "\n## Conditions\n\n" + "".join(lines)
