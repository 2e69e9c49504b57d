"""From a program to the tables of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Input, Population, Program
from .blocks import block_of, blocks_of_parts
from .cutting import Cut
from .listing import join_lists
from .order import Image, images, outside
from .packing import pack
from .record_types import ANY, PLACES
from .records import SMALL, laid_weights, population_records, projection_records, update_of
from .segment_records import Segments, fill_most, members_of, number_of, segment_records
from .shapes import BLOCK, CACHE_LINE, tile_shapes
from .strip_records import strip_records
from .tables import Ints, Tables
from .tallies import Tally, make_tallies
from .tally_records import rows_of, tally_records
from .tile_records import tile_records
from .words import as_words, number_of_ones, reachable
from .workspace import room_of_sums

if TYPE_CHECKING:
    from ..placement import Placement


class Plan(NamedTuple):
    """Tables of a program, and what their numbers stand for.

    Attributes
    ----------
    tables : Tables
    images : dict of str to (C, H, W)
        Populations whose neurons lie place by place.
    projections : list of str
        Projection of the whole program behind every one of the tables.
    tallies : dict of source to Tally
        What is counted of its events.
    """

    tables: Tables
    images: dict[str, Image]
    projections: list[str]
    tallies: dict[str, Tally]


def build_tables(program: Cut, segments: Segments, place: Placement | None = None) -> Plan:
    """Flatten a valid program for the kernels.

    Parameters
    ----------
    program : Cut
    segments : dict of population to parts
    place : Placement, optional
        Count by core too.
    """
    populations = program.populations
    inputs = sorted(program.inputs, key=lambda port: port.kind == "graded")  # stable: by name within a kind
    sources: list[Input | Population] = [*inputs, *program.whole.populations]
    index = {source.name: number for number, source in enumerate(sources)}
    image = images(program)
    home = block_of(program.whole)
    packed = {
        p.name: [
            part
            for q in program.into(p.name)
            for part in pack(program, q, image, home.get(q.source) != home[program.parts[p.name].population])
        ]
        for p in populations
    }
    parts = [part for own in packed.values() for part in own]
    blocks = [home[program.parts[part.projection.target].population] for part in parts]
    whole = [program.pieces[part.projection.name] for part in parts]
    order = {p.name: outside(image.get(p.name), p.size) for p in populations}
    tallies = make_tallies(program, parts, index, image, place)
    masks = [as_words(part.exist) for part in parts]
    placed = [mask for part, mask in zip(parts, masks, strict=True) if part.form == PLACES]
    always = [as_words(p.bias_mant[None, order[p.name]] != 0)[0] for p in populations]
    touchable = [reachable(p.name, own, masks, parts) for p, own in zip(populations, always, strict=True)]
    size = _ints([source.size for source in sources])
    records = projection_records(program, parts, index, masks)
    of_populations = population_records(program, packed, [len(segments[p.name]) for p in populations])
    of_populations["most"] = [number_of_ones(own) for own in touchable]
    of_segments = segment_records(segments, of_populations, image, len(populations) + len(parts))
    members = members_of(segments, image, order)
    fill_most(of_segments, members, _join(touchable, np.uint64))
    tables = Tables(
        size=size,
        binary=sum(port.kind != "graded" for port in inputs),
        inputs=len(inputs),
        block=_ints(blocks_of_parts(program)),
        populations=of_populations,
        projections=records,
        bias=_join([padded(p.bias[order[p.name]]) for p in populations], np.int32),
        **_registers(program, order),
        **tally_records(
            tallies.values(), parts, rows_of(whole), len(populations), number_of(segments), place is not None
        ),
        synapses=_join(masks, np.uint64),
        always=_join(always, np.uint64),
        reachable=_join(touchable, np.uint64),
        segments=of_segments,
        members=members,
        bytes_=_aligned(_join([laid_weights(part) for part in parts if part.form in SMALL], np.int8)),
        shorts=_aligned(_join([laid_weights(part) for part in parts if part.form not in SMALL], np.int16)),
        **join_lists([part.lists for part in parts if part.lists is not None])._asdict(),
        reach=_join([np.bitwise_or.reduce(mask, axis=0) for mask in placed], np.uint64),
        **strip_records(program, parts, image),
        tile_records=tile_records(program, parts, blocks, room_of_sums(size, records)),
        tiles=_aligned(_join([part.tiled.weights for part in parts if part.tiled is not None], np.int8)),
        tile_shapes=tile_shapes(),
    )
    return Plan(tables, image, whole, tallies)


def _registers(program: Program, order: dict[str, Ints]) -> dict[str, NDArray[np.int32]]:
    """Registers of every neuron, if any population needs them."""
    if not any(update_of(p) == ANY for p in program.populations):
        return dict.fromkeys(("keep_u", "keep_v", "theta"), np.zeros(0, np.int32))

    def each(register: str) -> Ints:
        own = [np.broadcast_to(np.asarray(getattr(p, register)), p.size)[order[p.name]] for p in program.populations]
        return _join([padded(values) for values in own], np.int64)

    found = {"keep_u": 4095 - each("du"), "keep_v": 4096 - each("dv"), "theta": each("vth") << 6}
    return {name: values.astype(np.int32) for name, values in found.items()}


def padded(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Values of the neurons of a population, with zeros up to a whole block of neurons."""
    return np.pad(values, (0, -values.size % BLOCK))


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int64)


def _join(arrays: Sequence[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([a.ravel() for a in arrays]).astype(dtype) if arrays else np.zeros(0, dtype)


def _aligned(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Copy to a cache line's beginning, so that no vector of weights lies across two of them."""
    room = np.empty(array.nbytes + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    copy = room[first : first + array.nbytes].view(array.dtype)
    copy[:] = array
    return copy
