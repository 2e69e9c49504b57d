"""Lists of synapses by source neuron, made straight from a program's compressed rows, a piece at a time.

A synapse takes three bytes where the target has at most 65536 neurons, else five: its target and its weight, shifted
into eight bits; dense lists take a bit for every place instead of targets, where the processor can expand them. What
a whole projection would take as columns of 64-bit integers is never held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.grid import grid_range, grid_step
from ...exporters.program.projection import WINDOWED, Projection
from .entries import entries
from .laying import lay
from .processor import can_expand
from .shapes import EXPANDED, WIDE_SUM_BITS
from .tables import Counted, Ints, Spread

PIECE = 1 << 17
"""Synapses that are looked at together."""
NEAR = 1 << 16
"""Targets up to so many are told by 16 bits."""
EXPANDED_SHARE = 1 / 16
"""From this share of all places on, a bit for every place is no more memory than targets of 16 bits."""
TARGETS = np.uint16, np.int32, np.uint64
"""Types of targets: told by 16 bits, by 32, and as words of bits."""


class Rows(NamedTuple):
    """A projection's matrix in compressed rows, (post, pre).

    Attributes
    ----------
    indptr : (post + 1,) int array
    indices, weights : (synapses,) int array
        Source neurons and weights; weights of zero are no synapses.
    delays : (synapses,) int array or int
    post, pre : (post,), (pre,) int64 array
        Where the engine holds the neurons of the target and of the source.
    """

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    weights: NDArray[np.integer]
    delays: NDArray[np.integer] | int
    post: Ints
    pre: Ints


@dataclass(frozen=True, eq=False)
class Lists:
    """Synapses of one delay of one projection, by source neuron.

    Attributes
    ----------
    rows : Rows
    delay : int
    starts : (pre + 1,) int64 array
    step_exp, offset : int
        A weight is ``(stored + offset) << step_exp``.
    sum_bits : int
        Bits of a word that hold a sum of such weights, the others count its events: fewer than 32 where that is enough
        for all synapses of any neuron, else `WIDE_SUM_BITS` of 64.
    countable : bool
        Whether 24 bits count the synapses of any neuron.
    expands : bool
        Whether targets are bits, as `expanding` takes them.
    """

    rows: Rows
    delay: int
    starts: Ints
    step_exp: int
    offset: int
    sum_bits: int
    countable: bool
    expands: bool

    @property
    def size(self) -> int:
        """Number of synapses."""
        return int(self.starts[-1])

    @property
    def near(self) -> bool:
        """Whether targets are told by 16 bits."""
        return self.rows.post.size <= NEAR

    @property
    def words(self) -> int:
        """Words of 64 bits, one for every target neuron."""
        return -(-self.rows.post.size // EXPANDED)

    def write(self, targets: NDArray[np.integer], weights: NDArray[np.int8]) -> None:
        """Write the synapses to arrays of length `size`, or of targets to words of zeros if they are bits."""
        following = self.starts[:-1].copy()
        near, far, present = (targets if targets.dtype == kind else np.zeros(0, kind) for kind in TARGETS)
        for post, pre, weight in _pieces(self.rows, self.delay):
            small = ((weight >> self.step_exp) - self.offset).astype(np.int8)
            told = lay(Spread(post, pre, small, following, near, far, present, weights))
            entries().spread_synapses(told.address, self.words)


def list_rows(q: Projection, rows: Rows, delay: int, valued: bool) -> Lists:
    """Count the synapses of one delay, and choose how they are stored and summed."""
    step_exp = grid_step(q.weight_bits, q.sign_mode).bit_length() - 1
    low, high = (limit >> step_exp for limit in grid_range(q.weight_bits, q.sign_mode))
    offset = (low + high + 1) // 2  # the grid has 256 steps at most
    fan_out, fan_in = np.zeros(rows.pre.size, np.int64), np.zeros(rows.post.size, np.int64)
    reach = np.zeros(rows.post.size, np.int64)
    for post, pre, weight in _pieces(rows, delay):
        told = lay(Counted(post, pre, weight >> step_exp, fan_out, fan_in, reach))
        entries().count_synapses(told.address)
    starts = np.concatenate([[0], np.cumsum(fan_out)])
    sum_bits = int(reach.max(initial=0)).bit_length() + 1
    events = int(fan_in.max(initial=0)).bit_length()
    places = rows.pre.size * rows.post.size
    expands = can_expand() and not valued and not offset and q.kind not in WINDOWED and sum_bits <= 32
    expands = expands and starts[-1] >= EXPANDED_SHARE * places and bool((np.diff(rows.post) > 0).all())
    sum_bits = sum_bits if sum_bits + events <= 32 else WIDE_SUM_BITS
    return Lists(rows, delay, starts, step_exp, offset, sum_bits, events <= 24, bool(expands))


def list_bytes(lists: Lists) -> int:
    """Bytes of the tables that hold `lists`: where each source's begin, targets and weights."""
    sources = lists.starts.size - 1
    own = 8 * (sources + 1) + lists.size
    return own + (8 * lists.words * sources if lists.expands else (2 if lists.near else 4) * lists.size)


class ListTables(NamedTuple):
    """Lists of all projections, one behind the other, as `Tables` has them."""

    starts: Ints
    near: NDArray[np.uint16]
    far: NDArray[np.int32]
    present: NDArray[np.uint64]
    listed: NDArray[np.int8]


def join_lists(parts: list[Lists]) -> ListTables:
    """Write `parts` one behind the other."""
    kinds = [2 if part.expands else int(not part.near) for part in parts]
    rooms = [part.words * (part.starts.size - 1) if part.expands else part.size for part in parts]
    sizes = [sum(room for kind, room in zip(kinds, rooms, strict=True) if kind == which) for which in range(3)]
    targets = np.empty(sizes[0], np.uint16), np.empty(sizes[1], np.int32), np.zeros(sizes[2], np.uint64)
    listed = np.empty(sum(part.size for part in parts), np.int8)
    ends, end = [0, 0, 0], 0
    for part, kind, room in zip(parts, kinds, rooms, strict=True):
        part.write(targets[kind][ends[kind] : ends[kind] + room], listed[end : end + part.size])
        ends[kind], end = ends[kind] + room, end + part.size
    starts = np.concatenate([np.zeros(0, np.int64), *(part.starts for part in parts)])
    return ListTables(starts, *targets, listed)


def _pieces(rows: Rows, delay: int) -> Iterator[tuple[Ints, Ints, NDArray[np.int32]]]:
    """Target, source and weight of the synapses with a delay, `PIECE` stored ones at a time, by target."""
    for first in range(0, rows.indices.size, PIECE):
        last = min(first + PIECE, rows.indices.size)
        top = int(np.searchsorted(rows.indptr, first, "right")) - 1
        bottom = int(np.searchsorted(rows.indptr, last, "left"))
        lengths = np.diff(np.clip(rows.indptr[top : bottom + 1], first, last))
        post, weight = np.repeat(rows.post[top:bottom], lengths), rows.weights[first:last]
        exist = weight != 0
        if isinstance(rows.delays, np.ndarray):
            exist &= rows.delays[first:last] == delay
        pre = rows.pre[rows.indices[first:last][exist]]
        yield post[exist].astype(np.int64), pre.astype(np.int64), weight[exist].astype(np.int32)
