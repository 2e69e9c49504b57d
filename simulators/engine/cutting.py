"""A program whose populations are cut into parts, so that several threads can run one sample of it.

A part has the synapses onto its own neurons, from sources that stay whole: threads put the lists of their events
together. So every sum is what it was, rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...exporters.program.program import Events, Input, Population, Program, Projection
from ...exporters.program.projection import WINDOWED

GRAIN = 64
"""Parts begin at multiples of so many neurons: the results of each lie on cache lines of its own, almost all."""


class Part(NamedTuple):
    """Which neurons of a population of the whole program one of the cut program is.

    Attributes
    ----------
    population : str
    first : int
        Its first neuron there.
    runner : int
        Thread that runs it.
    """

    population: str
    first: int
    runner: int


@dataclass(frozen=True, eq=False)
class Cut(Program):
    """A program in parts; those of a population lie one behind the other, projections end at one of them.

    Attributes
    ----------
    whole : Program
        Inputs and populations where projections start.
    parts : dict of population to Part
    pieces : dict of str to str
        Projection of the whole program that each belongs to.
    """

    whole: Program = field(kw_only=True)
    parts: dict[str, Part] = field(kw_only=True)
    pieces: dict[str, str] = field(kw_only=True)

    def source(self, name: str) -> Input | Population:
        """Return the part called `name`, or else what has that name in the whole program."""
        return self._sources[name] if name in self._sources else self.whole.source(name)

    def events(self, source: str) -> Events:
        """What the events of an input, a population or a part of one are."""
        return self.whole.events(self.parts[source].population if source in self.parts else source)


def cut_program(program: Program, runners: int) -> Cut:
    """Cut what can be cut into a part for each of several runners; what stays whole goes round among them."""
    own: dict[str, list[tuple[Population, Part]]] = {}
    for number, p in enumerate(program.populations):
        divided = runners > 1 and is_divisible(program, p)
        own[p.name] = list(_parts(p, runners)) if divided else [(p, Part(p.name, 0, number % runners))]
    cut = [(piece, q.name) for q in program.projections for piece in _pieces(q, own[q.target])]
    parts = [both for several in own.values() for both in several]
    return Cut(
        program.inputs,
        tuple(p for p, _ in parts),
        tuple(piece for piece, _ in cut),
        program.outputs,
        whole=program,
        parts={p.name: part for p, part in parts},
        pieces={piece.name: name for piece, name in cut},
    )


def is_divisible(program: Program, p: Population) -> bool:
    """Whether a population can be cut: no convolution or pooling reaches it, which are summed place by place."""
    return p.size > GRAIN and all(q.kind not in WINDOWED for q in program.into(p.name))


def _parts(p: Population, runners: int) -> Iterator[tuple[Population, Part]]:
    """Parts of a population; their names are no user's, which hold no "/"."""
    grains = -(-p.size // GRAIN)
    cuts = [min(p.size, grains * k // runners * GRAIN) for k in range(runners + 1)]
    for runner, (first, stop) in enumerate(pairwise(cuts)):
        if first < stop:
            registers = {name: getattr(p, name)[first:stop] for name in ("bias_mant", *p.per_neuron)}
            part = replace(p, name=f"{p.name}/{runner}", shape=(stop - first,), membrane_unit=0.0, **registers)
            yield part, Part(p.name, first, runner)


def _pieces(q: Projection, targets: list[tuple[Population, Part]]) -> Iterator[Projection]:
    """`q` if its target is whole, else its synapses onto each part; views, but for where rows begin."""
    if len(targets) == 1:
        yield q
        return
    for target, part in targets:
        own, rows = slice(part.first, part.first + target.size), {}
        if q.indptr is not None and q.indices is not None:
            begins = q.indptr[own.start : own.stop + 1]
            own = slice(begins[0], begins[-1])
            rows = {"indptr": begins - begins[0], "indices": q.indices[own]}
        weights = q.weights[own]
        # A delay for every synapse of none would be no delay.
        delay = q.delay[own] if isinstance(q.delay, np.ndarray) and weights.size else q.min_delay
        name = f"{q.name}/{part.runner}"
        yield replace(q, name=name, target=target.name, weights=weights, delay=delay, unit=0.0, **rows)
