"""A second executor, written from docs/numeric-contract.md alone: chip steps, buffers and plain Python integers.

It shares no line with the oracle and knows no rows: every projection sends what its buffer holds for this step, every
population makes a step, every projection takes in what was sent. Slow; for small programs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from spikewright.exporters.program.population import Population
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.projection import Projection

Synapse = tuple[int, int, int, int]
Rows = dict[str, np.ndarray]


def run_chip(program: Program, x: Rows, samples: str) -> dict[str, Rows]:
    """u, v and spikes of every population as `run_rows` gives them, (T, B, size).

    Independent samples each have a chip of their own, on which a population does nothing before its first row.
    """
    steps, count = next(iter(x.values())).shape[:2]
    if samples == "stream":
        flat = {name: rows.swapaxes(0, 1).reshape(steps * count, -1) for name, rows in x.items()}
        runs = [_run(program, flat, steps, early=True)]
    else:
        alone = [{name: rows[:, b].reshape(steps, -1) for name, rows in x.items()} for b in range(count)]
        runs = [_run(program, rows, steps, early=False) for rows in alone]
    return {
        kind: {p.name: np.concatenate([run[kind][p.name] for run in runs], axis=1) for p in program.populations}
        for kind in ("u", "v", "spikes")
    }


def _run(program: Program, x: Rows, period: int, early: bool) -> dict[str, Rows]:
    """One run over all rows (rows, size) of the inputs, a reset every `period` rows."""
    rows = len(next(iter(x.values())))
    neurons = {p.name: [Neuron(p, i) for i in range(p.size)] for p in program.populations}
    wires = [Wire(program, q) for q in program.projections]
    found = {kind: {p.name: [] for p in program.populations} for kind in ("u", "v", "spikes")}
    for c in range(rows + max(p.level for p in program.populations)):
        sums = {p.name: {"current": [0] * p.size, "divisor": [0] * p.size} for p in program.populations}
        for wire in wires:
            port = sums[wire.target][wire.port]
            for i, value in enumerate(wire.send()):
                port[i] += value
        sent = {i.name: _row(i.kind, i.size, x, i.name, c, rows) for i in program.inputs}
        for p in program.populations:
            asleep = c < p.level and not early
            if (c - p.level) % period == 0:
                for neuron in neurons[p.name]:
                    neuron.u = neuron.v = neuron.waiting = 0
            arrived = zip(neurons[p.name], sums[p.name]["current"], sums[p.name]["divisor"], strict=True)
            sent[p.name] = [0 if asleep else n.step(_wrap(a, 32), _wrap(d, 32)) for n, a, d in arrived]
            if p.level <= c < p.level + rows:
                found["u"][p.name].append([n.u for n in neurons[p.name]])
                found["v"][p.name].append([n.v for n in neurons[p.name]])
                found["spikes"][p.name].append(sent[p.name])
        for wire in wires:
            wire.take(sent[wire.source])
    return {kind: {n: _by_sample(r, period) for n, r in of.items()} for kind, of in found.items()}


def _row(kind: str, size: int, x: Rows, name: str, c: int, rows: int) -> list[int]:
    if c >= rows:
        return [0] * size
    return [1] * size if kind == "bias" else [int(value) for value in x[name][c]]


class Neuron:
    """One neuron and its registers."""

    def __init__(self, p: Population, i: int) -> None:
        self.p = p
        self.du, self.dv, self.vth = (int(np.broadcast_to(register, p.size)[i]) for register in (p.du, p.dv, p.vth))
        self.bias = int(p.bias_mant[i]) * 2**p.bias_exp
        self.u = self.v = self.waiting = 0

    def step(self, a: int, divisor: int) -> int:
        """Send one event."""
        if self.p.kind == "relay":
            return a
        if self.p.kind == "ei_gain":
            a = self._divided(a, divisor)
        x = _wrap(_decay(self.u, 4095 - self.du) + _wrap(a * 64, 32), 32)
        self.u = x - 2**24 if x > 2**23 else x + 2**24 if x <= -(2**23) else x
        if self.waiting:
            self.waiting -= 1
            return 0
        v = min(max(_decay(self.v, 4096 - self.dv) + self.u + self.bias, 1 - 2**23), 2**23 - 1)
        if v > self.vth * 64:
            self.v = v - self.vth * 64 if self.p.reset == "subtract" else 0
            self.waiting = self.p.refractory
            return 1
        low = self.p.kind == "ternary" and v < self.p.vth_low * 64
        self.v = 0 if low else v
        return -1 if low else 0

    def _divided(self, a: int, divisor: int) -> int:
        d, b = max(divisor, self.p.divisor_min), self.p.reciprocal_bits
        e = d.bit_length() - 1
        if b == 0:
            q = (a << self.p.quotient_exp) >> (e if d * d <= 2 ** (2 * e + 1) else e + 1)
        else:
            mantissa = ((d << b) >> e) - 2**b
            reciprocal = round(4096 / (1 + (mantissa + 0.5) / 2**b))
            q = ((a * reciprocal) << self.p.quotient_exp) >> (e + 12)
        return min(max(q, 1 - 2**17), 2**17 - 1)


class Wire:
    """One projection: its synapses (post, pre, weight, steps) and its buffer of sums, the next to be sent in front."""

    def __init__(self, program: Program, q: Projection) -> None:
        self.q, self.source, self.target, self.port = q, q.source, q.target, q.port
        source, target = program.source(q.source), program.source(q.target)
        behind = getattr(target, "level", 0) - getattr(source, "level", 0) - 1
        listed = _windowed(q, source.shape) if q.kind in ("convolution", "pooling") else _matrix(q, target.size)
        self.synapses = [(post, pre, weight, behind + d) for post, pre, weight, d in listed]
        self.size = target.size
        self.buffer = deque([[0] * self.size for _ in range(1 + max((s[3] for s in self.synapses), default=0))])

    def send(self) -> list[int]:
        """What arrives in this step."""
        self.buffer.append([0] * self.size)
        return self.buffer.popleft()

    def take(self, events: list[int]) -> None:
        """Sum up what was sent in this step; it leaves one step later, or more where synapses delay."""
        sums: dict[tuple[int, int], int] = {}
        for post, pre, weight, later in self.synapses:
            if events[pre]:
                sums[later, post] = sums.get((later, post), 0) + weight * events[pre]
        for (later, post), total in sums.items():
            shifted = total * 2**self.q.weight_exp if self.q.weight_exp >= 0 else total // 2**-self.q.weight_exp
            self.buffer[later][post] += _wrap(shifted, 24 if self.q.kind in ("convolution", "pooling") else 32)


def _matrix(q: Projection, size: int) -> Iterator[Synapse]:
    delay = np.broadcast_to(q.delay, q.weights.shape)
    if q.kind == "dense":
        yield from ((i, j, int(w), int(delay[i, j])) for (i, j), w in np.ndenumerate(q.weights))
        return
    for i in range(size):
        for k in range(q.indptr[i], q.indptr[i + 1]):
            yield i, int(q.indices[k]), int(q.weights[k]), int(delay[k])


def _windowed(q: Projection, shape: tuple[int, ...]) -> Iterator[Synapse]:
    channels, height, width = shape if len(shape) == 3 else (shape[0], 1, shape[1])
    pooling = q.kind == "pooling"
    outs, ins, kernel = (channels, 1, q.kernel) if pooling else (*q.weights.shape[:2], q.weights.shape[2:])
    rows, columns = (
        (side + 2 * p - d * (k - 1) - 1) // s + 1
        for side, p, d, k, s in zip((height, width), q.padding, q.dilation, kernel, q.stride, strict=True)
    )
    for o, i, y, x, a, b in product(*map(range, (outs, ins, rows, columns, *kernel))):
        channel = o if pooling else o // (outs // q.groups) * ins + i
        row = y * q.stride[0] - q.padding[0] + a * q.dilation[0]
        column = x * q.stride[1] - q.padding[1] + b * q.dilation[1]
        if 0 <= row < height and 0 <= column < width:
            weight = int(q.weights[0] if pooling else q.weights[o, i, a, b])
            yield (o * rows + y) * columns + x, (channel * height + row) * width + column, weight, int(q.delay)


def _by_sample(rows: list[Any], period: int) -> np.ndarray:
    found = np.array(rows, np.int64)
    return found.reshape(-1, period, prod(found.shape[1:])).swapaxes(0, 1)


def _decay(x: int, factor: int) -> int:
    return int(np.sign(x)) * (abs(x) * factor // 4096)


def _wrap(x: int, bits: int) -> int:
    return (x + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
