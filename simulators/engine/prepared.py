"""A program ready for the kernels, kept as long as the program lives: making it takes longer than running a sample."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from ...exporters.program.make import require_valid
from ...exporters.program.program import Program
from .buffers import Extent, extent_of
from .cutting import cut_program
from .laying import Laid, lay
from .plan import build_tables
from .results import Layout, Results
from .segment_records import Segments
from .tables import Tables, bytes_of
from .workspace import copied, new_workspaces

if TYPE_CHECKING:
    from ..placement import Placement


NEAR = 1 << 21
"""Bytes of tables of which every thread has a copy. Lines that two processors hold take either of them longer to get
again when they had to make room, 6 % of a run of dense layers; larger tables would not stay in their caches anyway."""


class Desk(NamedTuple):
    """What a thread works with: tables, and a workspace, or several if others share its samples."""

    tables: Laid
    workspaces: list[Laid]


class Prepared:
    """Tables of a program, the names behind their numbers, and desks to use again.

    Attributes
    ----------
    tables : Tables
    extent : Extent
    width : int
        Neurons and channels of all sources.
    populations : list of (name, first neuron, the one behind its last, shape)
    images : dict of str to (C, H, W)
        Populations whose neurons lie place by place.
    projections : dict of str to int
        How many each is in the tables, in the order of their results: one for every delay and every part.
    tallies : dict of source to Tally
        What is counted of its events.
    valued : dict of str to dtype
        Populations whose events carry values, and what these are recorded as.
    parts : dict of population to int
        How many it is in the tables.
    runners : int
        Threads that share every sample.
    """

    def __init__(self, program: Program, place: Placement | None, runners: int = 1) -> None:
        require_valid(program)
        self.runners = runners
        cut = cut_program(program, runners)
        segments = segments_of(cut, place)
        self.tables, self.images, projections, self.tallies = build_tables(cut, segments, place)
        self._near = bytes_of(self.tables) <= NEAR
        self._laid_tables = lay(self.tables)
        self._spare_tables = [self._laid_tables]
        self.extent: Extent = extent_of(program, self.tables)
        self.width = int(self.tables.size.sum())
        ends = accumulate(p.size for p in program.populations)
        self.populations = [
            (p.name, end - p.size, end, p.shape) for p, end in zip(program.populations, ends, strict=True)
        ]
        events = {p.name: program.events(p.name) for p in program.populations}
        self.projections = dict(Counter(projections))
        self.valued = {name: own.dtype for name, own in events.items() if own.graded}
        self.parts = dict(Counter(part.population for part in cut.parts.values()))
        self._layouts: dict[tuple[int, int, bool, bool], Layout] = {}
        self._spare: dict[int, list[list[Laid]]] = {}

    def new_results(self, steps: int, samples: int, spikes: bool, state: bool) -> Results:
        """Make room for what the kernels write; where it lies is kept for the next run of the same size."""
        size = steps, samples, spikes, state
        layout = self._layouts.get(size)
        if layout is None:
            layout = Layout(self, *size)
            self._layouts = {size: layout}
        return Results(layout)

    def take_desk(self, steps: int) -> Desk:
        """Take what runs samples of `steps` rows; whoever takes it alone uses it."""
        return Desk(self._take_tables(), self._take_workspaces(steps))

    def _take_tables(self) -> Laid:
        """Take tables that no other thread uses, or those that all use if they are large."""
        try:
            return self._spare_tables.pop()
        except IndexError:
            return lay(copied(self.tables)) if self._near else self._laid_tables

    def _take_workspaces(self, steps: int) -> list[Laid]:
        try:
            return self._spare[steps].pop()
        except (KeyError, IndexError):
            return [lay(own) for own in new_workspaces(self.tables, steps, self.runners)]

    def give_back(self, desk: Desk, steps: int) -> None:
        """Let others use this desk; workspaces for other lengths of samples are dropped.

        A list gives and takes one at a time; a thread that comes between the steps here loses spare ones, no more.
        """
        if self._near:
            self._spare_tables.append(desk.tables)
        spare = self._spare.get(steps)
        if spare is None:
            self._spare = {steps: [desk.workspaces]}
        else:
            spare.append(desk.workspaces)


_kept: WeakKeyDictionary[Program | Placement, dict[int, Prepared]] = WeakKeyDictionary()
"""By the number of runners."""


def prepare(program: Program, place: Placement | None, runners: int = 1) -> Prepared:
    """Prepare `program` for some threads that share a sample; if placed, updates are counted by core too.

    Raises
    ------
    InputError
        If the program breaks a rule of `make_program`, which compiled code must not find out by itself.
    """
    key = program if place is None else place
    own = _kept.get(key)
    if own is None:
        own = _kept[key] = {}
    if runners not in own:
        own[runners] = Prepared(program, place, runners)
    return own[runners]


def kept_tables(program: Program, place: Placement | None, runners: int) -> Tables | None:
    """Tables of `program`, if it has been prepared for so many runners."""
    prepared = _kept.get(program if place is None else place, {}).get(runners)
    return None if prepared is None else prepared.tables


def segments_of(program: Program, place: Placement | None) -> Segments:
    """Parts of all populations that lie on one core; cores come in the order of the program's neurons."""
    if place is None:
        return {p.name: [] for p in program.populations}
    cores = {p.name: place.cores[place.cores_of(p.name)] for p in program.populations}
    return {name: [(core.start, core.stop) for core in own] for name, own in cores.items()}
