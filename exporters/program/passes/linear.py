"""Linear maps between flattened populations, in float64 and in the form in which a program stores them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]
Numbers = NDArray[Any]
Same = TypeVar("Same", bound="LinearMap")


@dataclass(frozen=True, eq=False)
class LinearMap(ABC):
    """``y = M x`` from `pre` to `post` neurons, both flattened.

    Attributes
    ----------
    values : array
        The weights that are stored, each standing for one synapse or, in a window, for many.
    """

    values: Numbers

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(post, pre)."""

    @property
    @abstractmethod
    def row(self) -> NDArray[np.int64]:
        """Row of every stored weight, broadcastable to `values`: a neuron, or the channel of a window."""

    @abstractmethod
    def apply(self, x: Numbers) -> Numbers:
        """Return M x for x (..., pre) as (..., post)."""

    @abstractmethod
    def apply_transposed(self, y: Numbers) -> Numbers:
        """Return M^T y for y (..., post) as (..., pre)."""

    @abstractmethod
    def scaled_rows(self, factor: Floats) -> LinearMap | None:
        """Multiply the input of every target neuron, (post,); None where the form cannot hold the result."""

    @abstractmethod
    def scaled_columns(self, factor: Floats) -> LinearMap | None:
        """Multiply what every source neuron sends, (pre,); None where the form cannot hold the result."""

    def with_values(self: Same, values: Numbers) -> Same:
        """Return the same synapses with other weights, in the shape of `values`."""
        return replace(self, values=values)

    @cached_property
    def live_rows(self) -> NDArray[np.bool_]:
        """Whether a row has a weight other than zero, for every row (see `row`)."""
        row = np.broadcast_to(self.row, self.values.shape)
        return np.bincount(row.reshape(-1), (self.values != 0).reshape(-1), int(self.row.max(initial=-1)) + 1) > 0

    def largest_sums(self, bits: int = 1, signed: bool = False) -> Floats:
        """Largest magnitude of every target's summed input over all events of the sources, for integer weights.

        Parameters
        ----------
        bits : int
            Width of an event's magnitude.
        signed : bool
            Whether events can be negative too.
        """
        weights, ones = self.values.astype(np.float64), np.ones(self.shape[1])  # sums are exact below 2**53
        positive, negative = (self.with_values((sign * weights).clip(min=0)).apply(ones) for sign in (1, -1))
        total = positive + negative if signed else np.maximum(positive, negative)
        return total * ((1 << bits) - 1)

    def largest_sum(self, bits: int = 1, signed: bool = False) -> int:
        """Largest of `largest_sums`."""
        return int(self.largest_sums(bits, signed).max(initial=0))


@dataclass(frozen=True, eq=False)
class Dense(LinearMap):
    """A matrix, `values` (post, pre)."""

    @property
    def shape(self) -> tuple[int, int]:
        """(post, pre)."""
        return (self.values.shape[0], self.values.shape[1])

    @property
    def row(self) -> NDArray[np.int64]:
        """Row of the matrix."""
        return np.arange(len(self.values))[:, None]

    def apply(self, x: Numbers) -> Numbers:
        """Return M x."""
        return x @ self.values.T

    def apply_transposed(self, y: Numbers) -> Numbers:
        """Return M^T y."""
        return y @ self.values

    def scaled_rows(self, factor: Floats) -> Dense:
        """Multiply every row."""
        return Dense(self.values * factor[:, None])

    def scaled_columns(self, factor: Floats) -> Dense:
        """Multiply every column."""
        return Dense(self.values * factor)


@dataclass(frozen=True, eq=False)
class Sparse(LinearMap):
    """A matrix in compressed rows (CSR), `values` (synapses,).

    Attributes
    ----------
    indptr, indices : int32 array
        Row r has the columns ``indices[indptr[r]:indptr[r + 1]]``, ascending.
    pre : int
    """

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    pre: int

    @classmethod
    def of(cls, matrix: Any) -> Sparse:
        """Take over a scipy matrix or array."""
        from scipy import sparse

        rows: Any = sparse.csr_array(matrix)
        rows.sum_duplicates()
        return cls(rows.data, rows.indptr.astype(np.int32), rows.indices.astype(np.int32), rows.shape[1])

    @classmethod
    def diagonal(cls, factor: Floats) -> Sparse:
        """One synapse from every source neuron to its target neuron, (size,)."""
        every = np.arange(factor.size + 1, dtype=np.int32)
        return cls(factor, every, every[:-1], factor.size)

    @property
    def shape(self) -> tuple[int, int]:
        """(post, pre)."""
        return (len(self.indptr) - 1, self.pre)

    @property
    def row(self) -> NDArray[np.int64]:
        """Row of every synapse."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """As a scipy array."""
        from scipy import sparse  # 0.2 s, which running a program on the engine does not need

        return sparse.csr_array((self.values, self.indices, self.indptr), self.shape)

    def apply(self, x: Numbers) -> Numbers:
        """Return M x."""
        return (self.matrix @ x.reshape(-1, self.shape[1]).T).T.reshape(*x.shape[:-1], self.shape[0])

    def apply_transposed(self, y: Numbers) -> Numbers:
        """Return M^T y."""
        return (self.matrix.T @ y.reshape(-1, self.shape[0]).T).T.reshape(*y.shape[:-1], self.shape[1])

    def scaled_rows(self, factor: Floats) -> Sparse:
        """Multiply every row."""
        return self.with_values(self.values * factor[self.row])

    def scaled_columns(self, factor: Floats) -> Sparse:
        """Multiply every column."""
        return self.with_values(self.values * factor[self.indices])


@dataclass(frozen=True, eq=False)
class Elementwise(LinearMap):
    """Every neuron sends to its like alone: an edge (all ones), Scale, Flatten; `values` (size,)."""

    @classmethod
    def identity(cls, size: int) -> Elementwise:
        """Pass on what arrives."""
        return cls(np.ones(size))

    @property
    def shape(self) -> tuple[int, int]:
        """(size, size)."""
        return (self.values.size, self.values.size)

    @property
    def row(self) -> NDArray[np.int64]:
        """The neuron."""
        return np.arange(self.values.size)

    def apply(self, x: Numbers) -> Numbers:
        """Return M x."""
        return x * self.values

    def apply_transposed(self, y: Numbers) -> Numbers:
        """Return M^T y."""
        return y * self.values

    def scaled_rows(self, factor: Floats) -> Elementwise:
        """Multiply every factor."""
        return Elementwise(self.values * factor)

    def scaled_columns(self, factor: Floats) -> Elementwise:
        """Multiply every factor."""
        return Elementwise(self.values * factor)
