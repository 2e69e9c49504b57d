"""Weights of one tap of a convolution, widened to 16 bits, added where the tap meets events.

Where a tap meets many places its weights are widened once: what is left for every event is to add them from memory to
sums in registers, half of the instructions that `vectors.add_rows` takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .compiled import kernel
from .shapes import COLUMNS
from .vectors import INDEX, loop


def _adder(chunks: int) -> Any:
    """Make the loop for so many chunks of columns."""
    columns = chunks * COLUMNS

    @intrinsic
    def add(typingctx: Any, tap: Any, rows: Any, first: Any, last: Any, total: Any, to: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            tap, rows, total = (
                context.make_array(signature.args[n])(context, builder, arguments[n]).data for n in (0, 1, 4)
            )
            words, result = ir.VectorType(ir.IntType(16), columns), ir.VectorType(total.type.pointee, columns)
            place = builder.bitcast(builder.gep(total, [arguments[5]]), result.as_pointer())
            before = builder.load(place, align=2)

            def add_row(event: Any, sums: Any) -> tuple[Any]:
                row = builder.zext(builder.load(builder.gep(rows, [event])), INDEX)
                weights = builder.gep(tap, [builder.mul(row, ir.Constant(INDEX, chunks))])
                return (builder.add(sums, builder.load(builder.bitcast(weights, words.as_pointer()), align=2)),)

            if result == words:
                (after,) = loop(builder, *arguments[2:4], (before,), add_row)
            else:
                (own,) = loop(builder, *arguments[2:4], (ir.Constant(words, None),), add_row)
                after = builder.add(before, builder.sext(own, result))
            builder.store(after, place, align=2)
            return context.get_dummy_value()

        return types.void(tap, rows, first, last, total, to), code

    return add


add_tap = _adder(1)
"""``add_tap(tap, rows, first, last, total, to)``: add the weights of ``rows[first:last]`` to ``total[to:]``.

Parameters
----------
tap : int16 array
    As `widen_tap` writes it.
rows : int32 array
    Source channels times `COLUMNS`.
first, last : uint64
    Not the same; 255 rows are the most if `total` is int32.
total : int16 or int32 array
    The former if no sum needs more.
to : uint64
"""
add_tap_twice = _adder(2)
"""The same for two chunks."""


@kernel
def widen_tap(weights, at, stride, channels, columns, tap):
    """Write `columns` of the rows of `channels` source channels, `stride` apart, to `tap`, one behind the other."""
    of, n = np.uint64(at), np.uint64(columns)
    for channel in range(np.uint64(channels)):
        for j in range(n):
            tap[channel * n + j] = np.int16(weights[of + channel * np.uint64(stride) + j])
