"""Arrays told to compiled code: where they lie and how long they are, in words of eight bytes."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

WORDS = 3
"""Room for a member: a number, or an address and up to two lengths."""


Told = tuple[Any, ...]


class Laid(NamedTuple):
    """Arrays, and where compiled code is told of them; good as long as this lives.

    Attributes
    ----------
    arrays : named tuple of arrays and numbers
        As `handover` knows them.
    words : array of ctypes.c_int64
    address : int
        Of the words.
    """

    arrays: Told
    words: Any
    address: int


def lay(arrays: Told) -> Laid:
    """Tell of all members of `arrays`, in their order."""
    told: list[int] = []
    for member in arrays:
        if isinstance(member, np.ndarray):
            told += (address_of(member), *member.shape, 0)[:WORDS]
        else:
            told += (member, 0, 0)
    words = (ctypes.c_int64 * len(told))(*told)
    return Laid(arrays, words, ctypes.addressof(words))


def address_of(array: np.ndarray) -> int:
    """Where the first element of an array lies, which is C-contiguous, if it has any."""
    if not array.size:
        return 0
    if array.flags.writeable:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # takes half the time of the other
    return array.__array_interface__["data"][0]
