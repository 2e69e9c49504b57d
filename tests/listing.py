"""Synapses of every form of projection one by one, by loops: what counting and placing are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from spikewright.exporters.program.program import Program, Projection
from spikewright.exporters.program.synapses import out_shape, spatial, window

Synapse = tuple[int, int, int, int]
"""Target neuron, source neuron, weight, row offset."""


def synapses_of(program: Program, q: Projection) -> list[Synapse]:
    """Every synapse of `q` with a weight other than zero."""
    walk = {"dense": _dense, "sparse": _sparse, "convolution": _windows, "pooling": _windows}[q.kind]
    return [synapse for synapse in walk(program, q) if synapse[2]]


def _dense(program: Program, q: Projection) -> Iterator[Synapse]:
    for post, pre in product(*map(range, q.weights.shape)):
        yield post, pre, int(q.weights[post, pre]), q.delay if isinstance(q.delay, int) else int(q.delay[post, pre])


def _sparse(program: Program, q: Projection) -> Iterator[Synapse]:
    for post in range(len(q.indptr) - 1):
        for at in range(q.indptr[post], q.indptr[post + 1]):
            delay = q.delay if isinstance(q.delay, int) else int(q.delay[at])
            yield post, int(q.indices[at]), int(q.weights[at]), delay


def _windows(program: Program, q: Projection) -> Iterator[Synapse]:
    source = program.source(q.source).shape
    (channels, height, width), (outs, rows, columns) = spatial(source), out_shape(q, source)
    per_group = channels if q.kind == "pooling" else channels // q.groups
    for o, y, x in product(range(outs), range(rows), range(columns)):
        first = 0 if q.kind == "pooling" else o // (outs // q.groups) * per_group
        for i, ky, kx in product(range(per_group), *map(range, window(q))):
            row = y * q.stride[0] - q.padding[0] + ky * q.dilation[0]
            column = x * q.stride[1] - q.padding[1] + kx * q.dilation[1]
            if not (0 <= row < height and 0 <= column < width):
                continue
            weight = int(q.weights[0] * (i == o) if q.kind == "pooling" else q.weights[o, i, ky, kx])
            pre = ((first + i) * height + row) * width + column
            yield (o * rows + y) * columns + x, pre, weight, q.delay
