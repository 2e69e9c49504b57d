"""What this machine could do if nothing but one thing had to be done: read weights, add them, multiply tiles.

Bytes per second: a compiled loop adds up the 64-bit words of an array of the given size again and again, all threads
the same array. Additions per second: the engine's own loop over rows of 8-bit weights, which keeps their sums in
registers, on 8 rows of 128 columns that stay in the first cache. Products per second, where there is a matrix unit:
the engine's product of 32 rows of events with 32 columns of weights, on tiles that stay there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from time import thread_time
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from spikewright.simulators.engine.matrix_unit import configure, multiply_2x2, release
from spikewright.simulators.engine.processor import has_matrix_unit
from spikewright.simulators.engine.shapes import COLUMNS, TILE_BYTES, TILE_ROWS, tile_shapes
from spikewright.simulators.engine.sums import FLUSH
from spikewright.simulators.engine.vectors import add_rows_twice, prefer_wide_vectors

ROUNDS, LEAST_S = 5, 0.02
"""The fastest of so many rounds counts, each at least so long."""
DEPTH = 8
"""Tiles of 64 sources below each other: 16 KiB of events and as many of weights."""
SIZES = tuple(1 << n for n in range(12, 29))
"""Bytes that are read, 4 KiB to 256 MiB."""


@dataclass(frozen=True)
class Roofs:
    """The roofs on one number of threads.

    Attributes
    ----------
    threads : int
    sizes, bytes_per_s : sequence of number
        The rate at which an array of each size is read.
    additions_per_s : float
    products_per_s : float or None
        None without a matrix unit.
    """

    threads: int
    sizes: Sequence[int]
    bytes_per_s: Sequence[float]
    additions_per_s: float
    products_per_s: float | None = None

    def memory_ns(self, size: float) -> float:
        """Time to read the one byte of an event from wherever an array of this size lies."""
        rate = np.interp(np.log(size), np.log(self.sizes), np.log(self.bytes_per_s))
        return 1e9 / float(np.exp(rate))

    def compute_ns(self) -> float:
        """Time to add the weight of an event."""
        return 1e9 / self.additions_per_s

    def product_ns(self, rate: float) -> float:
        """Time of all products divided by those of them that are events, the share `rate`; needs a matrix unit."""
        assert self.products_per_s is not None
        return 1e9 / (self.products_per_s * rate)

    def told(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def measure_roofs(threads: int, sizes: Sequence[int] = SIZES) -> Roofs:
    """Measure all roofs on so many threads."""
    return Roofs(
        threads,
        list(sizes),
        [_rate(*_reading(size), threads) for size in sizes],
        _rate(*_adding(), threads),
        _rate(*_multiplying(), threads) if has_matrix_unit() else None,
    )


def _rate(work: Callable[[int], Any], done: int, threads: int) -> float:
    """How much all threads together do in a second, if one call of `work(times)` does ``times * done``.

    Every thread has its own clock of CPU time, so that another process that takes a core away does not count.
    """

    def seconds(times: int) -> float:
        began = thread_time()
        work(times)
        return thread_time() - began

    times = 1
    seconds(times)  # compiles, and fills the caches
    while seconds(times) < LEAST_S:
        times *= 2
    with ThreadPoolExecutor(threads) as pool:
        rounds = [list(pool.map(seconds, [times] * threads)) for _ in range(ROUNDS)]
    return max(sum(times * done / spent for spent in one) for one in rounds)


def _reading(size: int) -> tuple[Callable[[int], Any], int]:
    words: NDArray[np.uint64] = np.arange(size // 8, dtype=np.uint64)
    return lambda times: _read(words, times), words.nbytes


def _adding() -> tuple[Callable[[int], Any], int]:
    columns, few = 2 * COLUMNS, 8
    weights = np.arange(few * columns, dtype=np.int64).astype(np.int8)
    rows = np.arange(FLUSH, dtype=np.int32) % few
    return lambda times: _add(weights, rows, np.zeros(columns, np.int32), times), len(rows) * columns


def _multiplying() -> tuple[Callable[[int], Any], int]:
    events = np.ones(2 * TILE_ROWS * DEPTH * TILE_BYTES, np.int8)
    weights = np.ones_like(events)

    def work(times: int) -> None:
        _multiply(tile_shapes(), events, weights, np.zeros((2 * TILE_ROWS) ** 2, np.int32), times)

    return work, events.size * 2 * TILE_ROWS


@numba.njit(nogil=True)
def _read(words: Any, times: int) -> Any:
    """Add up all words; each time they are changed by another number, or the first sum would do for all."""
    total = np.uint64(0)
    for turn in range(times):
        other = np.uint64(turn)
        for n in range(np.uint64(len(words))):
            total += words[n] ^ other
    return total


@numba.njit(nogil=True, error_model="numpy")
def _add(weights: Any, rows: Any, total: Any, times: int) -> None:
    prefer_wide_vectors()
    zero, last, pitch, chunk = np.uint64(0), np.uint64(len(rows)), np.uint64(len(total)), np.uint64(COLUMNS)
    for _ in range(times):
        add_rows_twice(weights, zero, pitch, chunk, rows, zero, last, total, zero, True)


@numba.njit(nogil=True, error_model="numpy")
def _multiply(shapes: Any, events: Any, weights: Any, sums: Any, times: int) -> None:
    configure(shapes)
    stride, width, second = np.uint64(len(events) // 32), np.uint64(32), np.uint64(16)
    zero = np.uint64(0)
    for _ in range(times):
        multiply_2x2(events, zero, stride, weights, zero, stride // np.uint64(64), sums, zero, second, width)
    release()
