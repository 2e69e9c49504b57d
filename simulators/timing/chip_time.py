"""Samples back to back on the chip's clock of steps.

Sample b takes the period ``P = T + G``: G blank rows, then its T rows. G is the largest row offset of any projection,
those of relays on the way added up; so many rows it takes until nothing of the sample before can arrive any more.
Row t of a population of level L is chip step ``b P + G + t + L``, an input's row has level 0, and the run ends with the
last row of the deepest population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Population, Program, Projection
from ...exporters.program.trace import Trace


@dataclass(frozen=True)
class ChipTime:
    """The steps of a run.

    Attributes
    ----------
    rows, samples : int
        T and B.
    blank_rows : int
        G, in front of every sample.
    depth : int
        Largest level of the program.
    readout : int
        Largest level of a population that is read out.
    """

    rows: int
    samples: int
    blank_rows: int
    depth: int
    readout: int

    @property
    def period(self) -> int:
        """Steps from one sample to the next, P."""
        return self.rows + self.blank_rows

    @property
    def chip_steps(self) -> int:
        """Steps of the whole run."""
        return self.samples * self.period + self.depth

    def overlay(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Lay counts of isolated samples, (T + depth, B, cores), on the chip's steps: (chip_steps, cores).

        A sample still runs through the deep populations while the next one enters, so several samples may add up.
        """
        local, samples, cores = counts.shape
        pieces = -(-local // self.period)
        padded = np.zeros((pieces * self.period, samples, cores), counts.dtype)
        padded[:local] = counts
        laid = np.zeros((samples + pieces, self.period, cores), counts.dtype)
        for piece in range(pieces):
            part = padded[piece * self.period : (piece + 1) * self.period]
            laid[piece : piece + samples] += part.swapaxes(0, 1)
        steps = laid.reshape(-1, cores)[: self.chip_steps - self.blank_rows]
        return np.concatenate([np.zeros((self.blank_rows, cores), counts.dtype), steps])

    def latencies(self, step_time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Time from a sample's first input row to its last readout row, both steps included, (B,)."""
        first = np.arange(self.samples) * self.period + self.blank_rows
        return _between(step_time_ns, first, first + self.rows + self.readout)

    def intervals(self, step_time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Time of a sample's P steps, (B,): so often a sample can enter."""
        first = np.arange(self.samples) * self.period
        return _between(step_time_ns, first, first + self.period)


def chip_time(program: Program, trace: Trace) -> ChipTime:
    """Chip time of a run of `program`."""
    return ChipTime(
        trace.steps,
        trace.samples,
        max((row_offset(program, q) for q in program.projections), default=0),
        program.depth,
        max(program.level(output.population) for output in program.outputs),
    )


def row_offset(program: Program, projection: Projection) -> int:
    """Rows from an event to its last arrival through `projection`, counted from the neuron in front of all relays."""
    source = program.source(projection.source)
    relayed = isinstance(source, Population) and source.kind == "relay"
    before = row_offset(program, program.into(source.name)[0]) if relayed else 0
    return before + projection.max_delay


def _between(times: NDArray[np.float64], first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.float64]:
    until = np.concatenate([[0.0], np.cumsum(times)])
    return until[stop] - until[first]
