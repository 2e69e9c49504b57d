"""Which synapses of a projection share one Lava process, so that events reach the row that they are for, and no other.

Row t of sample k, of T rows each, is chip step ``k T + t + level``. An edge's events take one chip step, plus its hops.
What an independent sample must not see is what the sample before left on its way:

* Events of an input are delayed in the source's data, whose rows are shifted inside each sample.
* Feed-forward edges without a delay bring row t to row t, whatever the sample.
* Any other edge holds events of one sample only, once both ends have passed the sample's end. It is emptied then, as
  often as its source lags behind its target. A source in front of the target is brought to the target's level first.

Splitting by delay changes no sum: the exponent rounds the sum of each delay by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Edge:
    """Synapses of a projection.

    Attributes
    ----------
    keep : bool array in the shape of the delay
        Which synapses.
    hops : int array in the shape of the delay
        Chip steps that events take besides the one that every synapse needs; 0 where no synapse is kept.
    shift : int
        Rows by which the data of an input are late.
    relayed : bool
        The source is taken at the level of the target.
    emptied_after : tuple of int
        Chip steps, from 0 and modulo T, after which nothing may be on its way any more.
    """

    keep: np.ndarray
    hops: np.ndarray
    shift: int = 0
    relayed: bool = False
    emptied_after: tuple[int, ...] = ()


def edges_of(projection: dict[str, Any], levels: tuple[int, int], steps: int, streamed: bool) -> list[Edge]:
    """Split a projection.

    Parameters
    ----------
    projection : dict
        As in ``network.json``.
    levels : (int, int)
        Of source and target; the source's is 0 for an input.
    steps : int
        T.
    streamed : bool
        Samples follow each other with events in flight; else they are independent.
    """
    source, target = levels
    delay = np.asarray(projection["delay"], np.int64)
    hops = target - source - 1 + delay
    exist = projection["weights"] != 0
    used = exist if delay.shape == exist.shape else np.full(delay.shape, exist.any())
    if streamed:
        return _edge(used, hops)
    used = used & (delay < steps)  # later ones would arrive after the sample's end
    if source == 0:
        return [edge for d in np.unique(delay[used]) for edge in _edge(used & (delay == d), hops - d, shift=int(d))]
    late = used & (delay > 0)
    lag = source - target
    if lag < 0:
        cleared = _edge(late, delay - 1, relayed=True, emptied_after=((steps - 1 + target) % steps,))
    else:
        times = range(min(lag + 1, steps))
        cleared = _edge(late, hops, emptied_after=tuple((steps - 1 + target + n) % steps for n in times))
    return _edge(used & (delay == 0), hops) + cleared


def _edge(keep: np.ndarray, hops: np.ndarray, **rest: Any) -> list[Edge]:
    return [Edge(keep, np.where(keep, hops, 0), **rest)] if keep.any() else []
