"""The one loop that Numba's own vectoriser does not reach: rows of weights added up in registers.

Written in LLVM's vector instructions, it keeps the sums of many neighbouring neurons in registers over all rows,
where a vectorised loop over the neurons would load and store them for every few rows. LLVM splits the vectors into what
the processor has.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .shapes import BIAS, COLUMNS

INDEX = ir.IntType(64)


def _adder(chunks: int) -> Any:
    """Make the loop for so many chunks; the more, the fewer loops whose end the processor has to guess."""
    columns = chunks * COLUMNS

    @intrinsic
    def add(
        typingctx: Any,
        weights: Any,
        at: Any,
        pitch: Any,
        chunk: Any,
        rows: Any,
        first: Any,
        last: Any,
        total: Any,
        to: Any,
        kept: Any,
    ) -> Any:
        bits = weights.dtype.bitwidth

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            memory = [
                context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            ]
            weights, at, pitch, chunk, rows, first, last, total, to, kept = memory
            offsets = [builder.mul(chunk, ir.Constant(INDEX, n)) for n in range(chunks)]
            corners = [builder.gep(weights, [builder.add(at, offset)]) for offset in offsets]

            def load(event: Any, kind: Any) -> Any:
                row = builder.zext(builder.load(builder.gep(rows, [event])), INDEX)
                place = builder.mul(row, pitch)
                part = ir.VectorType(kind.element, kind.count // chunks)
                pointers = [builder.bitcast(builder.gep(corner, [place]), part.as_pointer()) for corner in corners]
                found = [builder.load(pointer, align=bits // 8) for pointer in pointers]
                if chunks == 1:
                    return found[0]
                return builder.shuffle_vector(
                    *found, ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [*range(kind.count)])
                )

            summed = (_sum_bytes if bits == 8 else _sum_shorts)(builder, columns, first, last, load)
            result = ir.VectorType(ir.IntType(32), columns)
            place = builder.bitcast(builder.gep(total, [to]), result.as_pointer())
            widened = builder.sext(summed, result) if summed.type != result else summed
            before = builder.select(kept, builder.load(place, align=4), ir.Constant(result, None))
            builder.store(builder.add(before, widened), place, align=4)
            return context.get_dummy_value()

        return types.void(weights, at, pitch, chunk, rows, first, last, total, to, types.boolean), code

    return add


def _sum_bytes(builder: Any, columns: int, first: Any, last: Any, load: Any) -> Any:
    """Sum 8-bit weights two by two: to widen each by itself is more work than to add it.

    A word of 16 bits holds the weight of an even column plus `BIAS`, and 256 times that of the odd one. The words are
    summed, and so are their upper halves; the sums of the even columns are what is left of the former.
    """
    words = ir.VectorType(ir.IntType(16), columns // 2)
    eight = ir.Constant(words, [8] * words.count)

    def add(event: Any, both: Any, odd: Any) -> tuple[Any, Any]:
        pair = load(event, words)
        return builder.add(both, pair), builder.add(odd, builder.ashr(pair, eight))

    biases = builder.trunc(builder.mul(builder.sub(first, last), ir.Constant(INDEX, BIAS)), words.element)
    one = builder.insert_element(ir.Constant(words, None), biases, ir.Constant(INDEX, 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), words.count), None)
    unbiased = builder.shuffle_vector(one, one, everywhere)
    both, odd = loop(builder, first, last, (unbiased, ir.Constant(words, None)), add)
    even = builder.sub(both, builder.shl(odd, eight))
    in_turn = [column // 2 + column % 2 * words.count for column in range(columns)]
    return builder.shuffle_vector(even, odd, ir.Constant(ir.VectorType(ir.IntType(32), columns), in_turn))


def _sum_shorts(builder: Any, columns: int, first: Any, last: Any, load: Any) -> Any:
    """Sum 16-bit weights in 32 bits."""
    narrow, wide = (ir.VectorType(ir.IntType(bits), columns) for bits in (16, 32))

    def add(event: Any, sums: Any) -> tuple[Any]:
        return (builder.add(sums, builder.sext(load(event, narrow), wide)),)

    return loop(builder, first, last, (ir.Constant(wide, None),), add)[0]


def loop(builder: Any, first: Any, last: Any, sums: tuple[Any, ...], add: Any) -> tuple[Any, ...]:
    """Emit the loop from `first` to `last`, where ``add(event, *sums)`` gives the next sums; return the last ones."""
    before, loop = builder.block, builder.append_basic_block("rows")
    after = builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    event, *kept = (builder.phi(start.type) for start in (first, *sums))
    following = builder.add(event, ir.Constant(INDEX, 1)), *add(event, *kept)
    for value, start, end in zip((event, *kept), (first, *sums), following, strict=True):
        value.add_incoming(start, before)
        value.add_incoming(end, loop)
    builder.cbranch(builder.icmp_unsigned("<", following[0], last), loop, after)
    builder.position_at_end(after)
    return following[1:]


add_rows = _adder(1)
"""``add_rows(weights, at, pitch, chunk, rows, first, last, total, to, kept)``: add one chunk of the rows
``rows[first:last]`` to ``total[to:]``.

Parameters
----------
weights : flat int8 or int16 array
    8-bit ones with `BIAS` in even columns.
at, pitch, chunk : uint64
    Where the chunk begins in row 0, and how far the next row and the next chunk are.
rows : int32 array
first, last : uint64
    Not the same. Sums of 8-bit weights are kept in 16 bits, so that 255 rows are the most.
total : int32 array
to : uint64
kept : bool
    Whether to add to what `total` holds, and not to zeros.
"""
add_rows_twice = _adder(2)
"""The same for two chunks."""


@intrinsic
def prefer_wide_vectors(typingctx: Any) -> Any:
    """Let LLVM use all 512 bits of a processor that has them; by itself it stays at 256. Elsewhere it does nothing."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # The set refuses attributes that llvmlite does not list, and this one is written as text.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), code
