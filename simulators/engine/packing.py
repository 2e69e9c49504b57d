"""Weights of a projection in the form in which they are summed, chosen from the program alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.grid import grid_step
from ...exporters.program.program import Program, Projection
from ...exporters.program.synapses import out_shape, spatial
from .listing import Lists, Rows, list_rows
from .order import Image, inside, outside, slides
from .processor import has_matrix_unit
from .record_types import (
    BYTE_STRIPS,
    BYTES,
    LISTS,
    PLACES,
    SHORT_STRIPS,
    SHORTS,
    VALUED_LISTS,
    VALUED_STRIPS,
    VALUES,
)
from .shapes import COLUMNS, biased
from .strips import Strips, cut_strips, fan_out
from .tables import Ints
from .tiles import Tiled, tile_dense

WIDE_FAN_IN = 1 << 22
"""Sums over more source neurons than that are kept in 64 bits."""
WIDE_CHANNELS = 48
"""From so many channels on, the places of a convolution are summed one by one if many events come."""
WRAP_FREE = 2**23 - 1
"""Sums up to it do not wrap at 24 bits."""
LISTED_SHARE = 1 / 32
"""A matrix with fewer existing synapses than this share of its places is summed faster from lists of them."""


@dataclass(frozen=True, eq=False)
class Packed:
    """Synapses of one delay of one projection.

    Attributes
    ----------
    projection : Projection
    delay, form : int
    step_exp : int
        Exponent of the grid's step, a power of two, by which the weights are divided.
    fan_out : (pre,) int64 array
    rows : (pre, stride) int8 or int16 array
        Empty for lists.
    exist : (pre, post) bool array
        Which places of `rows` are synapses; empty for lists.
    lists : Lists or None
    strips : Strips or None
    largest : int or None
        No sum is larger, with the exponent; None if unknown.
    tiled : Tiled or None
        Of rows, where the matrix unit sums them.
    ahead : bool
        Of rows and places: whether all rows of the source are known before the first one of the target.
    """

    projection: Projection
    delay: int
    form: int
    step_exp: int
    fan_out: Ints
    rows: NDArray[np.integer]
    exist: NDArray[np.bool_]
    lists: Lists | None = None
    strips: Strips | None = None
    largest: int | None = None
    tiled: Tiled | None = None
    ahead: bool = False


def pack(program: Program, q: Projection, image: dict[str, Image], ahead: bool) -> Iterator[Packed]:
    """Pack `q`, each of its delays by itself: the exponent acts on the sum of each.

    `image` holds the populations whose neurons lie place by place; sources and targets are numbered as the engine
    holds them. All rows of the source are known before the first one of the target if they may be summed `ahead`.
    """
    valued = program.events(q.source).graded
    source = program.source(q.source).shape
    # A source that lies place by place in another shape, and a second convolution of another shape, become lists.
    if slides(q) and image[q.target] == out_shape(q, source) and image.get(q.source) in (None, spatial(source)):
        yield _convolution(program, q, image.get(q.source), valued, ahead)
        return
    post_order, pre_order = ((image.get(name), program.source(name).size) for name in (q.target, q.source))
    if q.kind == "dense":
        turned = q.weights[outside(*post_order)][:, outside(*pre_order)]
        delays = q.delay[outside(*post_order)][:, outside(*pre_order)] if isinstance(q.delay, np.ndarray) else None
        for delay in q.delays:
            weights = turned if delays is None else np.where(delays == delay, turned, 0)
            if np.count_nonzero(weights) >= LISTED_SHARE * weights.size:
                yield _rows(q, weights, delay, valued, ahead)
            else:
                post, pre = np.nonzero(weights)
                indptr = np.searchsorted(post, np.arange(len(weights) + 1))
                places = np.arange(weights.shape[0]), np.arange(weights.shape[1])
                yield _lists(q, Rows(indptr, pre, weights[post, pre], delay, *places), delay, valued)
        return
    rows = _compressed(program, q, inside(*post_order), inside(*pre_order))
    for delay in q.delays or (q.min_delay,):
        yield _lists(q, rows, delay, valued)


def _compressed(program: Program, q: Projection, post: Ints, pre: Ints) -> Rows:
    """Compressed rows of `q`, of the program's own arrays where it has them."""
    if q.indptr is not None and q.indices is not None:
        return Rows(q.indptr, q.indices, q.weights, q.delay, post, pre)
    synapses = program.synapses(q)
    indptr = np.searchsorted(synapses.post, np.arange(post.size + 1))
    return Rows(indptr, synapses.pre, synapses.weight, q.delay, post, pre)


