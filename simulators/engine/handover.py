"""Tables, workspaces, inputs and results as compiled code sees them: an address each, behind which arrays are told.

Handing thirty arrays from function to function takes LLVM longer than everything else, and handing them over from
Python a twentieth of a short sample. Here a member is read where it is used. As nobody writes there while a kernel
runs, LLVM is told that once is enough.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import PrimitiveModel
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import from_dtype

from .laying import WORDS
from .record_types import (
    COUNTER,
    POPULATION,
    PROJECTION,
    SEGMENT,
    SHARE,
    STRIP,
    TERM,
    TILE,
)

WORD = ir.IntType(64)


class Told(types.Type):
    """Address of members told one behind the other; `members` is their types by name."""

    def __init__(self, name: str, members: dict[str, types.Type]) -> None:
        self.members = members
        super().__init__(f"Told({name})")


@register_model(Told)
class _ToldModel(PrimitiveModel):
    def __init__(self, manager: Any, kind: Told) -> None:
        super().__init__(manager, kind, WORD.as_pointer())


@infer_getattr
class _ToldAttributes(AttributeTemplate):
    key = Told

    def generic_resolve(self, kind: Told, name: str) -> types.Type | None:
        return kind.members.get(name)


@lower_getattr_generic(Told)
def _read_member(context: Any, builder: Any, kind: Told, words: Any, name: str) -> Any:
    member, first = kind.members[name], WORDS * list(kind.members).index(name)

    def word(k: int) -> Any:
        loaded = builder.load(builder.gep(words, [ir.Constant(WORD, first + k)]))
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    if not isinstance(member, types.Array):
        return word(0)
    size = context.get_abi_sizeof(context.get_data_type(member.dtype))
    shape = [word(1 + k) for k in range(member.ndim)]
    strides = [ir.Constant(WORD, size)]
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(length, strides[0]))
    array = context.make_array(member)(context, builder)
    data = builder.inttoptr(word(0), context.get_data_type(member.dtype).as_pointer())
    populate_array(array, data, shape, strides, ir.Constant(WORD, size), None)
    return array._getvalue()


def _flat(kind: type[np.generic] | np.dtype[Any], dimensions: int = 1) -> types.Array:
    return types.Array(from_dtype(np.dtype(kind)), dimensions, "C")


TABLES = Told(
    "Tables",
    {
        "size": _flat(np.int64),
        "binary": types.int64,
        "inputs": types.int64,
        "block": _flat(np.int64),
        "populations": _flat(POPULATION),
        "projections": _flat(PROJECTION),
        "bias": _flat(np.int32),
        "keep_u": _flat(np.int32),
        "keep_v": _flat(np.int32),
        "theta": _flat(np.int32),
        "tally": _flat(np.int64),
        "counters": _flat(COUNTER),
        "shares": _flat(SHARE),
        "terms": _flat(TERM),
        "counted": types.int64,
        "synapses": _flat(np.uint64),
        "always": _flat(np.uint64),
        "reachable": _flat(np.uint64),
        "segments": _flat(SEGMENT),
        "members": _flat(np.uint64),
        "bytes_": _flat(np.int8),
        "shorts": _flat(np.int16),
        "starts": _flat(np.int64),
        "near": _flat(np.uint16),
        "far": _flat(np.int32),
        "present": _flat(np.uint64),
        "listed": _flat(np.int8),
        "reach": _flat(np.uint64),
        "strips": _flat(STRIP),
        "places": _flat(np.int32),
        "masks": _flat(np.uint64),
        "tile_records": _flat(TILE),
        "tiles": _flat(np.int8),
        "tile_shapes": _flat(np.uint8),
    },
)
WORKSPACE = Told(
    "Workspace",
    {
        "u": _flat(np.int32),
        "v": _flat(np.int32),
        "waiting": _flat(np.int32),
        "silent": _flat(np.int32),
        "asleep": _flat(np.int64),
        "rows": _flat(np.int32),
        "values": _flat(np.int32),
        "begin": _flat(np.int64, 2),
        "fired": _flat(np.uint8),
        "events": _flat(np.int32),
        "total": _flat(np.int32),
        "wide": _flat(np.int64),
        "a": _flat(np.int32),
        "ahead_since": _flat(np.int64),
        "ahead_until": _flat(np.int64),
        "divisor": _flat(np.int32),
        "sums16": _flat(np.int16),
        "sums32": _flat(np.int32),
        "sums64": _flat(np.int64),
        "marks": _flat(np.uint64),
        "strip_to": _flat(np.int32),
        "strip_of": _flat(np.int32),
        "placed": _flat(np.int32),
        "begins": _flat(np.int64),
        "tap": _flat(np.int16),
        "touched": _flat(np.uint64),
        "panel": _flat(np.int8),
        "until": _flat(np.int64),
        "since": _flat(np.int64),
        "tiled": _flat(np.int64),
        "counted": _flat(np.int64),
        "few": _flat(np.int32),
        "counts": _flat(np.int32),
        "met": _flat(np.int64),
        "runner": types.int64,
        "runners": types.int64,
    },
)
INPUTS = Told("Inputs", {"spikes": _flat(np.uint8), "values": _flat(np.int32), "grey": _flat(np.int64)})
RESULTS = Told(
    "Results",
    {
        "counts": _flat(np.int32),
        "last": _flat(np.int32),
        "counted": _flat(np.int64),
        "spikes": _flat(np.uint8),
        "values": _flat(np.int32),
        "u": _flat(np.int32),
        "v": _flat(np.int32),
    },
)


_INTS = _flat(np.int64)
COUNTED = Told(
    "Counted",
    {"post": _INTS, "pre": _INTS, "weight": _flat(np.int32), "fan_out": _INTS, "fan_in": _INTS, "reach": _INTS},
)
SPREAD = Told(
    "Spread",
    {
        "post": _INTS,
        "pre": _INTS,
        "weight": _flat(np.int8),
        "following": _INTS,
        "near": _flat(np.uint16),
        "far": _flat(np.int32),
        "present": _flat(np.uint64),
        "weights": _flat(np.int8),
    },
)


def _reader(kind: Told) -> Any:
    """Make what turns an address into members."""

    @intrinsic
    def read(typingctx: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], WORD.as_pointer())

        return kind(types.int64), code

    return read


read_tables, read_workspace = _reader(TABLES), _reader(WORKSPACE)
read_inputs, read_results = _reader(INPUTS), _reader(RESULTS)
read_counted, read_spread = _reader(COUNTED), _reader(SPREAD)
