"""Arrays told to compiled code: where they lie and how long they are, in words of eight bytes."""

from __future__ import annotations

from array import array
from ctypes import addressof, c_char
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
    words : array of int
    address : int
        Of the words.
    """

    arrays: Told
    words: array[int]
    address: int


def lay(arrays: Told) -> Laid:
    """Tell of all members of `arrays`, in their order."""
    told: list[int] = []
    for member in arrays:
        if isinstance(member, np.ndarray):
            told += (address_of(member), *member.shape, 0)[:WORDS]
        else:
            told += (member, 0, 0)
    words = array("q", told)
    return Laid(arrays, words, words.buffer_info()[0])


def address_of(member: np.ndarray) -> int:
    """Where the first element of an array lies, which is C-contiguous, if it has any."""
    if not member.size:
        return 0
    if member.flags.writeable:
        return addressof(c_char.from_buffer(member))  # takes half the time of the other
    return member.__array_interface__["data"][0]
