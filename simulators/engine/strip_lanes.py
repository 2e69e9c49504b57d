"""What is done to the strips of a convolution, in LLVM's vector instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .shapes import AT_ONCE, BLOCK, LANES

WORD = ir.IntType(64)


def _adder(lanes: int) -> Any:
    @intrinsic
    def add(typingctx: Any, sums: Any, at: Any, weights: Any, of: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def place(of: int) -> Any:
                kind = ir.VectorType(ir.IntType(signature.args[of].dtype.bitwidth), lanes)
                memory = context.make_array(signature.args[of])(context, builder, arguments[of]).data
                return builder.bitcast(builder.gep(memory, [arguments[of + 1]]), kind.as_pointer()), kind

            (total, wide), (row, _) = place(0), place(2)
            added = builder.sext(builder.load(row, align=1), wide)
            builder.store(builder.add(builder.load(total, align=2), added), total, align=2)
            return context.get_dummy_value()

        return types.void(sums, at, weights, of), code

    return add


add_lanes, add_two_lanes, add_block = _adder(LANES), _adder(2 * LANES), _adder(BLOCK)
"""``add_block(sums, at, weights, of)``: add `BLOCK` narrower `weights` from `of` on to `sums` from `at` on; the others
add `LANES` and twice as many."""


@intrinsic
def list_alike(
    typingctx: Any, table: Any, a: Any, b: Any, c: Any, classes: Any, to: Any, of: Any, strip_to: Any, strip_of: Any,
    listed: Any,
) -> Any:  # fmt: skip
    """``list_alike(table, a, b, c, classes, to, of, strip_to, strip_of, listed)``: list `AT_ONCE` strips of an event.

    The four numbers at `a`, `b` and `c` of the table are added up. The first says where among the `classes` its record
    begins, and is returned. To what that has from `to` on the second is added, and written behind the `listed` entries
    of `strip_to`; and the third to what it has from `of` on, for `strip_of`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory = [
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        table, a, b, c, classes, to, of, strip_to, strip_of, listed = memory
        kind = ir.VectorType(ir.IntType(32), AT_ONCE)

        def place(array: Any, index: Any) -> Any:
            return builder.bitcast(builder.gep(array, [index]), kind.as_pointer())

        x, y, z = (builder.load(place(table, index), align=4) for index in (a, b, c))
        both = builder.add(builder.add(x, y), z)
        record = builder.zext(builder.extract_element(both, ir.Constant(ir.IntType(32), 0)), WORD)
        at = builder.add(classes, record)
        for lane, offset, listing in ((1, to, strip_to), (2, of, strip_of)):
            everywhere = builder.shuffle_vector(both, both, ir.Constant(kind, [lane] * AT_ONCE))
            found = builder.load(place(table, builder.add(at, offset)), align=4)
            builder.store(builder.add(found, everywhere), place(listing, listed), align=4)
        return record

    return types.uint64(table, a, b, c, classes, to, of, strip_to, strip_of, listed), code
