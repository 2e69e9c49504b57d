"""Memory fetched into the nearest cache ahead of its use."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .compiled import kernel
from .shapes import CACHE_LINE

INDEX = ir.IntType(64)


@intrinsic
def _fetch(typingctx: Any, array: Any, at: Any) -> Any:
    """Fetch the cache line of ``array[at]``; return where the next one goes on."""
    values = CACHE_LINE * 8 // array.dtype.bitwidth

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        flag, memory = ir.IntType(32), ir.IntType(8).as_pointer()
        fetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [memory, flag, flag, flag]), "llvm.prefetch.p0i8"
        )
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), memory)
        builder.call(fetch, [place, *(ir.Constant(flag, value) for value in (0, 3, 1))])  # to read, and to stay, data
        return builder.add(arguments[1], ir.Constant(INDEX, values))

    return types.uint64(array, at), code


@kernel
def fetch_part(array, first, stop):
    """Fetch the cache lines of ``array[first:stop]``, which may lie behind its end."""
    at = np.uint64(first)
    while at < stop:
        at = _fetch(array, at)
