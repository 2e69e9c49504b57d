"""Bits of a word and lines of 64 bytes, in LLVM's instructions."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .shapes import BLOCK, LANES

WORD = ir.IntType(64)
BYTES = ir.VectorType(ir.IntType(8), BLOCK)


@intrinsic
def ones(typingctx: Any, values: Any, at: Any) -> Any:
    """``ones(values, at)``: one bit for each of the 64 integers from `at` on, whether it is not 0."""
    integers = ir.VectorType(ir.IntType(values.dtype.bitwidth), BLOCK)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        line = builder.bitcast(builder.gep(memory, [arguments[1]]), integers.as_pointer())
        held = builder.icmp_unsigned("!=", builder.load(line, align=1), ir.Constant(integers, None))
        return builder.bitcast(held, WORD)

    return types.uint64(values, at), code


@intrinsic
def list_ones(typingctx: Any, rows: Any, at: Any, place: Any, word: Any) -> Any:
    """``list_ones(rows, at, place, word)``: write ``place + n`` to ``rows[at:]`` for every bit n; return their end.

    `LANES` entries are written at a time, the surplus ones behind their end; for processors with AVX-512 VBMI2 alone.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, at, place, word = arguments
        memory = context.make_array(signature.args[0])(context, builder, rows).data
        bits, wide = ir.VectorType(ir.IntType(1), BLOCK), ir.VectorType(ir.IntType(32), LANES)
        kind = ir.FunctionType(BYTES, [BYTES, BYTES, bits])
        compress = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.mask.compress.v64i8")
        every = ir.Constant(BYTES, [*range(BLOCK)])
        packed = builder.call(compress, [every, ir.Constant(BYTES, None), builder.bitcast(word, bits)])
        one = builder.insert_element(ir.Constant(wide, None), builder.trunc(place, wide.element), WORD(0))
        first = builder.shuffle_vector(one, one, ir.Constant(wide, None))
        count = builder.ctpop(word)
        with ExitStack() as inside:
            for lane in range(0, BLOCK, LANES):
                if lane:
                    inside.enter_context(builder.if_then(builder.icmp_unsigned(">", count, WORD(lane)), likely=False))
                lanes = ir.Constant(wide, [*range(lane, lane + LANES)])
                part = builder.zext(builder.shuffle_vector(packed, ir.Constant(BYTES, None), lanes), wide)
                to = builder.bitcast(builder.gep(memory, [builder.add(at, WORD(lane))]), wide.as_pointer())
                builder.store(builder.add(part, first), to, align=4)
        return builder.add(at, count)

    return types.uint64(rows, at, place, word), code


@intrinsic
def lowest(typingctx: Any, word: Any) -> Any:
    """``lowest(word)``: position of the lowest one, 64 if there is none."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), code


@intrinsic
def count_ones(typingctx: Any, word: Any) -> Any:
    """``count_ones(word)``: number of ones in 64 bits."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code
