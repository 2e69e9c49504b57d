"""Number of synapses of a projection, without listing them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .projection import Projection
from .synapses import Shape, out_shape, spatial, window


def count_synapses(projection: Projection, source: Shape) -> dict[int, int]:
    """Synapses with a weight other than zero, by delay; `source` is the shape of where they begin."""
    p = projection
    if isinstance(p.delay, np.ndarray):
        delays, counts = np.unique(p.delay[p.weights != 0], return_counts=True)
        return dict(zip(delays.tolist(), counts.tolist(), strict=True))
    if p.kind in ("dense", "sparse"):
        return {p.delay: int(np.count_nonzero(p.weights))}
    rows, columns = (_reached(p, source, side) for side in (0, 1))
    if p.kind == "pooling":
        return {p.delay: spatial(source)[0] * int(rows.sum() * columns.sum()) * int(p.weights[0] != 0)}
    return {p.delay: int(rows @ np.count_nonzero(p.weights, axis=(0, 1)) @ columns)}


def _reached(p: Projection, source: Shape, side: int) -> NDArray[np.int64]:
    """Outputs whose tap lies on the image, for every tap of the kernel, vertical (`side` = 0) or horizontal (1)."""
    size, outputs = spatial(source)[1 + side], out_shape(p, source)[1 + side]
    taps = np.arange(window(p)[side])[:, None] * p.dilation[side]
    place = np.arange(outputs) * p.stride[side] - p.padding[side] + taps
    return ((place >= 0) & (place < size)).sum(1)
