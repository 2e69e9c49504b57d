"""Input of a run, of whatever form, encoded for the samples that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError
from .event_list import EventList, require_events
from .inputs import Events, encode, named_inputs, require_shape
from .program import Input, Program


@dataclass(frozen=True, eq=False)
class LazyInput:
    """Samples that are read when their turn comes, so that they need never be in memory all at once.

    Attributes
    ----------
    steps, samples : int
        T and B.
    read : callable
        ``read(first, stop)`` gives the samples ``first .. stop - 1``: a (T, stop - first, *input_shape) array, or an
        `EventList` of so many samples. It is called once for every chunk of a run, in the order of the samples.
    """

    steps: int
    samples: int
    read: Callable[[int, int], NDArray[Any] | EventList]

    @classmethod
    def of_items(cls, items: Sequence[Any], encode: Callable[[Any], Any] = np.asarray) -> LazyInput:
        """Take the samples of a sequence, ``encode(items[i])`` being a (T, *input_shape) array.

        T is that of the first one.
        """
        steps = len(encode(items[0]))
        return cls(steps, len(items), lambda first, stop: np.stack([encode(items[i]) for i in range(first, stop)], 1))


Rows = Any
"""(T, B, *input_shape) array, or what slices as one (`np.memmap`, an h5py data set); EventList; or LazyInput."""

BYTES = (np.dtype(np.uint8), np.dtype(np.int8))
"""Types of spikes that are taken as they are."""


class Feed:
    """Input of B samples of T rows for a program.

    Attributes
    ----------
    steps, samples : int
        T and B.
    lazy : bool
        Whether some input is read, converted or unpacked, so that fewer samples at a time take less memory.
    """

    def __init__(self, program: Program, x: Rows | dict[str, Rows], looked_at: bool = True) -> None:
        self._program, self._looked_at = program, looked_at
        if not program.fed:
            raise InputError("The program has no input that could be given.")
        given = named_inputs(program, x)
        self._given: dict[str, Any] = {}
        self.lazy, size = False, (0, 0)
        self._encoded = not looked_at and len(program.fed) == len(program.inputs)
        for port in program.fed:
            own, source, plain = _source(port, given[port.name])
            if self._given and own != size:
                raise InputError("All inputs must have the same T and B.")
            self._given[port.name], size = source, own
            self.lazy |= not plain
            self._encoded &= plain and port.kind == "spikes" and source.dtype == np.uint8
        self.steps, self.samples = size

    def read(self, first: int, stop: int) -> Events:
        """Encode the samples ``first .. stop - 1``.

        Raises
        ------
        InputError
            As `encode_inputs`; or if a `LazyInput` gives other samples than it was asked for.
        """
        if self._encoded:
            if stop - first == self.samples:
                return self._given
            return {name: rows[:, first:stop] for name, rows in self._given.items()}
        rows = {port.name: self._rows(port, first, stop) for port in self._program.fed}
        return encode(self._program, rows, self._looked_at)

    @contextmanager
    def naming(self, first: int, stop: int) -> Iterator[None]:
        """Name the samples ``first .. stop - 1`` in errors about the input, if they are not all."""
        try:
            yield
        except InputError as error:
            if stop - first == self.samples:
                raise
            raise InputError(f"Samples {first} to {stop - 1}: {error}") from error

    def bytes_of(self, samples: int) -> int:
        """Most bytes that `samples` samples take while they are read and encoded, arrays of the user's own aside.

        Those of a `LazyInput` are taken to be read in the types in which they are encoded.
        """
        return self.steps * samples * sum(port.size * self._width(port) for port in self._program.inputs)

    def _width(self, port: Input) -> int:
        """Bytes of one value as it was read or unpacked, and as it is encoded, unless that is the same."""
        source, own = self._given.get(port.name), np.dtype(_dtype(port)).itemsize
        if source is None or isinstance(source, (EventList, LazyInput)):
            return own
        read = 0 if isinstance(source, np.ndarray) else source.dtype.itemsize
        return read + (0 if port.kind == "spikes" and source.dtype in BYTES else own)

    def _rows(self, port: Input, first: int, stop: int) -> NDArray[Any]:
        source = self._given[port.name]
        if type(source) is np.ndarray:
            return source if stop - first == self.samples else source[:, first:stop]
        if isinstance(source, EventList):
            return source.of(first, stop).rows(port.shape, _dtype(port))
        part = source.read(first, stop) if isinstance(source, LazyInput) else source[:, first:stop]
        if isinstance(part, EventList):
            require_events(port, part)
            part = part.rows(port.shape, _dtype(port))
        part, wanted = np.asarray(part), (self.steps, stop - first, *port.shape)
        if part.shape != wanted:
            raise InputError(f"Input {port.name!r}: reading {stop - first} samples gave {part.shape}, not {wanted}.")
        return part


def _source(port: Input, given: Rows) -> tuple[tuple[int, int], Any, bool]:
    """Check what is given for `port`, as far as that is possible without reading it.

    Returns
    -------
    size : (int, int)
        T and B.
    source : array, EventList or LazyInput
    plain : bool
        Whether samples lie in memory as the kernels read them.
    """
    if type(given) is np.ndarray:
        require_shape(port, given.shape)
        return given.shape[:2], given, given.dtype in BYTES and given.flags.c_contiguous
    if isinstance(given, EventList):
        require_events(port, given)
        return (given.steps, given.samples), given.by_sample(), False
    if isinstance(given, LazyInput):
        if given.steps < 1 or given.samples < 1:
            raise InputError(
                f"Input {port.name!r} has T = {given.steps} and B = {given.samples}; both must be 1 or more."
            )
        return (given.steps, given.samples), given, False
    if not _slices(given):
        return _source(port, np.asarray(given))
    shape = tuple(given.shape)
    require_shape(port, shape)
    return (shape[0], shape[1]), given, False


def _slices(given: Rows) -> bool:
    """Whether `given` can be sliced as it is; a tensor, whose types are not NumPy's, is made an array first."""
    return hasattr(given, "shape") and isinstance(getattr(given, "dtype", None), np.dtype)


def _dtype(port: Input) -> type[np.generic]:
    """Type that a value of `port` is encoded in."""
    return np.int32 if port.kind == "graded" else np.uint8
