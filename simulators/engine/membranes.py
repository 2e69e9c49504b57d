"""A step of 64 neurons, in LLVM's vector instructions; it splits them into what the processor has.

Numba's own vectoriser reaches half of it: it neither gives comparisons back as bits nor sees that nothing overlaps.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from ...exporters.program.program import STATE_LIMIT
from .processor import has_halves
from .shapes import BLOCK, LANES

MEMBRANE_BITS = STATE_LIMIT.bit_length() + 1
CURRENT_BITS = 32
"""A current wraps at 24 bits once, so that a large input leaves more."""
WORD = ir.IntType(64)
VECTOR = ir.VectorType(ir.IntType(32), LANES)
VECTOR_HALF = ir.VectorType(ir.IntType(32), LANES // 2)
SHORTS = ir.VectorType(ir.IntType(16), LANES)


def _all(value: int) -> ir.Constant:
    return ir.Constant(VECTOR, [value] * LANES)


def _everywhere(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(VECTOR, None), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, one, ir.Constant(VECTOR, None))


def _decayed(builder: Any, x: Any, keep: Any, bits: int) -> Any:
    """``x * keep / 4096`` rounded toward zero, for x of so many bits and ``keep <= 4096``, without leaving 32 bits.

    It is ``floor((x * keep + (4095 if x < 0 else 0)) / 4096)``, and the upper bits of x need not be divided. Where
    factors fit 16 bits LLVM is shown that they do: products of 32 bits take twice the work.
    """
    up = builder.lshr(builder.ashr(x, _all(31)), _all(20))
    upper = builder.ashr(x, _all(12))
    if bits <= 28:
        upper = builder.sext(builder.trunc(upper, SHORTS), VECTOR)
    low = builder.add(builder.mul(builder.and_(x, _all(4095)), keep), up)
    return builder.add(builder.mul(upper, keep), builder.ashr(low, _all(12)))


def _small_decayed(builder: Any, v: Any, keep: Any) -> Any:
    """The same for a membrane, in fewer instructions where the processor has those."""
    if not has_halves():
        return _decayed(builder, v, keep, MEMBRANE_BITS)
    parts = [_half_decayed(builder, _taken(builder, v, at), _taken(builder, keep, at)) for at in (0, LANES // 2)]
    return builder.shuffle_vector(*parts, ir.Constant(VECTOR, [*range(LANES)]))


def _half_decayed(builder: Any, v: Any, keep: Any) -> Any:
    """Shifted left by 4 bits, a magnitude of up to 27 bits has what lies above 12 bits, and below, as halves of 32.

    The upper one's product counts whole; of the lower one's, shifted by 4 bits too, the upper half does. The sign comes
    last, so that all is rounded toward zero.
    """

    def call(name: str, of: ir.Type, *values: Any) -> Any:
        kind = ir.FunctionType(of, [value.type for value in values])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.avx2.{name}"), values)

    halves = ir.VectorType(ir.IntType(16), 2 * v.type.count)
    zero, four, sixteen = (ir.Constant(v.type, [n] * v.type.count) for n in (0, 4, 16))
    size = builder.select(builder.icmp_signed("<", v, zero), builder.sub(zero, v), v)
    both = builder.bitcast(builder.shl(size, four), halves)
    low = builder.bitcast(call("pmulhu.w", halves, both, builder.bitcast(keep, halves)), v.type)
    high = call("pmadd.wd", v.type, both, builder.bitcast(builder.shl(keep, sixteen), halves))
    return call("psign.d", v.type, builder.add(high, low), v)


def _taken(builder: Any, vector: Any, first: int) -> Any:
    """Half of a vector, from the lane `first` on."""
    lanes = ir.Constant(VECTOR_HALF, [*range(first, first + LANES // 2)])
    return builder.shuffle_vector(vector, ir.Constant(VECTOR, None), lanes)


def _wrapped(builder: Any, x: Any) -> Any:
    """Wrap at 24 bits, to -2**23 + 1 .. 2**23."""
    over = builder.select(builder.icmp_signed(">", x, _all(2**23)), _all(2**24), _all(0))
    under = builder.select(builder.icmp_signed("<=", x, _all(-(2**23))), _all(2**24), _all(0))
    return builder.add(builder.sub(x, over), under)


def _clamped(builder: Any, x: Any) -> Any:
    low = builder.select(builder.icmp_signed("<", x, _all(STATE_LIMIT)), x, _all(STATE_LIMIT))
    return builder.select(builder.icmp_signed(">", low, _all(-STATE_LIMIT)), low, _all(-STATE_LIMIT))


def _stepper(current: bool, soft: bool, wraps: bool = True) -> Any:
    """Make one step of neurons with or without a decaying current, with a soft reset or one to zero.

    Their current is wrapped at 24 bits unless no input can be so large.
    """

    @intrinsic
    def advance(
        typingctx: Any, a: Any, at: Any, up: Any, u: Any, v: Any, first: Any, bias: Any, biased: Any, keep_u: Any,
        keep_v: Any, theta: Any,
    ) -> Any:  # fmt: skip
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, at, up, u, v, first, bias, biased, keep_u, keep_v, theta = (
                context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            )
            arriving = SHORTS if signature.args[0].dtype.bitwidth == 16 else VECTOR
            thirteen = ir.Constant(ir.IntType(32), 8191)
            keep_u, keep_v = (builder.and_(keep, thirteen) for keep in (keep_u, keep_v))
            up, keep_u, keep_v, theta = (_everywhere(builder, x) for x in (up, keep_u, keep_v, theta))
            spikes = ir.Constant(WORD, 0)
            for lane in range(0, BLOCK, LANES):

                def place(array: Any, index: Any, lane: int = lane, kind: Any = VECTOR) -> Any:
                    corner = builder.gep(array, [builder.add(index, ir.Constant(WORD, lane))])
                    return builder.bitcast(corner, kind.as_pointer())

                x = builder.load(place(a, at, kind=arriving), align=2)
                x = builder.shl(builder.sext(x, VECTOR) if arriving is SHORTS else x, up)
                if current:
                    x = builder.add(x, _decayed(builder, builder.load(place(u, first), align=4), keep_u, CURRENT_BITS))
                if wraps:
                    x = _wrapped(builder, x)
                if current:
                    builder.store(x, place(u, first), align=4)
                w = builder.add(x, _small_decayed(builder, builder.load(place(v, first), align=4), keep_v))
                w = _clamped(builder, builder.add(w, builder.load(place(bias, biased), align=4)))
                fired = builder.icmp_signed(">", w, theta)
                after = builder.sub(w, theta) if soft else _all(0)
                builder.store(builder.select(fired, after, w), place(v, first), align=4)
                bits = builder.zext(builder.bitcast(fired, ir.IntType(LANES)), WORD)
                spikes = builder.or_(spikes, builder.shl(bits, ir.Constant(WORD, lane)))
            return spikes

        return types.uint64(a, at, up, u, v, first, bias, biased, keep_u, keep_v, theta), code

    return advance


advance, advance_soft, advance_current, advance_current_soft = (
    _stepper(current, soft) for current in (False, True) for soft in (False, True)
)
advance_small, advance_small_soft = (_stepper(False, soft, wraps=False) for soft in (False, True))
"""``advance(a, at, up, u, v, first, bias, biased, keep_u, keep_v, theta)``: one step of the 64 neurons from
`first` on, with biases from `biased` on.

