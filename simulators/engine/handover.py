"""Tables and workspaces in the form in which compiled code holds them, laid down in memory once.

Handing thirty arrays to a kernel costs a twentieth of a short sample, handing over one with all of them in it next to
nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

from .compiled import kernel
from .tables import COUNTER, POPULATION, PROJECTION, SHARE, STRIP, TERM, TILE, Ints, Tables
from .workspace import Workspace

WORDS = 16
"""Room for a member, in words of eight bytes; an array of two dimensions takes nine."""


def _flat(kind: type[np.generic] | np.dtype[Any], dimensions: int = 1) -> types.Array:
    return types.Array(from_dtype(np.dtype(kind)), dimensions, "C")


TABLES = types.NamedTuple(
    (
        _flat(np.int64),  # size
        types.int64,  # binary
        types.int64,  # inputs
        _flat(np.int64),  # block
        _flat(POPULATION),  # populations
        _flat(PROJECTION),  # projections
        _flat(np.int32),  # bias
        _flat(np.int32),  # keep_u
        _flat(np.int32),  # keep_v
        _flat(np.int32),  # theta
        _flat(np.int64),  # bit
        _flat(np.int64),  # tally
        _flat(COUNTER),  # counters
        _flat(SHARE),  # shares
        _flat(TERM),  # terms
        types.int64,  # kept
        _flat(np.uint64),  # synapses
        _flat(np.uint64),  # always
        _flat(np.uint64),  # reachable
        _flat(np.int64),  # segment
        _flat(np.uint64),  # members
        types.int64,  # segments
        _flat(np.int8),  # bytes_
        _flat(np.int16),  # shorts
        _flat(np.int64),  # starts
        _flat(np.uint16),  # near
        _flat(np.int32),  # far
        _flat(np.uint64),  # present
        _flat(np.int8),  # listed
        _flat(np.uint64),  # reach
        _flat(STRIP),  # strips
        _flat(np.int64),  # places
        _flat(np.int32),  # codes
        _flat(np.uint64),  # masks
        _flat(TILE),  # tile_records
        _flat(np.int8),  # tiles
        _flat(np.int32),  # spots
        _flat(np.uint8),  # tile_shapes
    ),
    Tables,
)
WORKSPACE = types.NamedTuple(
    (
        _flat(np.int32),  # u
        _flat(np.int32),  # v
        _flat(np.int32),  # waiting
        _flat(np.int32),  # rows
        _flat(np.int32),  # values
        _flat(np.int64, 2),  # begin
        _flat(np.uint8),  # fired
        _flat(np.int32),  # events
        _flat(np.int32),  # total
        _flat(np.int64),  # wide
        _flat(np.int32),  # a
        _flat(np.int32),  # divisor
        _flat(np.int16),  # sums16
        _flat(np.int32),  # sums32
        _flat(np.int64),  # sums64
        _flat(np.uint64),  # marks
        _flat(np.int32),  # placed
        _flat(np.int64),  # begins
        _flat(np.int32),  # picked
        _flat(np.uint64),  # touched
        _flat(np.int8),  # panel
        _flat(np.int8),  # map
        _flat(np.uint64),  # seen
        _flat(np.uint64),  # columns
        _flat(np.uint64),  # reached
        _flat(np.int64),  # until
        _flat(np.int64),  # since
        _flat(np.int64),  # tiled
        _flat(np.int64),  # tallies
    ),
    Workspace,
)


def _transfer(kind: types.NamedTuple) -> tuple[Any, Any]:
    """Make the two halves: one writes a tuple of the type `kind` into an array of words, the other reads it there."""

    def place(context: Any, builder: Any, array: Any, words: Any) -> Any:
        memory = context.make_array(array)(context, builder, words).data
        return builder.bitcast(memory, context.get_value_type(kind).as_pointer())

    @intrinsic
    def write(typingctx: Any, value: Any, words: Any) -> Any:
        if value != kind:
            raise TypingError(f"This is not what the kernels read there: {value} instead of {kind}.")

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.store(arguments[0], place(context, builder, signature.args[1], arguments[1]))
            return context.get_dummy_value()

        return types.void(value, words), code

    @intrinsic
    def read(typingctx: Any, words: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.load(place(context, builder, signature.args[0], arguments[0]))

        return kind(words), code

    return write, read


_write_tables, read_tables = _transfer(TABLES)
_write_workspace, read_workspace = _transfer(WORKSPACE)


class Kept(NamedTuple):
    """Arrays, and the words that tell a kernel where they lie; the words are good as long as the arrays live.

    Attributes
    ----------
    arrays : Tables or Workspace
    words : (...,) int64
    """

    arrays: Tables | Workspace
    words: Ints


def keep_tables(tables: Tables) -> Kept:
    """Lay down `tables` for `read_tables`."""
    kept = Kept(tables, np.zeros(WORDS * len(tables), np.int64))
    _store_tables(*kept)
    return kept


def keep_workspace(workspace: Workspace) -> Kept:
    """Lay down `workspace` for `read_workspace`."""
    kept = Kept(workspace, np.zeros(WORDS * len(workspace), np.int64))
    _store_workspace(*kept)
    return kept


@kernel
def _store_tables(tables, words):
    _write_tables(tables, words)


@kernel
def _store_workspace(workspace, words):
    _write_workspace(workspace, words)
