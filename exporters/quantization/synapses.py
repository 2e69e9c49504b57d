"""What a projection brings in one row or in many, as ``simulators/oracle.py`` computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear

from ..program.grid import grid_step
from ..program.program import Program, Projection
from ..program.projection import WINDOWED
from ..program.synapses import spatial
from .straight import WHOLE_FLOAT32, shifted, wrapped

_CHUNK = 2**22
"""Products that the gradient of sparse weights holds at once."""


class Bring:
    """The synapses of one projection; their weights come from outside, as whole numbers on its grid.

    Parameters
    ----------
    program : Program
    q : Projection

    Attributes
    ----------
    delays : list of int
        Row offsets that occur.
    row : Tensor
        Row of every stored weight, broadcastable to the weights: a neuron, or the channel of a convolution.
    rows : int
    step : int
        Distance of neighbouring weights; a window with a negative exponent drops no bit, so its weights lie further
        apart than the grid.
    """

    def __init__(self, program: Program, q: Projection) -> None:
        source, self.size = program.source(q.source), program.source(q.target).size
        self.q = q
        self.image = spatial(source.shape) if q.kind in WINDOWED else (0, 0, 0)
        self.delays = [int(d) for d in np.unique(q.delay)] or [0]
        self.step = grid_step(q.weight_bits, q.sign_mode)
        if q.kind in WINDOWED:
            self.step = max(self.step, 1 << max(0, -q.weight_exp))
        self.row = torch.as_tensor(_rows(q))
        self.rows = len(q.weights) if q.kind in WINDOWED else self.size
        self.relays = getattr(program.source(q.target), "kind", "") == "relay"
        self.events = program.events(q.source)
        if q.kind == "sparse":
            self.index = torch.stack([self.row, torch.as_tensor(np.array(q.indices, np.int64))])
            self.shape = (self.size, source.size)

    def holding(self, weights: Tensor) -> Loaded:
        """Return the synapses with these weights."""
        reach = self._reach(weights.detach())
        weights = weights.to(torch.float32 if reach / self.step <= WHOLE_FLOAT32 else torch.float64)
        if len(self.delays) == 1:
            return Loaded(self, {self.delays[0]: weights}, reach)
        own = torch.as_tensor(np.array(self.q.delay), device=weights.device)
        return Loaded(self, {d: weights * (own == d) for d in self.delays}, reach)

    def accumulate(self, weights: Tensor, events: Tensor) -> Tensor:
        """Return the sums (rows, post) of events (rows, pre)."""
        q = self.q
        if self.relays:
            return events
        if q.kind == "dense":
            return linear(events, weights)
        if q.kind == "sparse":
            index = self.index.to(weights.device)
            return _Sparse.apply(weights, events, index, self.shape)  # type: ignore[return-value]
        moved: dict[str, Any] = {"stride": q.stride, "padding": q.padding, "dilation": q.dilation, "groups": q.groups}
        if q.kind == "pooling":
            weights, moved["groups"] = weights.expand(self.image[0], 1, *q.kernel), self.image[0]
        with torch.backends.nnpack.flags(enabled=False):  # its fast transforms round
            return conv2d(events.unflatten(1, self.image), weights, **moved).flatten(1)

    def _reach(self, weights: Tensor) -> float:
        """Largest magnitude of a sum, before the exponent acts, whatever the events are."""
        if self.relays or not weights.numel():
            return float((1 << self.events.bits) - 1)
        size, positive = self._row_sums(weights.abs()), self._row_sums(weights.clamp(min=0))
        total = size if self.events.signed else torch.maximum(positive, size - positive)
        return float(total.max()) * ((1 << self.events.bits) - 1)

    def _row_sums(self, weights: Tensor) -> Tensor:
        weights = weights.double()
        if self.q.kind == "sparse":
            return weights.new_zeros(self.size).index_add_(0, self.index[0].to(weights.device), weights)
        return weights * int(np.prod(self.q.kernel)) if self.q.kind == "pooling" else weights.flatten(1).sum(1)


@dataclass(frozen=True, eq=False)
class Loaded:
    """Synapses with weights.

    Attributes
    ----------
    bring : Bring
    by_delay : dict of int to Tensor
        Weights of the synapses of each delay, in a dtype in which no sum is rounded.
    reach : float
        Largest magnitude of a sum, before the exponent acts.
    """

    bring: Bring
    by_delay: dict[int, Tensor]
    reach: float

    @property
    def arriving(self) -> float:
        """Largest magnitude of what arrives; a right shift floors the sum of every delay by less than a unit."""
        return self.reach * 2.0**self.bring.q.weight_exp + len(self.by_delay)

    def row_sum(self, delay: int, events: Tensor) -> Tensor:
        """Return what the synapses of one delay bring, exponent applied, (rows, post) for events (rows, pre)."""
        weights, windowed = self.by_delay[delay], self.bring.q.kind in WINDOWED
        total = shifted(self.bring.accumulate(weights, events.to(weights.dtype)), self.bring.q.weight_exp)
        bits = 24 if windowed else 32
        return total if self.arriving < 2 ** (bits - 1) else wrapped(total.double(), bits)


class _Sparse(torch.autograd.Function):
    """Product with a matrix that is given by its synapses, so that no full matrix is ever held."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, events: Tensor, index: Tensor, shape: tuple[int, int]) -> Tensor:
        """Return (rows, post) for weights (synapses,), events (rows, pre) and index (2, synapses) of post and pre."""
        ctx.save_for_backward(weights, events, index)
        ctx.shape = shape
        return _product(index, weights, shape, events)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Gradients of weights and events."""
        (gradient,), (weights, events, index) = grads, ctx.saved_tensors
        post, pre = index
        back = _product(index.flip(0), weights, ctx.shape[::-1], gradient)
        chunk = max(1, _CHUNK // max(1, len(events)))
        parts = [
            (gradient[:, post[i : i + chunk]] * events[:, pre[i : i + chunk]]).sum(0)
            for i in range(0, len(weights), chunk)
        ]
        return torch.cat(parts) if parts else torch.zeros_like(weights), back, None, None


def _product(index: Tensor, weights: Tensor, shape: tuple[int, int], x: Tensor) -> Tensor:
    matrix = torch.sparse_coo_tensor(index, weights, shape, check_invariants=False)
    return torch.sparse.mm(matrix, x.T).T


def _rows(q: Projection) -> np.ndarray:
    """Row of every stored weight: a neuron, or the output channel of a convolution; 0 for a pooling."""
    if q.kind == "sparse":
        assert q.indptr is not None
        return np.repeat(np.arange(len(q.indptr) - 1), np.diff(q.indptr))
    return np.arange(len(q.weights)).reshape(-1, *[1] * (q.weights.ndim - 1))