def _convolution(program: Program, q: Projection, image: Image | None, valued: bool, ahead: bool) -> Packed:
    """Strips, and rows of weights too where channels are many and the source lies place by place."""
    source = program.source(q.source)
    step_exp, own = step_exp_of(q), outside(image, source.size)
    small = q.weights >> step_exp
    largest = int(np.abs(small, dtype=np.int64).sum((1, 2, 3)).max(initial=0))
    is_small = _is_small(small)
    form = VALUED_STRIPS if valued else BYTE_STRIPS if is_small and largest < 2**15 else SHORT_STRIPS
    bound = largest << max(0, q.weight_exp + step_exp)
    packed = _empty(q, q.min_delay, form, fan_out(q, source.shape)[own])
    packed = replace(packed, step_exp=step_exp, largest=None if valued or bound > WRAP_FREE else bound)
    strips = cut_strips(q, source.shape)
    kind = np.int8 if form == BYTE_STRIPS else np.int16
    strips = replace(strips, weights=(strips.weights >> step_exp).astype(kind))
    if is_small and not valued and len(q.weights) >= WIDE_CHANNELS and image == spatial(source.shape):
        taps = small.transpose(2, 3, 1, 0).reshape(-1, len(small))
        rows = np.zeros((len(taps), -(-len(small) // COLUMNS) * COLUMNS), np.int8)
        rows[:, : len(small)] = taps
        strips = strips if form == BYTE_STRIPS else replace(strips, weights=np.zeros((0, 0), np.int8))
        return replace(packed, form=PLACES, rows=rows, exist=taps != 0, strips=strips, ahead=ahead)
    return replace(packed, strips=strips)


def step_exp_of(q: Projection) -> int:
    """Power of two that is taken out of the weights of `q`."""
    return grid_step(q.weight_bits, q.sign_mode).bit_length() - 1


def _is_small(weights: NDArray[np.integer]) -> bool:
    return bool(weights.min(initial=0) >= -128 and weights.max(initial=0) <= 127)


def _rows(q: Projection, weights: NDArray[np.integer], delay: int, valued: bool, ahead: bool) -> Packed:
    step_exp = step_exp_of(q)
    exist = weights.T != 0
    small = weights.T.astype(np.int16) >> step_exp
    pre, post = small.shape
    form = BYTES if _is_small(small) else SHORTS
    if pre > WIDE_FAN_IN or valued:
        form = VALUES
    rows = np.zeros((pre, -(-post // COLUMNS) * COLUMNS), np.int8 if form == BYTES else np.int16)
    rows[:, :post] = small
    tiled = tile_dense(small) if form == BYTES and ahead and has_matrix_unit() else None
    packed = _empty(q, delay, form, np.count_nonzero(exist, axis=1))
    rows = biased(rows) if form == BYTES else rows
    sums = np.abs(small, dtype=np.int32).sum(0, dtype=np.int64) << max(0, q.weight_exp + step_exp)
    largest = None if valued else int(sums.max(initial=0))
    return replace(packed, step_exp=step_exp, rows=rows, exist=exist, largest=largest, tiled=tiled, ahead=ahead)


def _lists(q: Projection, rows: Rows, delay: int, valued: bool) -> Packed:
    lists = list_rows(q, rows, delay, valued)
    form = LISTS if lists.countable and not valued else VALUED_LISTS
    return replace(_empty(q, delay, form, np.diff(lists.starts)), step_exp=lists.step_exp, lists=lists)


def _empty(q: Projection, delay: int, form: int, fan_out: Ints) -> Packed:
    return Packed(q, delay, form, 0, fan_out, np.zeros((0, 0), np.int16), np.zeros((0, 0), bool))
