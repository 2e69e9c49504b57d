"""A program whose populations are cut into parts, so that several threads can run one sample of it.

Sums wrap at 32 bits whatever their order, so that they may come from one part of a source after the other. Where the
exponent rounds them, which happens once for the whole source, the source is left whole; and so are populations that a
convolution or pooling reaches or leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...exporters.program.program import Population, Program, Projection
from ...exporters.program.projection import WINDOWED
from .packing import step_exp_of

GRAIN = 64
"""Parts begin at multiples of so many neurons: the results of each lie on cache lines of its own, almost all."""


class Part(NamedTuple):
    """Which neurons of which population of the program one of the cut program is.

    Attributes
    ----------
    population : str
    first : int
        Its first neuron there.
    whole : int
        Neurons of that population.
    runner : int
        Thread that runs it.
    """

    population: str
    first: int
    whole: int
    runner: int


class Cut(NamedTuple):
    """A program in parts; it computes the same.

    Attributes
    ----------
    program : Program
        Names of what is cut are no user's: they hold a "/". Parts of a population lie one behind the other, and nobody
        reads an output.
    parts : dict of population to Part
    projections : dict of str to str
        Projection of the whole program that each belongs to.
    """

    program: Program
    parts: dict[str, Part]
    projections: dict[str, str]


def uncut(program: Program) -> Cut:
    """A program as it is, every population one part."""
    parts = {p.name: Part(p.name, 0, p.size, 0) for p in program.populations}
    return Cut(program, parts, {q.name: q.name for q in program.projections})


def cut_program(program: Program, runners: int) -> Cut:
    """Cut what can be cut into a part for each of several runners; what stays whole goes round among them."""
    populations: dict[str, list[tuple[Population, Part]]] = {}
    for number, p in enumerate(program.populations):
        if is_divisible(program, p):
            populations[p.name] = list(_parts(p, runners))
        else:
            populations[p.name] = [(p, Part(p.name, 0, p.size, number % runners))]
    pieces = {
        piece.name: (piece, q.name)
        for q in program.projections
        for piece in _pieces(q, populations.get(q.source, []), populations[q.target])
    }
    flat = [own for parts in populations.values() for own in parts]
    projections = tuple(piece for piece, _ in pieces.values())
    done = Program(program.inputs, tuple(p for p, _ in flat), projections, outputs=())
    return Cut(done, {p.name: part for p, part in flat}, {name: whole for name, (_, whole) in pieces.items()})


def is_divisible(program: Program, p: Population) -> bool:
    """Whether a population can be cut."""
    own = [q for q in program.projections if p.name in (q.source, q.target)]
    rounded = [q for q in own if q.source == p.name and q.weight_exp + step_exp_of(q) < 0]
    return p.size > GRAIN and not rounded and all(q.kind not in WINDOWED for q in own)


def _parts(p: Population, runners: int) -> Iterator[tuple[Population, Part]]:
    grains = -(-p.size // GRAIN)
    cuts = [min(p.size, grains * k // runners * GRAIN) for k in range(runners + 1)]
    for runner, (first, stop) in enumerate(pairwise(cuts)):
        if first < stop:
            registers = {name: getattr(p, name)[first:stop] for name in ("bias_mant", *p.per_neuron)}
            part = replace(p, name=f"{p.name}/{runner}", shape=(stop - first,), membrane_unit=0.0, **registers)
            yield part, Part(p.name, first, p.size, runner)


Parts = list[tuple[Population, Part]]


def _pieces(q: Projection, sources: Parts, targets: Parts) -> Iterator[Projection]:
    """One piece of `q` from every part of its source to every part of its target; `sources` is empty for an input."""
    for target, into in targets:
        rows = q if len(targets) == 1 else _into(q, into.first, into.first + target.size)
        if len(sources) < 2:
            yield replace(rows, name=f"{q.name}/{into.runner}", target=target.name)
            continue
        for source, of in sources:
            piece = _out_of(rows, of.first, of.first + source.size)
            name = f"{q.name}/{into.runner}/{of.runner}"
            yield replace(piece, name=name, source=source.name, target=target.name)


def _into(q: Projection, first: int, stop: int) -> Projection:
    """Synapses of `q` onto some neurons of its target; views, but for where rows begin."""
    if q.indptr is None:
        return _changed(q, slice(first, stop))
    begin, end = q.indptr[first], q.indptr[stop]
    return _changed(q, slice(begin, end), indptr=q.indptr[first : stop + 1] - begin, indices=q.indices[begin:end])


def _out_of(q: Projection, first: int, stop: int) -> Projection:
    """Synapses of `q` from some neurons of its source; copies if they lie in rows."""
    if q.indptr is None or q.indices is None:
        return _changed(q, (slice(None), slice(first, stop)))
    own = (q.indices >= first) & (q.indices < stop)
    before = np.concatenate([np.zeros(1, np.int32), np.cumsum(own, dtype=np.int32)])
    return _changed(q, own, indptr=before[q.indptr], indices=q.indices[own] - q.indices.dtype.type(first))


def _changed(q: Projection, own: object, **rows: object) -> Projection:
    """`q` with its own part of the weights and delays; a delay for every synapse of none would be no delay."""
    weights = q.weights[own]
    delay = q.delay[own] if isinstance(q.delay, np.ndarray) and weights.size else q.min_delay
    return replace(q, weights=weights, delay=delay, unit=0.0, **rows)


def copied_bytes(cut: Cut) -> int:
    """Bytes of the synapses that were copied to cut a program: those that lie in rows, from a part of their source."""
    rows = [q for q in cut.program.projections if q.source in cut.parts and q.indices is not None]
    return sum(
        array.nbytes
        for q in rows
        if cut.parts[q.source].whole > cut.program.source(q.source).size
        for array in (q.weights, q.indices, q.delay)
        if isinstance(array, np.ndarray)
    )
