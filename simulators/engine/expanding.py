"""Lists of synapses in a bit for every place and a byte for every weight, spread out by one instruction of AVX-512.

From one synapse in sixteen places on, that is no more memory than lists of targets, and faster: the sums
of 64 neighbouring neurons are loaded and stored once for four source neurons.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .compiled import kernel
from .lanes import count_ones
from .shapes import EXPANDED
from .sums import add_shifted
from .vectors import prefer_wide_vectors

AT_ONCE = 4
"""Source neurons that are added together."""
FLUSH = 252
"""Rows of 8-bit weights whose sum fits 16 bits whatever they hold, a multiple of `AT_ONCE`: 252 x 128 < 2**15."""


@intrinsic
def _expand(typingctx: Any, weights: Any, starts: Any, masks: Any, sums: Any, column: Any) -> Any:
    """Add four lists to 64 sums: the even columns' 32 sums of 16 bits, then the odd columns'."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flat = [context.make_array(signature.args[n])(context, builder, arguments[n]).data for n in (0, 3)]
        bytes_, words = ir.VectorType(ir.IntType(8), EXPANDED), ir.VectorType(ir.IntType(16), EXPANDED // 2)
        bits = ir.VectorType(ir.IntType(1), EXPANDED)
        load = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(bytes_, [ir.IntType(8).as_pointer(), bits, bytes_]),
            "llvm.masked.expandload.v64i8",
        )
        eight = ir.Constant(words, [8] * words.count)
        even_place = builder.bitcast(builder.gep(flat[1], [arguments[4]]), words.as_pointer())
        odd_place = builder.gep(even_place, [ir.Constant(ir.IntType(64), 1)])
        even, odd = builder.load(even_place, align=2), builder.load(odd_place, align=2)
        for n in range(AT_ONCE):
            at, mask = (builder.extract_value(arguments[which], n) for which in (1, 2))
            place = builder.gep(flat[0], [at])
            pair = builder.bitcast(builder.call(load, [place, builder.bitcast(mask, bits), bytes_(None)]), words)
            even = builder.add(even, builder.ashr(builder.shl(pair, eight), eight))
            odd = builder.add(odd, builder.ashr(pair, eight))
        builder.store(even, even_place, align=2)
        builder.store(odd, odd_place, align=2)
        return context.get_dummy_value()

    return types.void(weights, starts, masks, sums, column), code


@kernel
def sum_expanded(starts, q, present, weights, rows, first, last, sums, marks, total):
    """Sum the synapses of the sources ``rows[first:last]`` into `total` (int32), and set the bits of their targets.

    `sums` (int16) is scratch; `marks` (int64) are words of one bit for every target neuron.
    """
    prefer_wide_vectors()
    words = np.uint64(q.stride)
    for j in range(words):
        marks[j] = 0
    for j in range(np.uint64(EXPANDED) * words):
        total[j] = 0
    for begin in range(np.uint64(first), np.uint64(last), np.uint64(FLUSH)):
        end = min(begin + np.uint64(FLUSH), np.uint64(last))
        for j in range(np.uint64(EXPANDED) * words):
            sums[j] = 0
        for event in range(begin, end, np.uint64(AT_ONCE)):
            _add_four(starts, q, present, weights, rows, event, end, sums, marks)
        for word in range(words):
            block = np.uint64(EXPANDED) * word
            for j in range(np.uint64(EXPANDED // 2)):
                total[block + np.uint64(2) * j] += np.int32(sums[block + j])
                total[block + np.uint64(2) * j + np.uint64(1)] += np.int32(sums[block + np.uint64(EXPANDED // 2) + j])


@kernel
def _add_four(starts, q, present, weights, rows, event, end, sums, marks):
    """Add the lists of four events, or of fewer before `end`; those that are missing have no synapses."""
    words, origin, table = np.uint64(q.stride), np.uint64(q.start), np.uint64(q.present)
    left, listed = end - event - np.uint64(1), np.uint64(q.listed)
    n1, n2, n3 = min(left, np.uint64(1)), min(left, np.uint64(2)), min(left, np.uint64(3))
    r0, r1 = np.uint64(rows[event]), np.uint64(rows[event + n1])
    r2, r3 = np.uint64(rows[event + n2]), np.uint64(rows[event + n3])
    k0, k1 = listed + np.uint64(starts[origin + r0]), listed + np.uint64(starts[origin + r1])
    k2, k3 = listed + np.uint64(starts[origin + r2]), listed + np.uint64(starts[origin + r3])
    all_ones, none = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0)
    l1 = all_ones if left >= np.uint64(1) else none
    l2 = all_ones if left >= np.uint64(2) else none
    l3 = all_ones if left >= np.uint64(3) else none
    r0, r1, r2, r3 = table + r0 * words, table + r1 * words, table + r2 * words, table + r3 * words
    for j in range(words):
        m0, m1, m2, m3 = present[r0 + j], present[r1 + j] & l1, present[r2 + j] & l2, present[r3 + j] & l3
        marks[j] |= np.int64(m0 | m1 | m2 | m3)
        _expand(weights, (k0, k1, k2, k3), (m0, m1, m2, m3), sums, np.uint64(EXPANDED) * j)
        k0, k1, k2, k3 = k0 + count_ones(m0), k1 + count_ones(m1), k2 + count_ones(m2), k3 + count_ones(m3)


@kernel
def take_expanded(total, marks, size, q, p, a, touched):
    """Add the sums to `a`, shifted and wrapped, and mark the neurons that any synapse has reached."""
    add_shifted(total, 0, q.shift, a, size)
    for j in range(np.uint64(q.stride)):
        touched[np.uint64(p.word) + j] |= np.uint64(marks[j])
