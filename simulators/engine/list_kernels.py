"""Compiled counting and distribution of the synapses that `listing` lists."""

from __future__ import annotations

import numpy as np

from .handover import read_counted, read_spread


def count_synapses(counted):
    """Add a piece to the synapses of every source and every target, and to the magnitudes that arrive at the latter.

    `counted` is the address of what `laying.lay` told of a Counted.
    """
    told = read_counted(counted)
    post, pre, weight, fan_out, fan_in, reach = (
        told.post, told.pre, told.weight, told.fan_out, told.fan_in, told.reach
    )  # fmt: skip
    for k in range(np.uint64(post.size)):
        fan_out[np.uint64(pre[k])] += np.int64(1)
        fan_in[np.uint64(post[k])] += np.int64(1)
        reach[np.uint64(post[k])] += np.int64(abs(weight[k]))


def spread_synapses(spread, words):
    """Write every synapse of a piece to the next place of its source's list, which `following` says.

    `spread` is the address of what `laying.lay` told of a Spread; only one kind of targets has room. Bits lie in
    `words` words for each source.
    """
    told = read_spread(spread)
    post, pre, following, weights = told.post, told.pre, told.following, told.weights
    near, far, present = told.near, told.far, told.present
    for k in range(np.uint64(post.size)):
        source, target = np.uint64(pre[k]), np.uint64(post[k])
        place = np.uint64(following[source])
        following[source] += np.int64(1)
        if present.size:
            word = source * np.uint64(words) + (target >> np.uint64(6))
            present[word] |= np.uint64(1) << (target & np.uint64(63))
        elif near.size:
            near[place] = target
        else:
            far[place] = target
        weights[place] = told.weight[k]
