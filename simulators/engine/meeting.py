"""Where threads that share a sample wait for each other, without the operating system as long as nobody is late."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .compiled import kernel
from .processor import IS_X86
from .shapes import MET

SPINS = 10_000
"""Looks before a thread sleeps, half a millisecond: longer than one oversleeps, or the others would sleep meanwhile and
oversleep in turn."""
NAP_US = 20
"""A processor that sleeps takes over a thread that waits for another one; one that only gives way does not."""
SLEEPS = os.name == "posix"
WORD = ir.IntType(64)


@kernel
def meet(work):
    """Go on when all runners have come here; what each has written until then the others read from then on."""
    if work.runners == 1:
        return
    here = _count_one(work.met) + 1
    all_here = (here + work.runners - 1) // work.runners * work.runners
    looks = 0
    while _counted(work.met) < all_here:
        looks += 1
        if looks < SPINS or not SLEEPS:
            _pause()
        else:
            _sleep()


@kernel
def gather_lists(tables, first, stop, t, work):
    """Put the lists of row `t` of all parts of populations together, where all runners then read them.

    The parts are those among the populations ``first .. stop - 1``, which all runners have finished first.
    """
    if work.runners == 1:
        return
    meet(work)
    for number in range(first, stop):
        p = tables.populations[number]
        if p.runner == work.runner and p.size < p.whole:
            _gather_list(tables, number, t, work)
    meet(work)


@kernel
def _gather_list(tables, number, t, work):
    """Copy the list of a part behind those of the parts before it; that of the last one ends the list of all."""
    p = tables.populations[number]
    events, to, before = work.rows[p.sent - 1], work.begin[p.source, t], number - 1
    while before >= 0 and tables.populations[before].source == p.source:
        to += work.rows[tables.populations[before].sent - 1]
        before -= 1
    for event in range(events):
        work.rows[to + event] = np.int32(work.rows[p.sent + event] + p.part)
    if p.valued:
        for event in range(events):
            work.values[to + event] = work.values[p.sent + event]
    if p.part + p.size == p.whole:
        work.begin[p.source, t + 1] = to + events


def _place(context: Any, builder: Any, kind: Any, met: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, met).data, [ir.Constant(WORD, MET)])


@intrinsic
def _count_one(typingctx: Any, met: Any) -> Any:
    """Add one to how many have come, and return how many had."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], arguments[0])
        return builder.atomic_rmw("add", place, ir.Constant(WORD, 1), "acq_rel")

    return types.int64(met), code


@intrinsic
def _counted(typingctx: Any, met: Any) -> Any:
    """Return how many have come."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature.args[0], arguments[0]), "acquire", 8)

    return types.int64(met), code


@intrinsic
def _pause(typingctx: Any) -> Any:
    """Tell the processor that this is a loop of waiting."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if IS_X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def _sleep(typingctx: Any) -> Any:
    """Let another thread have this processor for a while."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        sleep = cgutils.get_or_insert_function(builder.module, kind, "usleep")
        builder.call(sleep, [ir.Constant(ir.IntType(32), NAP_US)])
        return context.get_dummy_value()

    return types.void(), code
