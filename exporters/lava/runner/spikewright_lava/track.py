"""What is recorded of one population, and how its events are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Track:
    """One recorded population.

    Attributes
    ----------
    name : str
    size, level : int
    port : str
        Of the recorder, which receives its events.
    events : {"bits", "int8", "int32"}
        How events are kept.
    variables : tuple of {"u", "v"}
        States that are recorded; those of a `stateless` population are zero.
    stateless : bool
    silent : bool
        It may not spike: a readout, whose membrane a spike would reset.
    """

    name: str
    size: int
    level: int
    port: str
    events: str
    variables: tuple[str, ...]
    stateless: bool
    silent: bool

    @property
    def read(self) -> tuple[str, ...]:
        """States that are read from the neurons."""
        return () if self.stateless else self.variables

    def no_events(self, rows: int) -> np.ndarray:
        """Room for the events of `rows` rows."""
        if self.events == "bits":
            return np.zeros((rows, -(-self.size // 8)), np.uint8)
        return np.zeros((rows, self.size), self.events)

    def packed(self, events: np.ndarray) -> np.ndarray:
        """One row of events as they are kept."""
        return np.packbits(events.astype(bool)) if self.events == "bits" else events

    def unpacked(self, rows: np.ndarray) -> np.ndarray:
        """Kept rows as numbers, (rows, size)."""
        return np.unpackbits(rows, axis=1, count=self.size).astype(np.int8) if self.events == "bits" else rows


def make_track(population: dict[str, Any], port: str, variables: tuple[str, ...]) -> Track:
    """Plan to record `variables` of a population besides its events, which arrive at `port`."""
    events = "int32" if population["event_bits"] > 1 else "int8" if population["signed"] else "bits"
    size, stateless = int(np.prod(population["shape"])), population["kind"] == "relay"
    silent = population["kind"] == "readout"
    return Track(population["name"], size, population["level"], port, events, variables, stateless, silent)
