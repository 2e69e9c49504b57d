"""Synapses of a list added to the sums of their targets, eight at a time.

One at a time, a synapse takes two loads beside that of its sum. Here targets and weights come in whole words, the
weights made ready in a vector, which leaves a third of the loads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .compiled import kernel

SCATTERED = 8
"""Synapses that are added at once."""
INDEX = ir.IntType(64)


@intrinsic
def _scatter(typingctx: Any, targets: Any, at: Any, weights: Any, of: Any, one: Any, total: Any) -> Any:
    """Add ``weights[of + n] + one`` to ``total[targets[at + n]]`` for eight n, one after the other."""
    bits = targets.dtype.bitwidth

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flat = [context.make_array(signature.args[n])(context, builder, arguments[n]).data for n in (0, 2, 5)]
        narrow, wide = (ir.VectorType(ir.IntType(size), SCATTERED) for size in (8, 32))
        place = builder.bitcast(builder.gep(flat[1], [arguments[3]]), narrow.as_pointer())
        ones = builder.insert_element(ir.Constant(wide, None), arguments[4], ir.Constant(INDEX, 0))
        everywhere = ir.Constant(wide, None)
        ready = builder.add(
            builder.sext(builder.load(place, align=1), wide), builder.shuffle_vector(ones, ones, everywhere)
        )
        pairs = builder.bitcast(ready, ir.VectorType(INDEX, SCATTERED // 2))
        words = builder.bitcast(builder.gep(flat[0], [arguments[1]]), INDEX.as_pointer())
        held = [_register(builder, builder.extract_element(pairs, ir.Constant(INDEX, n))) for n in range(4)]
        for n in range(SCATTERED):
            first, bit = divmod(n * bits, 64)
            if bit == 0:
                place = builder.gep(words, [ir.Constant(INDEX, first)])
                word = _register(builder, builder.load(place, align=bits // 8))
            target = builder.lshr(word, ir.Constant(INDEX, bit))
            target = builder.and_(target, ir.Constant(INDEX, (1 << bits) - 1))
            weight = builder.trunc(builder.lshr(held[n // 2], ir.Constant(INDEX, 32 * (n % 2))), ir.IntType(32))
            sum_ = builder.gep(flat[2], [target])
            builder.store(builder.add(builder.load(sum_, align=4), weight), sum_, align=4)
        return context.get_dummy_value()

    return types.void(targets, at, weights, of, one, total), code


def _register(builder: Any, word: Any) -> Any:
    """Hold a word in a register: LLVM would load, or take out of the vector, each of its parts by itself."""
    return builder.asm(ir.FunctionType(INDEX, [INDEX]), "", "=r,0", [word], False)


@kernel
def scatter(targets, at, weights, of, size, one, total):
    """Add the weights of `size` synapses, each plus `one`, to the sums of their targets.

    Parameters
    ----------
    targets : uint16 or int32 array
        From `at` on.
    weights : int8 array
        From `of` on.
    at, of, size : uint64
    one : int32
    total : int32 array
    """
    whole = size & ~np.uint64(SCATTERED - 1)
    for k in range(np.uint64(0), whole, np.uint64(SCATTERED)):
        _scatter(targets, at + k, weights, of + k, one, total)
    for k in range(whole, size):
        place = np.uint64(targets[at + k])
        total[place] = np.int32(total[place] + np.int32(one + np.int32(weights[of + k])))
