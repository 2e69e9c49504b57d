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

COLUMNS = 64
"""Rows of weights are padded to a multiple of it."""


def _adder(columns: int) -> Any:
    """Make the loop for so many columns; the more, the fewer loops whose end the processor has to guess."""

    @intrinsic
    def add(
        typingctx: Any, weights: Any, at: Any, stride: Any, rows: Any, first: Any, last: Any, total: Any, column: Any
    ) -> Any:
        bits = weights.dtype.bitwidth
        weight, wider, result = (ir.VectorType(ir.IntType(width), columns) for width in (bits, 2 * bits, 32))
        index = ir.IntType(64)

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            memory = [
                context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            ]
            weights, at, stride, rows, first, last, total, column = memory
            corner = builder.gep(weights, [builder.add(at, column)])
            before, loop = builder.block, builder.append_basic_block("rows")
            after = builder.append_basic_block("after")
            builder.branch(loop)
            builder.position_at_end(loop)
            event, sums = builder.phi(index), builder.phi(wider)
            row = builder.zext(builder.load(builder.gep(rows, [event])), index)
            place = builder.bitcast(builder.gep(corner, [builder.mul(row, stride)]), weight.as_pointer())
            added = builder.add(sums, builder.sext(builder.load(place, align=bits // 8), wider))
            following = builder.add(event, ir.Constant(index, 1))
            event.add_incoming(first, before)
            event.add_incoming(following, loop)
            sums.add_incoming(ir.Constant(wider, None), before)
            sums.add_incoming(added, loop)
            builder.cbranch(builder.icmp_unsigned("<", following, last), loop, after)
            builder.position_at_end(after)
            place = builder.bitcast(builder.gep(total, [column]), result.as_pointer())
            widened = builder.sext(added, result) if wider != result else added
            builder.store(builder.add(builder.load(place, align=4), widened), place, align=4)
            return context.get_dummy_value()

        return types.void(weights, at, stride, rows, first, last, total, column), code

    return add


add_rows = _adder(COLUMNS)
"""``add_rows(weights, at, stride, rows, first, last, total, column)``: add `COLUMNS` columns of the rows
``rows[first:last]`` to ``total[column:]``.

Parameters
----------
weights : flat int8 or int16 array
at, stride : uint64
    Where row 0 begins, and the distance of two rows.
rows : int32 array
first, last : uint64
    Not the same. Sums of 8-bit weights are kept in 16 bits, so that 255 rows are the most.
total : int32 array
column : uint64
"""
add_rows_twice = _adder(2 * COLUMNS)
"""The same for twice as many columns."""


@intrinsic
def prefer_wide_vectors(typingctx: Any) -> Any:
    """Let LLVM use all 512 bits of a processor that has them; by itself it stays at 256. Elsewhere it does nothing."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # The set refuses attributes that llvmlite does not list, and this one is written as text.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), code
