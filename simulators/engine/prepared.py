"""A program ready for the kernels, kept as long as the program lives: making it takes longer than running a sample."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ...exporters.program.program import Program
from .handover import Kept, keep_tables, keep_workspace
from .plan import build_tables
from .words import Segments
from .workspace import new_workspace

if TYPE_CHECKING:
    from ..placement import Placement


class Prepared:
    """Tables of a program, the names behind their numbers, and workspaces to use again.

    Attributes
    ----------
    tables : Tables
    kept_tables : Kept
        The same for the kernels.
    neurons : int
    populations : list of (name, first neuron, the one behind its last, shape)
    images : dict of str to (C, H, W)
        Populations whose neurons lie place by place.
    projections : list of str
        Names in the order of the tables, one for every delay.
    valued : list of str
        Populations whose events carry values.
    segments : dict of population to slice
        Its segments among all.
    reads_membrane : bool
        Whether an output needs the membranes of the last row.
    """

    def __init__(self, program: Program, segments: Segments) -> None:
        self.tables, self.images, self.projections = build_tables(program, segments)
        self.kept_tables = keep_tables(self.tables)
        self.neurons = int(self.tables.populations["size"].sum())
        firsts = self.tables.populations["first"].tolist()
        self.populations = [
            (p.name, first, first + p.size, p.shape) for p, first in zip(program.populations, firsts, strict=True)
        ]
        self.valued = [p.name for p in program.populations if program.events(p.name).graded]
        self.segments: dict[str, slice] = {}
        first = 0
        for name, parts in segments.items():
            self.segments[name] = slice(first, first + len(parts))
            first += len(parts)
        self.reads_membrane = any(o.readout == "membrane" for o in program.outputs)
        self._spare: dict[int, list[Kept]] = {}
        self._lock = Lock()

    def take_workspace(self, steps: int) -> Kept:
        """Take a workspace for samples of `steps` rows; whoever takes it alone uses it."""
        with self._lock:
            if spare := self._spare.get(steps):
                return spare.pop()
        return keep_workspace(new_workspace(self.tables, steps))

    def give_back(self, workspace: Kept, steps: int) -> None:
        """Let others use a workspace; those for other lengths of samples are dropped."""
        with self._lock:
            if steps not in self._spare:
                self._spare = {steps: []}
            self._spare[steps].append(workspace)


_kept: WeakKeyDictionary[Program, Prepared] = WeakKeyDictionary()


def prepare(program: Program, place: Placement | None) -> Prepared:
    """Prepare `program`; updates are counted by population or, with a placement, by core.

    Raises
    ------
    InputError
        If the program breaks a rule of `make_program`, which compiled code must not find out by itself.
    """
    if place is not None:  # its cores come in the order of the program's neurons
        cores = {p.name: place.cores[place.cores_of(p.name)] for p in program.populations}
        return Prepared(program, {name: [(core.start, core.stop) for core in own] for name, own in cores.items()})
    prepared = _kept.get(program)
    if prepared is None:
        prepared = _kept[program] = Prepared(program, {p.name: [(0, p.size)] for p in program.populations})
    return prepared
