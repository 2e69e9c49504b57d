"""Bits of a word and lines of 64 bytes, in LLVM's instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .shapes import BLOCK

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
