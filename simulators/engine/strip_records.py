"""Records and tables of the convolutions that are summed by strips or places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program
from ...exporters.program.synapses import out_shape, spatial
from .order import Image
from .packing import Packed
from .record_types import PLACES, STRIP
from .records import firsts
from .shapes import COLUMNS
from .words import WORD, Words, as_words

MANY_ROWS = 20
"""Under a kernel; from there on, to sum place by place is faster than by strips."""
AHEAD_PLACES = 256
"""A tap, whose weights have to be made ready, is added at so many places at once, if need be of several rows."""
ALWAYS = 1 << 62


def strip_records(program: Program, parts: list[Packed], image: dict[str, Image]) -> dict[str, NDArray[np.generic]]:
    """Tables of the convolutions that are summed by strips or places."""
    own = [(part, part.projection, part.strips) for part in parts if part.strips is not None]
    table, places, first = np.zeros(len(own), STRIP), [np.zeros(0, np.int32)], 0
    for record, (part, q, strips) in zip(table, own, strict=True):
        source = program.source(q.source).shape
        record["ins"], record["rows_in"], record["columns_in"] = spatial(source)
        record["outs"], record["rows_out"], record["columns_out"] = out_shape(q, source)
        record["taps_y"], record["taps_x"] = q.weights.shape[2:]
        (record["stride_y"], record["stride_x"]), (record["padding_y"], record["padding_x"]) = q.stride, q.padding
        record["words"] = -(-len(q.weights) // WORD)
        record["lines"], record["line"] = strips.weights.shape
        record["start"] = part.rows.size
        if part.form == PLACES:
            under = record["taps_y"] * record["taps_x"] / (record["rows_in"] * record["columns_in"])
            record["few"] = MANY_ROWS / under if strips.weights.size else 0
            record["window"] = -(-AHEAD_PLACES // (record["rows_out"] * record["columns_out"])) if part.ahead else 1
        else:
            record["few"] = ALWAYS
        turned, record["most"] = q.source in image, strips.most
        inner = record["ins"] if turned else record["columns_in"]
        outer = record["columns_in"] * (inner if turned else record["rows_in"])
        record["inner"], record["inner_inverse"], record["inner_shift"] = inner, *inverse(int(inner))
        record["outer"], record["outer_inverse"], record["outer_shift"] = outer, *inverse(int(outer))
        parts_of = (
            (strips.rows, strips.columns, strips.channels) if turned else (strips.channels, strips.rows, strips.columns)
        )
        for name, table_of in zip(("a", "b", "c", "classes"), (*parts_of, strips.classes), strict=True):
            record[name] = first
            places.append(table_of.ravel())
            first += places[-1].size
    table["size"] = table["outs"] * table["rows_out"] * table["columns_out"]
    table["pitch"] = -(-table["size"] // COLUMNS) * COLUMNS + COLUMNS
    table["mask_words"] = -(-table["line"] // WORD)
    table["mask"] = firsts(table["lines"] * table["mask_words"])
    return {
        "strips": table,
        "places": np.concatenate(places),
        "masks": np.concatenate([np.zeros(0, np.uint64), *[_mask(strips.weights) for *_, strips in own]]),
    }


def _mask(weights: NDArray[np.integer]) -> Words:
    """Which weights of every strip are synapses."""
    return as_words(weights != 0).ravel()


def inverse(divisor: int) -> tuple[int, int]:
    """Return f and s so that ``n // divisor == n * f >> s`` for all n below 2**31, with products that fit 63 bits."""
    shift = 31 + (divisor - 1).bit_length()
    return -(-(1 << shift) // divisor), shift
