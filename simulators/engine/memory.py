"""Memory of a run, predicted from the program alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...exporters.program.program import Output, Program
from ...models.errors import ConfigError
from .buffers import extent_of, result_places, result_rooms
from .cutting import cut_program
from .execute import records_spikes
from .outline import outline
from .prepared import NEAR, kept_tables, segments_of
from .runners import processors, runners_of
from .tables import bytes_of
from .workspace import workspace_bytes

if TYPE_CHECKING:
    from ..placement import Placement

CHUNK_BYTES = 1 << 28
"""Samples are run in chunks of about so much, where chunks save memory."""
COUNTED_BY_CORE = 9
"""Arrays that are counted by core."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a run takes at most, beside the program and the user's own arrays.

    Attributes
    ----------
    samples, chunk : int
        B, and how many of them are run at a time.
    tables : int
        Synapses and neurons as the kernels read them, kept as long as the program lives.
    workspaces : int
        Of all threads, with the tables that each but one has a copy of.
    inputs : int
        Samples of a chunk as they are read, unpacked or converted, and as they are handed to the kernels.
    results : int
        What the kernels write for a chunk.
    trace : int
        What else the trace is made of: the results of all samples, if there are several chunks and they are not
        written to disk; counts by core. Event lists are as long as the network is active, and not predicted.
    """

    samples: int
    chunk: int
    tables: int
    workspaces: int
    inputs: int
    results: int
    trace: int

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return self.tables + self.workspaces + self.inputs + self.results + self.trace


def predict_memory(
    program: Program,
    steps: int,
    samples: int,
    record: tuple[str, ...] = (),
    threads: int | None = None,
    place: Placement | None = None,
    *,
    chunk: int | None = None,
    lazy: bool = False,
    out: bool = False,
) -> Memory:
    """Predict the memory that `simulate` takes on the engine; nothing is allocated for it.

    Parameters
    ----------
    program : Program
    steps, samples : int
        T and B.
    record, threads, place, chunk
        As in `simulate`.
    lazy : bool
        Whether the input is an event list, a `LazyInput` or of a type other than bytes, rather than an array of bytes.
    out : bool
        Whether the results go to disk.

    Returns
    -------
    Memory

    Raises
    ------
    ConfigError
        If a number is less than 1.
    """
    if min(steps, samples, threads or 1, chunk or 1) < 1 or 0 in (threads, chunk):
        raise ConfigError(f"steps={steps}, samples={samples}, threads={threads}, chunk={chunk}: give 1 or more each.")
    encoded, at_once = encoded_bytes(program, steps, lazy), min(samples, chunk or samples)
    need = Need(program, steps, samples, record, threads, place, encoded, lazy, out, at_once)
    return need.memory(chunk or need.chunk(None))


def encoded_bytes(program: Program, steps: int, lazy: bool) -> int:
    """Bytes of one encoded sample; an array of bytes is taken as it is."""
    widths = {"spikes": 1 if lazy else 0, "graded": 4, "bias": 1}
    return steps * sum(port.size * widths[port.kind] for port in program.inputs)


class Need:
    """What a run needs, for chunks of any size.

    `encoded` is the bytes that one sample takes until it is encoded, `at_once` how many samples are to be run at a time
    if there is room for them. The other parameters are those of `predict_memory`.
    """

    def __init__(
        self,
        program: Program,
        steps: int,
        samples: int,
        record: tuple[str, ...],
        threads: int | None,
        place: Placement | None,
        encoded: int,
        lazy: bool,
        out: bool,
        at_once: int,
    ) -> None:
        self._program, self._steps, self._samples, self._place = program, steps, samples, place
        self._record, self._encoded, self._lazy, self._out = record, encoded, lazy, out
        self._threads = threads or processors()
        self._runners = runners_of(program, steps, at_once, self._threads, place)
        tables = kept_tables(program, place, self._runners)
        if tables is None:
            cut = cut_program(program, self._runners)
            tables = outline(cut, segments_of(cut, place), place)
        self._tables = bytes_of(tables)
        self._workspace = workspace_bytes(tables, steps, self._runners)
        self._extent = extent_of(program, tables)

    def memory(self, chunk: int) -> Memory:
        """Memory of a run in chunks of so many samples."""
        chunk = min(chunk, self._samples)
        return Memory(
            self._samples,
            chunk,
            tables=self._tables,
            workspaces=self._workspaces(chunk),
            inputs=self._inputs(chunk),
            results=self._results(chunk),
            trace=self._made(chunk) + self._joined(chunk),
        )

    def chunk(self, free: int | None) -> int:
        """Samples to be run at a time, where so many bytes are free (None: enough)."""
        if not (self._lazy or self._out or "events" in self._record):
            return self._samples
        one, budget = self.memory(1), CHUNK_BYTES
        if free is not None:
            budget = min(budget, free - one.tables - self._workspaces(self._samples) - self._joined(1))
        return max(1, min(self._samples, budget // max(1, one.total - one.tables - one.workspaces - self._joined(1))))

    def _workspaces(self, chunk: int) -> int:
        threads = min(self._threads // self._runners, chunk)
        return self._workspace * threads + (self._tables * (threads - 1) if self._tables <= NEAR else 0)

    def _inputs(self, chunk: int) -> int:
        ports = self._program.inputs
        cut = not self._lazy and chunk < self._samples
        found = self._encoded * chunk
        for own, width in ((["spikes", "bias"], 1), (["graded"], 4)):
            mine = [port for port in ports if port.kind in own]
            if len(mine) > 1 or (cut and width == 1):
                found += self._steps * chunk * width * sum(port.size for port in mine)
        return found

    def _results(self, chunk: int) -> int:
        spikes, state = records_spikes(self._record), "state" in self._record
        sizes, _ = result_places(result_rooms(self._extent, self._steps, chunk, spikes, state))
        return sum(sizes)

    def _made(self, chunk: int) -> int:
        """What the trace of a chunk has beside what the kernels wrote."""
        program, rows = self._program, self._steps * chunk
        found = 8 * rows * len({q.name for q in program.projections if np.ndim(q.delay)})
        for p in program.populations:
            if program.events(p.name).graded:
                found += p.size * (rows * np.dtype(program.events(p.name).dtype).itemsize + 8 * chunk)
        if self._place is not None:
            found += 8 * (self._steps + program.depth) * chunk * len(self._place.cores) * COUNTED_BY_CORE
        return found

    def _joined(self, chunk: int) -> int:
        """Results of all samples in memory, if they come in several chunks."""
        if self._out or chunk >= self._samples:
            return 0
        program, steps, samples = self._program, self._steps, self._samples
        neurons, rows = self._extent.neurons, steps * samples
        read = sum((8 if _is_summed(program, o) else 4) * program.source(o.population).size for o in program.outputs)
        found = samples * (4 * neurons + read)
        found += 8 * rows * (len({q.name for q in program.projections}) + len(program.populations))
        if "spikes" in self._record:
            found += rows * sum(p.size * np.dtype(program.events(p.name).dtype).itemsize for p in program.populations)
        if "state" in self._record:
            found += rows * neurons * 8
        if self._place is not None:
            found += 8 * (steps + program.depth) * samples * len(self._place.cores) * COUNTED_BY_CORE
        return found


def _is_summed(program: Program, output: Output) -> bool:
    """Whether an output is the sum of values, rather than spikes of a sample or a membrane."""
    return output.readout == "spike_count" and program.events(output.population).graded
