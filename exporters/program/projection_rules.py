"""What a projection must be: its shape, the grid of its weights, and rows that its delay can align."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from .grid import grid_range, grid_step, on_grid
from .pieces import PIECE
from .program import Program
from .projection import WINDOWED, Projection
from .registers import array_violation, is_int, out_of_range, unit_violation
from .synapses import out_shape, window

MAX_HOPS = 63
"""Largest synaptic delay register (lava-nc 0.10.0, DelayDense)."""
_SIGN_MODES = ("mixed", "excitatory", "inhibitory")
_KINDS = ("dense", "sparse", "convolution", "pooling")


def projection_violations(program: Program, p: Projection) -> Iterator[str]:
    """Name every rule that `p` breaks."""
    where = f"projection {p.name!r}"
    if p.kind not in _KINDS or p.sign_mode not in _SIGN_MODES or p.port not in ("current", "divisor"):
        yield f"{where}: kind {p.kind!r}, sign mode {p.sign_mode!r} or port {p.port!r} is unknown"
        return
    bits = [*out_of_range(p, where, {"weight_bits": (1, 8)})]
    exponent = [*out_of_range(p, where, {"weight_exp": (-7, 7)})]
    yield from bits + exponent
    problems = [*_form(program, p)]
    yield from (f"{where}: {problem}" for problem in problems)
    if problems or bits:
        return
    if not on_grid(p.weights, p.weight_bits, p.sign_mode):
        low, high = grid_range(p.weight_bits, p.sign_mode)
        yield (
            f"{where}: weights {np.min(p.weights)}..{np.max(p.weights)} are off the grid {low}..{high} "
            f"step {grid_step(p.weight_bits, p.sign_mode)} of {p.weight_bits} bits, sign mode {p.sign_mode}"
        )
    elif p.kind in WINDOWED and not exponent and p.weight_exp < 0 and (p.weights % (1 << -p.weight_exp)).any():
        yield f"{where}: weights are no multiples of {1 << -p.weight_exp}; a {p.kind} drops no bits of its sum"
    yield from _delay(program, p, where)


def _form(program: Program, p: Projection) -> Iterator[str]:
    """Problems of shapes and types, which later rules rely on."""
    target, source = program.source(p.target), program.source(p.source)
    shape: tuple[int, ...] = (target.size, source.size)
    if p.kind == "sparse":
        yield from _compressed_rows(p, shape)
        shape = (p.indices.size if isinstance(p.indices, np.ndarray) else 0,)
    elif p.indptr is not None or p.indices is not None:
        yield f"it is {p.kind} but has indptr or indices"
    if p.kind in WINDOWED:
        problem = _window_problem(p, source.shape, target.size)
        if problem:
            yield problem
            return
        shape = p.weights.shape if p.kind == "convolution" else (1,)
    elif (p.stride, p.padding, p.dilation, p.kernel, p.groups) != ((1, 1), (0, 0), (1, 1), (1, 1), 1):
        yield f"it is {p.kind} but has a stride, padding, dilation, kernel or groups"
    if not isinstance(p.weights, np.ndarray) or p.weights.shape != shape or p.weights.dtype.kind != "i":
        found = f"{p.weights.dtype} {p.weights.shape}" if isinstance(p.weights, np.ndarray) else type(p.weights)
        yield f"weights are {found}, must be int {shape} {'(post, pre)' if p.kind == 'dense' else ''}".rstrip()
    if isinstance(p.delay, np.ndarray):
        if p.kind in WINDOWED:
            yield f"a {p.kind} has one delay for all its synapses"
        elif problem := array_violation("delay", p.delay, shape, 0, MAX_HOPS):
            yield problem
    elif not is_int(p.delay) or p.delay < 0:
        yield f"delay {p.delay!r} must be an integer from 0, or an array of them"
    rows = p.weights.shape[0] if p.kind == "convolution" and np.ndim(p.weights) == 4 else target.size
    if problem := unit_violation("unit", p.unit, rows):
        yield problem
    if p.port == "divisor" and getattr(target, "kind", "") != "ei_gain":
        yield f"it adds to the divisor of {p.target!r}, which has none"


def _compressed_rows(p: Projection, shape: tuple[int, ...]) -> Iterator[str]:
    post, pre = shape
    if problem := array_violation("indptr", p.indptr, (post + 1,), 0, 2**31 - 1):
        yield problem
        return
    assert p.indptr is not None
    synapses = p.indices.size if isinstance(p.indices, np.ndarray) else 0
    if problem := array_violation("indices", p.indices, (synapses,), 0, pre - 1):
        yield problem
        return
    assert p.indices is not None
    if p.indptr[0] != 0 or p.indptr[-1] != len(p.indices) or (np.diff(p.indptr) < 0).any():
        yield f"indptr must rise from 0 to the {len(p.indices)} synapses"
        return
    if not _ascend(p.indptr, p.indices):
        yield "indices of a row must ascend, each column once"


def _ascend(indptr: NDArray[np.integer], indices: NDArray[np.integer]) -> bool:
    """Whether the indices of every row ascend."""
    begins = indptr[(indptr > 0) & (indptr < len(indices))].astype(np.int64)
    for first in range(1, len(indices), PIECE):
        last = min(first + PIECE, len(indices))
        rises = indices[first:last] > indices[first - 1 : last - 1]
        own = slice(*np.searchsorted(begins, (first, last)))
        rises[begins[own] - first] = True
        if not rises.all():
            return False
    return True


def _window_problem(p: Projection, source: tuple[int, ...], size: int) -> str | None:
    pairs = (p.stride, p.padding, p.dilation, p.kernel)
    if not all(isinstance(pair, tuple) and len(pair) == 2 and all(is_int(n) for n in pair) for pair in pairs):
        return f"stride, padding, dilation and kernel are pairs of integers, are {pairs}"
    if min(*p.stride, *p.dilation, *p.kernel) < 1 or min(p.padding) < 0 or not is_int(p.groups) or p.groups < 1:
        return f"stride, dilation, kernel and groups start at 1, padding at 0; are {pairs}, {p.groups}"
    if len(source) not in (2, 3):
        return f"a {p.kind} needs a source of shape (C, H, W) or (C, L), is {source}"
    if p.kind == "convolution":
        if np.ndim(p.weights) != 4 or min(np.shape(p.weights)) < 1 or p.kernel != (1, 1):
            return f"a kernel is (out, in / groups, kh, kw), is {np.shape(p.weights)}, with the field `kernel` unset"
        outs, ins = p.weights.shape[:2]
        if outs % p.groups or ins * p.groups != source[0]:
            return f"kernel {p.weights.shape} in {p.groups} groups does not take {source[0]} channels"
    elif p.groups != 1:
        return "a pooling has no groups"
    out = out_shape(p, source)
    if min(out) < 1 or prod(out) != size:
        return f"a window of {window(p)} on {source} gives {out}, but the target has {size} neurons"
    return None


def _delay(program: Program, p: Projection, where: str) -> Iterator[str]:
    behind = program.level(p.target) - program.level(p.source) - 1
    source, target = program.level(p.source), program.level(p.target)
    for delay in dict.fromkeys((p.min_delay, p.max_delay)):
        if not 0 <= behind + delay <= MAX_HOPS:
            yield (
                f"{where}: delay {delay} from level {source} to level {target} needs a synaptic delay of "
                f"{behind + delay}, limit 0..{MAX_HOPS}"
            )
        elif p.kind in WINDOWED and behind + delay:
            yield (
                f"{where}: a {p.kind} cannot delay, but delay {delay} from level {source} to level {target} needs "
                f"{behind + delay} steps; put a relay population in between"
            )
