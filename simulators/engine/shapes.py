"""How many neurons, weights and events compiled code takes at a time; tables are laid out accordingly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 64
"""Neurons of a population are padded to a multiple of it, one bit of a word each."""
CACHE_LINE = 64
"""Bytes."""
LANES = 16
"""Neurons, or weights of a strip, in a vector; LLVM splits it into what the processor has."""
AT_ONCE = 4
"""Strips that are listed at once."""
STRIP_EVENTS = 64
"""Events whose strips are listed before they are added."""
COLUMNS = 64
"""Rows of weights are padded to a multiple of it."""
AHEAD_SUMS = 5120
"""Sums of several rows of events that are held while one chunk of weights after the other is added."""
AHEAD_LEAST, AHEAD_PRE = 96, 1024
"""It is worth it for so many events a row at least, and so many rows of weights at most: then a chunk stays near."""
BIAS = 128
"""What 8-bit weights of even columns are stored with, as bytes without a sign."""
EXPANDED = 64
"""Target neurons of a word of bits, of dense lists."""
WIDE_SUM_BITS = 40
"""Bits of a word of 64 that hold a sum of lists of synapses; the other 24 count its events."""
SILENT = 2 * BLOCK
"""A population sleeps while events reach less than one of so many neurons, or behind a convolution bring less than one
strip for so many: where every second block of neurons wakes, the processor guesses wrong so often that nothing is won.
"""
TILE_ROWS, TILE_BYTES = 16, 64
TILE_SIZE = TILE_ROWS * TILE_BYTES
PANEL_ROWS = 2 * TILE_ROWS
"""Rows of events that are multiplied at once."""
MET = 8
"""Where threads that share a sample count who has come: so many words from both ends, the cache line is its own."""


def record_words(rows: int, steps: int) -> int:
    """Words of eight bytes of so many rows of counts of a sample, padded to whole lines of the cache."""
    return whole_lines(8 * rows * steps) // 8


def whole_lines(size: int) -> int:
    """The same number of bytes, or as many as whole lines of the cache take."""
    return -(-size // CACHE_LINE) * CACHE_LINE


def biased(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows (pre, stride) of 8-bit weights as `vectors.add_rows` takes them, a copy."""
    bytes_ = rows.astype(np.uint8)
    bytes_[:, ::2] += BIAS
    return bytes_.view(np.int8)


def in_chunks(rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Rows (pre, stride) of weights one chunk of columns, of all rows, after the other, flat."""
    return rows.reshape(len(rows), rows.shape[1] // COLUMNS, COLUMNS).swapaxes(0, 1).ravel()


def tile_shapes() -> NDArray[np.uint8]:
    """What `matrix_unit.configure` loads, (64,): all eight tiles are whole."""
    shapes = np.zeros(64, np.uint8)
    shapes[0] = 1  # the palette
    shapes[16:32:2] = TILE_BYTES  # bytes of a row, 16 bits each
    shapes[48:56] = TILE_ROWS
    return shapes
