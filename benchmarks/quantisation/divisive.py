"""Networks of E-I circuits: the ways of their divisor to a chip, on images of any brightness and on Lava."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from spikewright.models.freezing import gain_statistics
from spikewright.toolchain.quantisation import GainComparison, compare_gains
from spikewright.toolchain.quantisation.scores import GainRow

from .coarse import coarse_ways
from .data import CALIBRATION, images
from .nets import STEPS
from .recipes import RECIPES
from .train import annealed, encoded, trained, tuned

ON_LAVA = "dynamic-3"
"""The way that runs on Lava too."""


def measure(name: str, seed: int, count: int, lava: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Compare all ways on the first `count` test images, and one of them on Lava on the first `lava`."""
    parts = images(RECIPES[name].data)
    model, calibration = trained(name, seed), parts.train[0][:CALIBRATION]
    x, y = (part[:count].numpy() for part in parts.test)

    def compare(samples: int, **options: Any) -> GainComparison:
        told = {"encoder": "direct", "steps": STEPS, "progress": lambda title: tell(f"{name} seed {seed}: {title}")}
        return compare_gains(model, x[:samples], y[:samples], calibration.numpy(), **told, **options)

    statistics = gain_statistics(model, encoded(calibration, "direct", STEPS))
    every = compare(count, tuned=tuned(name, seed), annealed=annealed(name, seed))
    found: dict[str, Any] = {
        "samples": len(y),
        "divisor_cv": {path: entry.divisor_cv for path, entry in statistics.items()},
        "ways": {row.name: _told(row) for row in (every.exact, *every.rows)} | coarse_ways(name, seed, count, tell),
    }
    if lava:
        differ, compared = compare(lava, alternatives=(ON_LAVA,), lava=lava).row(ON_LAVA).lava or (0, 0)
        found["lava"] = {"samples": lava, "compared": compared, "differ": differ}
    return found


def _told(row: GainRow) -> dict[str, Any]:
    return {"title": row.title, "clean": asdict(row.clean), "dimmed": asdict(row.dimmed), "needs": list(row.needs)}
