"""Arrays told to compiled code: where they lie and how long they are, in words of eight bytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .tables import Ints

WORDS = 3
"""Room for a member: a number, or an address and up to two lengths."""


Told = tuple[Any, ...]


class Laid(NamedTuple):
    """Arrays, and where compiled code is told of them; good as long as this lives.

    Attributes
    ----------
    arrays : named tuple of arrays and numbers
        As `handover` knows them.
    words : flat int64
    address : int
        Of the words.
    """

    arrays: Told
    words: Ints
    address: int


def lay(arrays: Told) -> Laid:
    """Tell of all members of `arrays`, in their order."""
    told: list[int] = []
    for member in arrays:
        if isinstance(member, np.ndarray):
            told += (address_of(member), *member.shape, 0)[:WORDS]
        else:
            told += (member, 0, 0)
    words = np.array(told, np.int64)
    return Laid(arrays, words, address_of(words))


def address_of(array: np.ndarray) -> int:
    """Where the first element of an array lies, which is C-contiguous."""
    return array.__array_interface__["data"][0]