Parameters
----------
a : int16 or int32 array
    Summed input, from `at` on.
at, first, biased : uint64
up : int32
    By how many bits the input is shifted left: 6, and what is left of the exponent of its projection.
u, v, bias : int32 arrays
    u is not touched where nothing of it stays.
keep_u, keep_v, theta : int32
    ``4095 - du``, ``4096 - dv`` and ``vth << 6``.

Returns
-------
uint64
    A bit for every neuron that fired.
"""


@intrinsic
def decay(typingctx: Any, v: Any, first: Any, keep_v: Any, times: Any) -> Any:
    """``decay(v, first, keep_v, times)``: let the 64 membranes from `first` on decay so many times, at least once.

    When all of them are zero they stay so.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v, first, keep, times = arguments
        memory = context.make_array(signature.args[0])(context, builder, v).data
        keep = _everywhere(builder, builder.and_(keep, ir.Constant(ir.IntType(32), 8191)))
        indices = [builder.add(first, ir.Constant(WORD, lane)) for lane in range(0, BLOCK, LANES)]
        places = [builder.bitcast(builder.gep(memory, [index]), VECTOR.as_pointer()) for index in indices]
        before, loop = builder.block, builder.append_basic_block("decay")
        held = [builder.load(place, align=4) for place in places]
        builder.branch(loop)
        builder.position_at_end(loop)
        left, *kept = (builder.phi(value.type) for value in (times, *held))
        following = [builder.sub(left, times.type(1)), *(_small_decayed(builder, x, keep) for x in kept)]
        for phi, start, end in zip((left, *kept), (times, *held), following, strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(end, loop)
        after = builder.append_basic_block("after")
        any_left = builder.icmp_unsigned("!=", reduce(builder.or_, following[1:]), _all(0))
        any_left = builder.icmp_unsigned("!=", builder.bitcast(any_left, ir.IntType(LANES)), ir.IntType(LANES)(0))
        builder.cbranch(builder.and_(any_left, builder.icmp_signed(">", following[0], times.type(0))), loop, after)
        builder.position_at_end(after)
        for value, place in zip(following[1:], places, strict=True):
            builder.store(value, place, align=4)
        return context.get_dummy_value()

    return types.void(v, first, keep_v, types.int32), code
