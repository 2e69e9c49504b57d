"""Records of populations, projections and convolutions, as the kernels read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Population, Program
from ...exporters.program.projection import WINDOWED
from .blocks import waits
from .cutting import Cut
from .packing import Packed
from .record_types import (
    ANY,
    BYTE_STRIPS,
    BYTES,
    LISTS,
    PLACES,
    PLAIN,
    POPULATION,
    PROJECTION,
    RELAY,
    SHORT_STRIPS,
    SHORTS,
    VALUED_LISTS,
)
from .shapes import AHEAD_PRE, AHEAD_SUMS, BLOCK, COLUMNS, in_chunks
from .tables import Ints
from .words import WORD, Words
from .workspace import SLACK

CURRENT_LIMIT = 2**23
NO_LOW = -(2**31)
"""Lower threshold of neurons that have none."""
SMALL = (BYTES, BYTE_STRIPS, PLACES)
"""Forms whose weights have 8 bits."""


def population_records(cut: Cut, packed: dict[str, list[Packed]], segments: Sequence[int]) -> NDArray[np.void]:
    """Records of all populations but for `most`; `packed` are the projections into each, `segments` how many it has."""
    populations = cut.populations
    table = np.zeros(len(populations), POPULATION)
    table["size"] = [p.size for p in populations]
    _locate_parts(table, cut)
    table["state"] = firsts(-(-table["size"] // BLOCK) * BLOCK)
    table["projections"] = [len(packed[p.name]) for p in populations]
    table["projection"] = firsts(table["projections"])
    table["words"] = -(-table["size"] // WORD)
    table["word"] = firsts(table["words"])
    table["level"] = [p.level for p in populations]
    table["update"] = [update_of(p) for p in populations]
    table["wraps"] = [_wraps(packed[p.name]) for p in populations]
    alone = [own[0] if len(own := packed[p.name]) == 1 else None for p in populations]
    table["fused"] = [
        _fused(part) if part is not None and plain == PLAIN and p.kind != "ei_gain" else 0
        for p, part, plain in zip(populations, alone, table["update"], strict=True)
    ]
    table["direct"] = [
        part is not None and plain == PLAIN and p.kind != "ei_gain" and _is_direct(part)
        for p, part, plain in zip(populations, alone, table["update"], strict=True)
    ]
    table["biased"] = [-int(p.bias_mant.any()) for p in populations]
    table["sleeps"] = [_sleeps(p) for p in populations]
    table["valued"] = [cut.events(p.name).graded for p in populations]
    table["value"] = (firsts(table["size"] * table["valued"]) - table["part"]) * table["valued"]
    shared = table["update"] == PLAIN
    for name, register, whole, factor in (
        ("keep_u", "du", 4095, -1),
        ("keep_v", "dv", 4096, -1),
        ("theta", "vth", 0, 64),
    ):
        values = [getattr(p, register) for p, plain in zip(populations, shared, strict=True) if plain]
        table[name][shared] = [whole + factor * value for value in values]
    table["theta_low"] = [p.vth_low << 6 if p.kind == "ternary" else NO_LOW for p in populations]
    table["subtract"] = [p.reset == "subtract" for p in populations]
    table["divided"] = [p.kind == "ei_gain" for p in populations]
    for name in ("refractory", "reciprocal_bits", "quotient_exp", "divisor_min"):
        table[name] = [getattr(p, name) for p in populations]
    table["row"] = np.arange(len(table))
    table["segments"] = segments
    table["segment"] = firsts(table["segments"])
    return table


def _locate_parts(table: NDArray[np.void], cut: Cut) -> None:
    """Fill in of which population each is a part, and who runs it."""
    whole, waiting = [cut.whole.source(part.population) for part in cut.parts.values()], waits(cut.whole)
    number = {source.name: n for n, source in enumerate((*cut.inputs, *cut.whole.populations))}
    table["part"] = [part.first for part in cut.parts.values()]
    table["first"] = firsts(table["size"]) - table["part"]
    table["whole"] = [p.size for p in whole]
    table["source"] = [number[p.name] for p in whole]
    table["runner"] = [part.runner for part in cut.parts.values()]
    table["waits"] = [waiting[part.population] and part.first == 0 for part in cut.parts.values()]
    table["sent"] = firsts((table["size"] + SLACK + 1) * (table["size"] < table["whole"])) + 1


def _fused(part: Packed) -> int:
    """Form of the sums that the neurons can take as they are, if no others are added to them; else 0."""
    if part.projection.weight_exp + part.step_exp < 0 or part.largest is None:
        return 0
    return part.form if part.form in (BYTE_STRIPS, SHORT_STRIPS, PLACES) else 0


def _window(part: Packed) -> int:
    """Rows of events that may be summed at once, by chunks of weights."""
    pre, stride = part.rows.shape
    near = part.ahead and part.tiled is None and pre <= AHEAD_PRE
    return AHEAD_SUMS // stride if near and stride and _is_direct(part) else 0


def _is_direct(part: Packed) -> bool:
    return part.form in (BYTES, SHORTS) and part.projection.weight_exp + part.step_exp >= 0


def _sleeps(p: Population) -> bool:
    """Whether neurons only decay where nothing arrives."""
    return update_of(p) == PLAIN and p.kind != "ei_gain" and p.du == 4095 and not p.bias_mant.any()


def _wraps(parts: list[Packed]) -> bool:
    """Whether the input of a population, shifted left by 6 bits, may leave 24 bits."""
    bounds = [part.largest for part in parts]
    known = [bound for bound in bounds if bound is not None]
    return len(known) < len(bounds) or sum(known) << 6 >= CURRENT_LIMIT


def update_of(p: Population) -> int:
    """How the neurons of `p` are updated."""
    if p.kind == "relay":
        return RELAY
    plain = p.kind != "ternary" and not p.refractory and not p.per_neuron
    return PLAIN if plain else ANY


def projection_records(
    program: Program, parts: list[Packed], index: dict[str, int], masks: list[Words]
) -> NDArray[np.void]:
    """Records of all projections; `index` numbers the sources."""
    table = np.zeros(len(parts), PROJECTION)
    table["source"] = [index[part.projection.source] for part in parts]
    table["delay"] = [part.delay for part in parts]
    table["form"] = [part.form for part in parts]
    table["divisor"] = [part.projection.port == "divisor" for part in parts]
    table["valued"] = [program.events(part.projection.source).graded for part in parts]
    table["modulo"] = [part.projection.kind in WINDOWED for part in parts]
    table["shift"] = [part.projection.weight_exp + part.step_exp for part in parts]
    table["stride"] = [part.rows.shape[1] for part in parts]
    table["window"] = [_window(part) for part in parts]
    chunked = table["window"] > 0
    table["pitch"] = np.where(chunked, COLUMNS, table["stride"])
    table["chunk"] = np.where(chunked, [part.rows.shape[0] * COLUMNS for part in parts], COLUMNS)
    lists, small = np.isin(table["form"], (LISTS, VALUED_LISTS)), np.isin(table["form"], SMALL)
    for of_buffer, sizes in (
        (small, [weights_of(part).size for part in parts]),
        (~small & ~lists, [weights_of(part).size for part in parts]),
        (lists, [part.fan_out.size + 1 for part in parts]),
    ):
        table["start"][of_buffer] = firsts(np.array(sizes, np.int64)[of_buffer])
    _locate_lists(table, parts)
    table["synapse"] = firsts(mask.size for mask in masks)
    stripped = [part.strips is not None for part in parts]
    table["strip"][stripped] = np.arange(sum(stripped))
    tiled = [part.tiled is not None for part in parts]
    table["tile"] = -1
    table["tile"][tiled] = np.arange(sum(tiled))
    places = table["form"] == PLACES
    table["reach"][places] = firsts(mask.shape[1] for mask, own in zip(masks, places, strict=True) if own)
    return table


def _locate_lists(table: NDArray[np.void], parts: list[Packed]) -> None:
    """Fill in where the lists of each projection lie, and how they are stored and summed."""
    own = [(record, part.lists) for record, part in zip(table, parts, strict=True) if part.lists is not None]
    table["present"] = -1
    ends, end, word = {True: 0, False: 0}, 0, 0
    for record, lists in own:
        record["near"], record["target"], record["listed"] = lists.near, ends[lists.near], end
        record["offset"], record["sum_bits"] = lists.offset, lists.sum_bits
        end += lists.size
        if lists.expands:
            record["present"], record["stride"] = word, lists.words
            word += lists.words * (lists.starts.size - 1)
        else:
            ends[lists.near] += lists.size


def weights_of(part: Packed) -> NDArray[np.integer]:
    """Weights of rows or places, and behind them of strips; none of lists."""
    return part.rows if part.strips is None else np.concatenate([part.rows.ravel(), part.strips.weights.ravel()])


def laid_weights(part: Packed) -> NDArray[np.integer]:
    """The same as the kernels read them."""
    rows = in_chunks(part.rows) if _window(part) else part.rows.ravel()
    return rows if part.strips is None else np.concatenate([rows, part.strips.weights.ravel()])


def firsts(sizes: Iterable[int]) -> Ints:
    """Where parts of these sizes start, one behind the other."""
    counts = np.array(list(sizes), np.int64)
    return np.cumsum(counts) - counts
