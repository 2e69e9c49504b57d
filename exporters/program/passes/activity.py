"""Events that arrive at every population when the float network runs on the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..program import Input
from .execute import Arithmetic, run_network
from .inputs import Calibration
from .network import Network

SAMPLES = 256
"""Most samples of the calibration that are run, spread evenly over it."""
_EVENTS = 20_000_000
"""Most events that are kept: large networks run fewer samples, but at least `_FEWEST`."""
_FEWEST = 16


@dataclass(frozen=True, eq=False)
class Activity:
    """What every source sends.

    Attributes
    ----------
    events : dict of str to (rows, size) array
        By source: the rows of all samples, integers as the program sends them.
    samples : int
        How many samples were run.
    """

    events: dict[str, NDArray[Any]]
    samples: int


def observe(network: Network, calibration: Calibration, inputs: dict[str, Input], exact: Arithmetic) -> Activity | None:
    """Run `network` on some of the calibration; None without one.

    Parameters
    ----------
    network : Network
        After `levels`.
    calibration : array or dict of str to array
        As `lower` takes it, checked.
    inputs : dict of str to Input
    exact : Arithmetic
        How the network is stepped.
    """
    if calibration is None:
        return None
    fed = [name for name in inputs if name not in network.constants]
    given = calibration if isinstance(calibration, dict) else {fed[0]: calibration}
    steps, total = np.shape(next(iter(given.values())))[:2]
    size = steps * (sum(prod(shape) for shape in network.inputs.values()) + sum(len(n.keep) for n in network.neurons))
    wanted = min(total, SAMPLES, max(_EVENTS // size, _FEWEST))
    some = np.unique(np.linspace(0, total - 1, wanted).astype(int))
    rows = {name: np.asarray(x)[:, some] for name, x in given.items()}
    events: dict[str, NDArray[Any]] = {name: _as_events(x, inputs[name]) for name, x in rows.items()}
    events |= {name: np.ones((1, 1, *network.inputs[name]), np.int8) for name in network.constants}
    events |= run_network(network, rows, exact).spikes
    return Activity({name: e.reshape(e.shape[0] * e.shape[1], -1) for name, e in events.items()}, len(some))


def settings_of(activity: Activity | None) -> dict[str, tuple[str | float, str]]:
    """What errors of weights were weighed with, as programs carry it."""
    if activity is None:
        return {"activity": ("uncorrelated", "no calibration is given")}
    return {"activity": (f"{activity.samples} samples", f"spread evenly over the calibration, at most {SAMPLES}")}


def _as_events(x: NDArray[Any], port: Input) -> NDArray[np.int32]:
    limit = (1 << port.bits) - 1
    return np.clip(np.rint(x * port.scale), -limit, limit).astype(np.int32)
