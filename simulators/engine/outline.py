"""Tables of a program without their contents: what room they will take, worked out before they are made.

Convolutions are packed in earnest, as their weights are few; of all other synapses only the sizes are worked out.
`tests/simulators/engine/test_memory.py` compares every table with the one that `plan.build_tables` makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.grid import grid_step
from ...exporters.program.program import Program, Projection
from ...exporters.program.synapse_counts import count_synapses
from .order import Image, images, slides
from .packing import LISTED_SHARE, WIDE_FAN_IN, Packed, pack
from .plan import blocks
from .records import SMALL, population_records, projection_records, strip_records, update_of, weights_of
from .tables import ANY, BYTES, LISTS, PLACES, SHORTS, VALUED_LISTS, VALUES, Tables
from .vectors import COLUMNS
from .words import WORD, Segments, Words


def outline(program: Program, segments: Segments) -> Tables:
    """Tables as `plan.build_tables` makes them; the large arrays have shape and type, but no memory and no contents."""
    populations, image = program.populations, images(program)
    packed = {p.name: [part for q in program.into(p.name) for part in _pack(program, q, image)] for p in populations}
    parts = [part for own in packed.values() for part in own]
    sources = (*program.inputs, *populations)
    words = {p.name: sum(-(-(stop - start) // WORD) for start, stop in segments[p.name]) for p in populations}
    masks = [hollow((len(part.exist), _words(part, words)), np.uint64) for part in parts]
    always: list[Words] = [hollow((words[p.name],), np.uint64) for p in populations]
    neurons, all_words = sum(p.size for p in populations), sum(words.values())
    registers = neurons if any(update_of(p) == ANY for p in populations) else 0
    lists = [part for part in parts if part.form in (LISTS, VALUED_LISTS)]
    small = sum(weights_of(part).size for part in parts if part.form in SMALL)
    return Tables(
        size=np.array([source.size for source in sources], np.int64),
        binary=sum(port.kind != "graded" for port in program.inputs),
        inputs=len(program.inputs),
        block=hollow((len(blocks(program)),), np.int64),
        populations=population_records(program, always, packed),
        projections=projection_records(program, parts, dict.fromkeys((source.name for source in sources), 0), masks),
        bias=hollow((neurons,), np.int32),
        keep_u=hollow((registers,), np.int32),
        keep_v=hollow((registers,), np.int32),
        theta=hollow((registers,), np.int32),
        bit=hollow((neurons if any(part.form >= LISTS for part in parts) else 0,), np.int64),
        fan_out=hollow((sum(part.fan_out.size for part in parts),), np.int32),
        synapses=hollow((sum(mask.size for mask in masks),), np.uint64),
        always=hollow((all_words,), np.uint64),
        reachable=hollow((all_words,), np.uint64),
        segment=hollow((all_words,), np.int64),
        segments=sum(len(part) for part in segments.values()),
        bytes_=hollow((small,), np.int8),
        shorts=hollow((sum(weights_of(part).size for part in parts) - small,), np.int16),
        starts=hollow((sum(part.starts.size for part in lists),), np.int64),
        targets=hollow((sum(part.targets.size for part in lists),), np.int32),
        listed=hollow((sum(part.listed.size for part in lists),), np.int16),
        reach=hollow((sum(_words(part, words) for part in parts if part.form == PLACES),), np.uint64),
        **strip_records(program, parts, image),
    )


def hollow(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Array of zeros whose values all lie in the same place."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def _words(part: Packed, words: dict[str, int]) -> int:
    """Words of the mask of one row of weights."""
    return -(-part.exist.shape[1] // WORD) if part.form == PLACES else words[part.projection.target]


def _pack(program: Program, q: Projection, image: dict[str, Image]) -> Iterator[Packed]:
    """Pack `q` as `packing.pack` does."""
    if q.kind == "convolution" and slides(program, q):
        yield from pack(program, q, image)
        return
    valued = program.events(q.source).graded
    shape = program.source(q.target).size, program.source(q.source).size
    if q.kind == "dense":
        for delay in np.unique(q.delay):
            weights = q.weights if np.ndim(q.delay) == 0 else q.weights[q.delay == delay]
            synapses = int(np.count_nonzero(weights))
            if synapses >= LISTED_SHARE * q.weights.size:
                yield _rows(q, weights, int(delay), shape, valued)
            else:
                yield _lists(q, synapses, int(delay), shape, valued)
        return
    counts = count_synapses(q, program.source(q.source).shape)
    for delay, synapses in counts.items() if any(counts.values()) else ((q.min_delay, 0),):
        yield _lists(q, synapses, delay, shape, valued)


def _rows(q: Projection, weights: NDArray[np.integer], delay: int, shape: tuple[int, int], valued: bool) -> Packed:
    low, high = (
        int(end) // grid_step(q.weight_bits, q.sign_mode) for end in (min(weights.min(), 0), max(weights.max(), 0))
    )
    form = VALUES if shape[1] > WIDE_FAN_IN or valued else BYTES if low >= -128 and high <= 127 else SHORTS
    rows = hollow((shape[1], -(-shape[0] // COLUMNS) * COLUMNS), np.int8 if form == BYTES else np.int16)
    return _part(q, delay, form, shape, rows=rows, exist=hollow(shape[::-1], np.bool_))


def _lists(q: Projection, synapses: int, delay: int, shape: tuple[int, int], valued: bool) -> Packed:
    form = VALUED_LISTS if valued or shape[1] > WIDE_FAN_IN else LISTS
    starts, targets = hollow((shape[1] + 1,), np.int64), hollow((synapses,), np.int32)
    return _part(q, delay, form, shape, starts=starts, targets=targets, listed=hollow((synapses,), np.int16))


def _part(q: Projection, delay: int, form: int, shape: tuple[int, int], **arrays: NDArray[Any]) -> Packed:
    none: dict[str, NDArray[Any]] = {
        "rows": hollow((0, 0), np.int16),
        "exist": hollow((0, 0), np.bool_),
        "starts": hollow((0,), np.int64),
        "targets": hollow((0,), np.int32),
        "listed": hollow((0,), np.int16),
    }
    return Packed(q, delay, form, 0, hollow((shape[1],), np.int64), **(none | arrays))
