"""From a program to the tables of the kernels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.grid import grid_step
from ...exporters.program.make import require_valid
from ...exporters.program.program import Input, Population, Program, Projection
from ...models.errors import UnsupportedOp
from .tables import BYTES, POPULATION, PROJECTION, SHORTS, VALUES, Ints, Tables
from .vectors import COLUMNS, biased

WORD = 64
"""Bits of a word in the masks of synapses."""
CACHE_LINE = 64
"""Bytes."""
WIDE_FAN_IN = 1 << 22
"""Sums over more source neurons than that are kept in 64 bits."""

Segments = dict[str, Sequence[tuple[int, int]]]
"""Parts ``(start, stop)`` of every population whose updates are counted separately."""


def build_tables(program: Program, segments: Segments) -> Tables:
    """Flatten `program` for the kernels.

    Parameters
    ----------
    program : Program
    segments : dict of population to parts

    Raises
    ------
    UnsupportedOp
        Naming every population and projection whose kind the engine does not have.
    InputError
        If the program breaks a rule of `make_program`.
    """
    require_known_kinds(program)
    require_valid(program)
    populations = program.populations
    inputs = sorted(program.inputs, key=lambda port: port.kind == "graded")  # stable: by name within a kind
    sources: list[Input | Population] = [*inputs, *populations]
    index = {source.name: number for number, source in enumerate(sources)}
    projections = [q for p in populations for q in program.into(p.name)]
    packed = [_pack(q, sources[index[q.source]]) for q in projections]
    masks = [_words(q.weights.T != 0, segments[q.target]) for q in projections]
    always = [_words(p.bias_mant[None] != 0, segments[p.name])[0] for p in populations]
    return Tables(
        size=_ints(source.size for source in sources),
        binary=sum(port.kind != "graded" for port in inputs),
        inputs=len(inputs),
        block=_ints(_blocks(program)),
        populations=_populations(program, always),
        projections=_projections(projections, packed, [index[q.source] for q in projections], masks),
        bias=_join([p.bias for p in populations], np.int32),
        fan_out=_join([np.count_nonzero(q.weights, axis=0) for q in projections], np.int32),
        synapses=_join(masks, np.uint64),
        always=_join(always, np.uint64),
        reachable=_join(
            [_reachable(p, a, projections, masks) for p, a in zip(populations, always, strict=True)], np.uint64
        ),
        segment=_segment_of_words([part for p in populations for part in segments[p.name]]),
        segments=sum(len(part) for part in segments.values()),
        bytes_=_aligned(_join([p.rows for p in packed if p.form == BYTES], np.int8)),
        shorts=_aligned(_join([p.rows for p in packed if p.form != BYTES], np.int16)),
    )


def _populations(program: Program, always: list[NDArray[np.uint64]]) -> NDArray[np.void]:
    table = np.zeros(len(program.populations), POPULATION)
    table["size"] = [p.size for p in program.populations]
    table["first"] = _firsts(table["size"])
    table["source"] = len(program.inputs) + np.arange(len(table))
    table["projections"] = [len(program.into(p.name)) for p in program.populations]
    table["projection"] = _firsts(table["projections"])
    table["words"] = [a.size for a in always]
    table["word"] = _firsts(table["words"])
    table["keep_u"] = [4095 - p.du for p in program.populations]
    table["keep_v"] = [4096 - p.dv for p in program.populations]
    table["theta"] = [p.vth << 6 for p in program.populations]
    return table


def _projections(
    projections: list[Projection], packed: list[_Packed], sources: list[int], masks: list[NDArray[np.uint64]]
) -> NDArray[np.void]:
    table = np.zeros(len(projections), PROJECTION)
    table["source"] = sources
    table["delay"] = [q.delay for q in projections]
    table["form"] = [p.form for p in packed]
    table["shift"] = [q.weight_exp + p.unit for q, p in zip(projections, packed, strict=True)]
    table["stride"] = [p.rows.shape[1] for p in packed]
    for of_buffer in (table["form"] == BYTES, table["form"] != BYTES):
        table["start"][of_buffer] = _firsts([p.rows.size for p, own in zip(packed, of_buffer, strict=True) if own])
    table["fan"] = _firsts(q.weights.shape[1] for q in projections)
    table["synapse"] = _firsts(mask.size for mask in masks)
    return table


def require_known_kinds(program: Program) -> None:
    """Refuse what the kernels do not have, all of it at once.

    Raises
    ------
    UnsupportedOp
    """
    bad = [*_unknown_populations(program), *_unknown_projections(program)]
    if bad:
        raise UnsupportedOp('The engine cannot run this program; backend="oracle" runs every kind:', bad)


def _unknown_populations(program: Program) -> Iterator[str]:
    for p in program.populations:
        if p.kind not in ("lif", "readout"):
            yield f"population {p.name!r} has kind {p.kind!r}; the engine runs lif and readout"
        if p.reset != "zero":
            yield f"population {p.name!r} has reset {p.reset!r}; the engine runs zero"
        if p.refractory:
            yield f"population {p.name!r} has a refractory time; the engine runs neurons without"
        for register in p.per_neuron:
            yield f"population {p.name!r} has {register} for each neuron; the engine runs one for all"


def _unknown_projections(program: Program) -> Iterator[str]:
    for q in program.projections:
        if q.kind != "dense":
            yield f"projection {q.name!r} has kind {q.kind!r}; the engine runs dense"
        if isinstance(q.delay, np.ndarray):
            yield f"projection {q.name!r} has a delay for every synapse; the engine runs one for all"


class _Packed(NamedTuple):
    """Weights of a projection as rows (pre, stride), divided by ``2**unit``."""

    rows: NDArray[np.integer]
    unit: int
    form: int


def _pack(q: Projection, source: Input | Population) -> _Packed:
    unit = grid_step(q.weight_bits, q.sign_mode).bit_length() - 1
    weights = q.weights.T.astype(np.int16) >> unit
    pre, post = weights.shape
    form = BYTES if weights.min(initial=0) >= -128 and weights.max(initial=0) <= 127 else SHORTS
    if pre > WIDE_FAN_IN or (isinstance(source, Input) and source.kind == "graded"):
        form = VALUES
    rows = np.zeros((pre, -(-post // COLUMNS) * COLUMNS), np.int8 if form == BYTES else np.int16)
    rows[:, :post] = weights
    return _Packed(biased(rows) if form == BYTES else rows, unit, form)


def _blocks(program: Program) -> list[int]:
    """Cut the populations where no projection leads back; inside a block they advance row by row together."""
    position = {p.name: number for number, p in enumerate(program.populations)}
    last_source = list(range(len(position)))
    for q in program.projections:
        source, target = position.get(q.source, -1), position[q.target]
        last_source[target] = max(last_source[target], source)
    cuts, end = [0], 0
    for number, source in enumerate(last_source):
        end = max(end, source)
        if end == number:
            cuts.append(number + 1)
    return cuts


def _words(mask: NDArray[np.bool_], parts: Iterable[tuple[int, int]]) -> NDArray[np.uint64]:
    """Pack (rows, size) truth values into (rows, words), each part starting a new word."""
    packed = []
    for start, stop in parts:
        bits = np.packbits(mask[:, start:stop], axis=1, bitorder="little")
        bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % (WORD // 8))))
        packed.append(np.ascontiguousarray(bits).view("<u8"))
    return np.concatenate(packed, axis=1).astype(np.uint64)


def _reachable(
    p: Population, always: NDArray[np.uint64], projections: list[Projection], masks: list[NDArray[np.uint64]]
) -> NDArray[np.uint64]:
    found = always.copy()
    for q, mask in zip(projections, masks, strict=True):
        if q.target == p.name:
            found |= np.bitwise_or.reduce(mask, axis=0)
    return found


def _segment_of_words(parts: list[tuple[int, int]]) -> Ints:
    return np.repeat(np.arange(len(parts)), [-(-(stop - start) // WORD) for start, stop in parts]).astype(np.int64)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _firsts(sizes: Iterable[int]) -> Ints:
    counts = _ints(sizes)
    return np.cumsum(counts) - counts


def _join(arrays: Sequence[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([a.ravel() for a in arrays]).astype(dtype) if arrays else np.zeros(0, dtype)


def _aligned(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Copy to a cache line's beginning, so that no vector of weights lies across two of them."""
    room = np.empty(array.nbytes + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    copy = room[first : first + array.nbytes].view(array.dtype)
    copy[:] = array
    return copy
