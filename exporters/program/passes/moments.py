"""How often and how much together the events on a projection's weights come: what an error of a weight costs.

If weights are off by d, the sum of a row is off by ``d . x`` for the events x, and its mean square is ``d' E[x x'] d``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..program import Input
from .linear import Dense, Floats, LinearMap, Numbers
from .network import Synapses
from .windows import Convolution, Window

ROWS = 4096
"""Rows of events, or places of a window in them, over which means are taken."""
FAN_IN = 2048
"""Largest fan-in for which the products of all pairs of events are kept."""
DAMPING = 0.01
"""Share of the mean square of all events that is added to each, so that events that never came cost something too."""
_WORK = 1e9
"""Most multiplications for one error with all pairs; beyond, events count as uncorrelated about their means."""


@dataclass(frozen=True, eq=False)
class Together:
    """Mean products of all pairs of events.

    Attributes
    ----------
    products : (groups, fan-in, fan-in) array
        ``E[x x']`` of the events that one row sums, one for every group of a convolution.
    """

    products: Floats

    @cached_property
    def cascades(self) -> list[tuple[NDArray[np.int64], Floats]]:
        """Of every group the order in which weights are rounded and how each error moves the later ones.

        The most frequent events come first. The upper Cholesky factor of ``H^-1`` in that order holds, in every row,
        what is left of the inverse once all earlier weights are fixed.
        """
        return [_cascade(products) for products in self.products]

    def mean_square(self, off: Numbers) -> Floats:
        """Mean square of every row's sum, (rows,), for weights `off` in the shape of the stored ones."""
        groups, fan_in, _ = self.products.shape
        by_group = off.reshape(groups, -1, fan_in).astype(np.float32)
        return ((by_group @ self._short) * by_group).sum(-1).reshape(-1).astype(np.float64)

    @cached_property
    def _short(self) -> NDArray[np.float32]:
        return self.products.astype(np.float32)  # half the time; an error needs no more digits


@dataclass(frozen=True, eq=False)
class Apart:
    """Events that vary by themselves about their means.

    Attributes
    ----------
    row : int array
        Row of every stored weight, broadcastable.
    rows : int
    variance, mean : array
        Of the event on every stored weight, broadcastable.
    """

    row: NDArray[np.int64]
    rows: int
    variance: Floats
    mean: Floats

    def mean_square(self, off: Numbers) -> Floats:
        """As that of `Together`."""
        return self._summed(off**2 * self.variance) + self._summed(off * self.mean) ** 2

    def _summed(self, terms: Numbers) -> Floats:
        row = np.broadcast_to(self.row, terms.shape).reshape(-1)
        return np.bincount(row, terms.reshape(-1), self.rows).astype(np.float64)


Moments = Together | Apart


def _cascade(products: Floats) -> tuple[NDArray[np.int64], Floats]:
    size = np.diag(products)
    damped = products + np.eye(len(size)) * (DAMPING * size.mean() or 1.0)
    order = np.argsort(-size, kind="stable")
    return order, np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T


def rows_of(weight: LinearMap) -> int:
    """How many rows the stored weights have (see `LinearMap.row`): neurons, or channels of a window."""
    return int(weight.row.max(initial=-1)) + 1 if isinstance(weight, Window) else weight.shape[0]


def moments_of(s: Synapses, events: NDArray[Any] | None, port: Input | None) -> Moments:
    """Moments of the events on the weights of `s`.

    Parameters
    ----------
    s : Synapses
    events : (rows, pre) array or None
        What the source sends. Where nothing is known, events are uncorrelated, zero in the mean and of mean square 1,
        or of the mean square of numbers spread evenly over the range of a graded input.
    port : Input or None
        The source, if it is an input.
    """
    if events is None:
        spread = ((1 << port.bits) - 1) ** 2 / 3 if port is not None and port.kind == "graded" else 1.0
        return Apart(s.weight.row, rows_of(s.weight), np.array(spread), np.zeros(()))
    some = events[np.unique(np.linspace(0, len(events) - 1, min(len(events), ROWS)).astype(int))]
    if isinstance(s.weight, Window):
        return _of_window(s.weight, some)
    x = some.astype(np.float64)
    if isinstance(s.weight, Dense) and _affordable(*s.weight.shape):
        return Together((x.T @ x / len(x))[None])
    mean = x.mean(0)
    variance = (x**2).mean(0) - mean**2
    at: Any = getattr(s.weight, "indices", slice(None))
    return Apart(s.weight.row, rows_of(s.weight), variance[at], mean[at])


def _of_window(weight: Window, events: NDArray[Any]) -> Moments:
    groups = weight.groups if isinstance(weight, Convolution) else 1
    x = _patches(weight, events, groups)
    if not isinstance(weight, Convolution):
        return Together((x.sum(-1) ** 2).mean().reshape(1, 1, 1))
    fan_in = x.shape[-1]
    if _affordable(len(weight.values) // groups, fan_in):
        return Together(np.stack([g.T @ g / len(g) for g in x]))
    mean, kernel = x.mean(1), (groups, 1, *weight.values.shape[1:])
    shape = (groups, len(weight.values) // groups, *weight.values.shape[1:])
    variance = ((x**2).mean(1) - mean**2).reshape(kernel)
    every = [np.broadcast_to(m, shape).reshape(weight.values.shape) for m in (variance, mean.reshape(kernel))]
    return Apart(weight.row, rows_of(weight), *every)


def _patches(weight: Window, events: NDArray[Any], groups: int) -> Floats:
    """Events under the window at `ROWS` places drawn evenly, (groups, places, fan-in); of a pooling per channel."""
    rng = np.random.default_rng(0)
    high, wide = weight.places
    at, y, x = (rng.integers(0, n, ROWS) for n in (len(events), high, wide))
    padded = weight.padded(events)
    taps = [
        padded[at, :, y * weight.stride[0] + ky * weight.dilation[0], x * weight.stride[1] + kx * weight.dilation[1]]
        for ky in range(weight.size[0])
        for kx in range(weight.size[1])
    ]
    found = np.stack(taps, -1).astype(np.float64)  # (places, channels, taps)
    by_group = found.reshape(ROWS, groups if isinstance(weight, Convolution) else found.shape[1], -1)
    return by_group.swapaxes(0, 1)


def _affordable(rows: int, fan_in: int) -> bool:
    return fan_in <= FAN_IN and rows * fan_in**2 <= _WORK
