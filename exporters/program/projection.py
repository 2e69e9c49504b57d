"""Synapses of a program: the forms in which they are stored, none of them unrolled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .population import Array, Unit

SignMode = Literal["mixed", "excitatory", "inhibitory"]
ProjectionKind = Literal["dense", "sparse", "convolution", "pooling"]
Pair = tuple[int, int]
WINDOWED: tuple[ProjectionKind, ...] = ("convolution", "pooling")
"""Kinds that slide a window over channels."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one source to one population.

    Attributes
    ----------
    name, source, target : str
        `source` is an input's or a population's name.
    weights : int16 array
        On the chip's grid for `weight_bits` and `sign_mode` (see `grid`):

        * dense: (post, pre).
        * sparse: (synapses,), the values of a matrix in compressed rows; zeros may be stored and are no synapses.
        * convolution: (out, in / groups, kh, kw), cross-correlated as torch does.
        * pooling: (1,), the weight of every synapse from the ``kernel`` window of a channel to its sum.
    weight_exp : int
        The summed input is shifted left by it, right (floor) if negative; -7..7. For a convolution or pooling every
        ``weight * 2**weight_exp`` has to be an integer.
    sign_mode : {"mixed", "excitatory", "inhibitory"}
    weight_bits : int
        1..8.
    delay : int or int array
        Row offset: row t reads the source's row ``t - delay``; 0 feed-forward, 1 for a self-recurrence z[t-1]. An
        array gives every synapse its own, in the shape of `weights` (dense and sparse only).
    kind : {"dense", "sparse", "convolution", "pooling"}
    port : {"current", "divisor"}
        Which sum of an ei_gain population the synapses add to; "current" everywhere else.
    indptr, indices : int32 array, optional
        Of a sparse matrix: row r has the columns ``indices[indptr[r]:indptr[r + 1]]``, ascending.
    stride, padding, dilation, kernel : (int, int)
        Of a convolution or pooling, vertical and horizontal; padding on both sides. `kernel` is that of a pooling.
        Source and target are (C, H, W), or (C, L), which is (C, 1, L); the target may also be flat.
    groups : int
    unit : float or (rows,) float64 array
        Float weight, of one event of the source, of the integer weight 1 in each row: a neuron, or an output channel of
        a convolution. 0 if unknown.
    """

    name: str
    source: str
    target: str
    weights: Array
    weight_exp: int = 0
    sign_mode: SignMode = "mixed"
    weight_bits: int = 8
    delay: int | Array = 0
    kind: ProjectionKind = "dense"
    port: Literal["current", "divisor"] = "current"
    indptr: Array | None = None
    indices: Array | None = None
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    kernel: Pair = (1, 1)
    groups: int = 1
    unit: Unit = 0.0

    @property
    def max_delay(self) -> int:
        """Largest row offset of a synapse."""
        return int(np.max(self.delay, initial=0))

    @property
    def min_delay(self) -> int:
        """Smallest row offset of a synapse."""
        return int(np.min(self.delay)) if np.size(self.delay) else 0

    @property
    def delays(self) -> tuple[int, ...]:
        """All row offsets of synapses, ascending."""
        if np.ndim(self.delay) == 0:  # mostly; `np.unique` imports masked arrays first, a twentieth of a start
            return (int(self.delay),)
        return tuple(np.unique(self.delay).tolist())
