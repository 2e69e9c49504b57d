"""The processor's matrix unit (Intel AMX): products of tiles of bytes, exact in 32 bits.

A tile is 16 rows of 64 bytes. One instruction multiplies a tile of events (16 rows, 64 sources) by a tile of weights
(64 sources, 16 columns) and adds the products to a tile of sums: 16384 of them in 16 cycles (Intel, "Intel 64 and IA-32
Architectures Optimization Reference Manual", chapter on Intel AMX).
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .processor import IS_X86
from .shapes import TILE_BYTES, TILE_SIZE

INDEX = ir.IntType(64)
if IS_X86:
    llvmlite.binding.initialize_native_asmparser()


def _emit(builder: Any, text: str, constraints: str, *arguments: Any) -> None:
    if IS_X86:  # elsewhere no table asks for a product, and nobody gets here
        kind = ir.FunctionType(ir.VoidType(), [a.type for a in arguments])
        builder.asm(kind, text, constraints, list(arguments), side_effect=True)


def _memory(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """Arrays as addresses of bytes, everything else as it is."""
    return [
        builder.bitcast(context.make_array(kind)(context, builder, value).data, ir.IntType(8).as_pointer())
        if isinstance(kind, types.Array)
        else value
        for kind, value in zip(signature.args, arguments, strict=True)
    ]


@intrinsic
def configure(typingctx: Any, shapes: Any) -> Any:
    """Load the shapes of the tiles, once per thread and run."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _emit(builder, "ldtilecfg ($0)", "r,~{memory}", *_memory(context, builder, signature, arguments))
        return context.get_dummy_value()

    return types.void(shapes), code


@intrinsic
def release(typingctx: Any) -> Any:
    """Empty the tiles, so that the system need not save them when it switches threads."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _emit(builder, "tilerelease", "")
        return context.get_dummy_value()

    return types.void(), code


def _constant(value: int) -> Any:
    return ir.Constant(INDEX, value)


def _multiplier(high: int, wide: int) -> Any:
    """Make the product of `high` tiles of events, one below the other, and `wide` tiles of weights side by side."""
    pairs = [(m, n) for m in range(high) for n in range(wide)]

    @intrinsic
    def multiply(
        typingctx: Any, panel: Any, at: Any, stride: Any, weights: Any, first: Any, depth: Any, sums: Any, to: Any,
        second: Any, apart: Any,
    ) -> Any:  # fmt: skip
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            panel, at, stride, weights, first, depth, sums, to, second, apart = _memory(
                context, builder, signature, arguments
            )
            pitch = builder.mul(apart, _constant(4))
            rows = [builder.gep(panel, [builder.add(at, builder.mul(stride, _constant(16 * m)))]) for m in range(high)]
            block = builder.mul(depth, _constant(TILE_SIZE))
            columns = [
                builder.gep(weights, [builder.add(first, builder.mul(block, _constant(n)))]) for n in range(wide)
            ]
            for m, n in pairs:
                _emit(builder, f"tilezero %tmm{2 * m + n}", f"~{{tmm{2 * m + n}}}")
            before, loop, after = builder.block, builder.append_basic_block("tiles"), builder.append_basic_block("sums")
            builder.branch(loop)
            builder.position_at_end(loop)
            tile = builder.phi(INDEX)
            tile.add_incoming(_constant(0), before)
            for n, column in enumerate(columns):
                place = builder.gep(column, [builder.mul(tile, _constant(TILE_SIZE))])
                text = f"tileloaddt1 ($0,$1,1), %tmm{6 + n}"  # or weights drive events out of the first cache
                _emit(builder, text, f"r,r,~{{tmm{6 + n}}},~{{memory}}", place, _constant(TILE_BYTES))
                for m, row in enumerate(rows):
                    if n == 0:
                        place = builder.gep(row, [builder.mul(tile, _constant(TILE_BYTES))])
                        text = f"tileloadd ($0,$1,1), %tmm{4 + m}"
                        _emit(builder, text, f"r,r,~{{tmm{4 + m}}},~{{memory}}", place, stride)
                    _emit(builder, f"tdpbssd %tmm{6 + n}, %tmm{4 + m}, %tmm{2 * m + n}", f"~{{tmm{2 * m + n}}}")
            following = builder.add(tile, _constant(1))
            tile.add_incoming(following, loop)
            builder.cbranch(builder.icmp_unsigned("<", following, depth), loop, after)
            builder.position_at_end(after)
            for m, n in pairs:
                corner = builder.add(builder.mul(apart, _constant(16 * m)), second if n else to)
                place = builder.gep(sums, [builder.mul(corner, _constant(4))])
                _emit(builder, f"tilestored %tmm{2 * m + n}, ($0,$1,1)", "r,r,~{memory}", place, pitch)
            return context.get_dummy_value()

        return types.void(panel, at, stride, weights, first, depth, sums, to, second, apart), code

    return multiply


multiply_1x1, multiply_1x2, multiply_2x1, multiply_2x2 = (_multiplier(high, wide) for high in (1, 2) for wide in (1, 2))
"""``multiply_HxW(panel, at, stride, weights, first, depth, sums, to, second, apart)``: products of 16 H rows of events
with 16 W columns of weights.

Parameters
----------
panel : int8 array
at, stride : uint64
    Where the first row of events begins, and the distance of two rows.
weights : int8 array
first : uint64
    Where the first tile of weights begins; those of the next 16 columns lie behind its `depth` tiles.
depth : uint64
    Tiles of 64 sources.
sums : int32 array
to, second : uint64
    Where the sums of the first row lie, those of the first and of the next 16 columns.
apart : uint64
    Distance of two rows of sums.
"""
