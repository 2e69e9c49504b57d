"""Tables of a program without their contents: what room they will take, worked out before they are made.

Convolutions are packed in earnest, as their weights are few, and lists are counted; of dense rows only the sizes are
worked out. `tests/simulators/engine/test_memory.py` compares every table with the one that `plan.build_tables` makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program, Projection
from .blocks import block_of, blocks_of_parts
from .cutting import Cut
from .order import Image, images, outside
from .packing import LISTED_SHARE, WIDE_FAN_IN, Packed, pack, step_exp_of
from .processor import has_matrix_unit
from .record_types import (
    ANY,
    BYTES,
    PLACES,
    SHORTS,
    VALUES,
)
from .records import SMALL, population_records, projection_records, update_of, weights_of
from .segment_records import Segments, number_of, segment_records
from .shapes import BLOCK, COLUMNS, tile_shapes
from .strip_records import strip_records
from .tables import Ints, Tables
from .tallies import make_tallies
from .tally_records import tally_records
from .tile_records import tile_records
from .tiles import outline_dense
from .words import WORD
from .workspace import room_of_sums

if TYPE_CHECKING:
    from ..placement import Placement


def outline(program: Cut, segments: Segments, place: Placement | None = None) -> Tables:
    """Tables as `plan.build_tables` makes them; the large arrays have shape and type, but no memory and no contents."""
    populations, image, home = program.populations, images(program), block_of(program.whole)
    packed = {
        p.name: [
            part
            for q in program.into(p.name)
            for part in _pack(program, q, image, home.get(q.source) != home[program.parts[p.name].population])
        ]
        for p in populations
    }
    parts = [part for own in packed.values() for part in own]
    blocks = [home[program.parts[part.projection.target].population] for part in parts]
    sources = *program.inputs, *program.whole.populations
    size = np.array([source.size for source in sources], np.int64)
    masks = [hollow((len(part.exist), _words(part)), np.uint64) for part in parts]
    states = sum(-(-p.size // BLOCK) * BLOCK for p in populations)
    registers = states if any(update_of(p) == ANY for p in populations) else 0
    small = sum(weights_of(part).size for part in parts if part.form in SMALL)
    names = [source.name for source in sources]
    records = projection_records(program, parts, dict.fromkeys(names, 0), masks)
    of_populations = population_records(program, packed, [len(segments[p.name]) for p in populations])
    words = int(of_populations["words"].sum())
    of_segments = segment_records(segments, of_populations, image, len(populations) + len(parts))
    return Tables(
        size=size,
        binary=sum(port.kind != "graded" for port in program.inputs),
        inputs=len(program.inputs),
        block=hollow((len(blocks_of_parts(program)),), np.int64),
        populations=of_populations,
        projections=records,
        bias=hollow((states,), np.int32),
        keep_u=hollow((registers,), np.int32),
        keep_v=hollow((registers,), np.int32),
        theta=hollow((registers,), np.int32),
        **tally_records(
            make_tallies(program, parts, names, image, place).values(),
            parts,
            [0] * len(parts),
            len(populations),
            number_of(segments),
            place is not None,
        ),
        synapses=hollow((sum(mask.size for mask in masks),), np.uint64),
        always=hollow((words,), np.uint64),
        reachable=hollow((words,), np.uint64),
        segments=of_segments,
        members=hollow((int(of_segments["words"].sum()),), np.uint64),
        bytes_=hollow((small,), np.int8),
        shorts=hollow((sum(weights_of(part).size for part in parts) - small,), np.int16),
        **_lists(parts),
        reach=hollow((sum(_words(part) for part in parts if part.form == PLACES),), np.uint64),
        **strip_records(program, parts, image),
        tile_records=tile_records(program, parts, blocks, room_of_sums(size, records)),
        tiles=hollow((sum(part.tiled.weights.size for part in parts if part.tiled is not None),), np.int8),
        tile_shapes=tile_shapes(),
    )


def _lists(parts: list[Packed]) -> dict[str, NDArray[Any]]:
    """Tables of lists, which are counted but not written yet."""
    own = [part.lists for part in parts if part.lists is not None]
    told = [lists for lists in own if not lists.expands]
    return {
        "starts": hollow((sum(lists.starts.size for lists in own),), np.int64),
        "near": hollow((sum(lists.size for lists in told if lists.near),), np.uint16),
        "far": hollow((sum(lists.size for lists in told if not lists.near),), np.int32),
        "present": hollow((sum(x.words * (x.starts.size - 1) for x in own if x.expands),), np.uint64),
        "listed": hollow((sum(lists.size for lists in own),), np.int8),
    }


def hollow(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Array of zeros whose values all lie in the same place."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def _words(part: Packed) -> int:
    """Words of the mask of one row of weights."""
    return -(-part.exist.shape[1] // WORD)


def _pack(program: Program, q: Projection, image: dict[str, Image], ahead: bool) -> Iterator[Packed]:
    """Pack `q` as `packing.pack` does, dense rows without their weights."""
    delays = q.delays if q.kind == "dense" else ()
    weights = [q.weights if np.ndim(q.delay) == 0 else np.where(q.delay == delay, q.weights, 0) for delay in delays]
    listed = [np.count_nonzero(own) < LISTED_SHARE * q.weights.size for own in weights]
    if q.kind != "dense" or any(listed):
        yield from pack(program, q, image, ahead)
        return
    valued = program.events(q.source).graded
    turned = outside(image.get(q.source), program.source(q.source).size)
    for delay, own in zip(delays, weights, strict=True):
        yield _rows(q, own, delay, np.count_nonzero(own, 0)[turned], valued, ahead)


def _rows(q: Projection, weights: NDArray[np.integer], delay: int, fan_out: Ints, valued: bool, ahead: bool) -> Packed:
    shape = weights.shape
    step_exp = step_exp_of(q)
    low, high = (int(end) >> step_exp for end in (min(weights.min(), 0), max(weights.max(), 0)))
    form = VALUES if shape[1] > WIDE_FAN_IN or valued else BYTES if low >= -128 and high <= 127 else SHORTS
    rows = hollow((shape[1], -(-shape[0] // COLUMNS) * COLUMNS), np.int8 if form == BYTES else np.int16)
    tiled = outline_dense(*shape[::-1]) if form == BYTES and ahead and has_matrix_unit() else None
    return Packed(q, delay, form, step_exp, fan_out, rows, hollow(shape[::-1], np.bool_), tiled=tiled, ahead=ahead)
