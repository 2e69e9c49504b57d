"""What is recorded when, and how it is laid out in the result file."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .inputs import Events
from .network import Network
from .track import Track, make_track

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Plan:
    """Recording of B samples of T rows, streamed back to back.

    Attributes
    ----------
    tracks : tuple of Track
    steps, samples, depth : int
        T, B and the largest level.
    every_row : bool
        States are read at every row, else at a sample's last row only.
    output : Path
    progress : Path or None
    program_hash : str
    """

    tracks: tuple[Track, ...]
    steps: int
    samples: int
    depth: int
    every_row: bool
    output: Path
    progress: Path | None
    program_hash: str

    @property
    def rows(self) -> int:
        """Rows of all samples."""
        return self.steps * self.samples

    @property
    def chip_steps(self) -> int:
        """Steps to run until the deepest population has seen the last row."""
        return self.rows + self.depth

    @property
    def read_rows(self) -> int:
        """Rows at which states are read."""
        return self.rows if self.every_row else self.samples

    def due(self, track: Track, step: int) -> int | None:
        """Place of the state that is read after chip `step` (from 0), None if none is."""
        row = step - track.level
        if not 0 <= row < self.rows:
            return None
        if self.every_row:
            return row
        return row // self.steps if row % self.steps == self.steps - 1 else None

    def save(self, spikes: dict[str, np.ndarray], states: dict[tuple[str, str], np.ndarray], running_s: float) -> None:
        """Write all arrays, aligned, as one .npz file that appears whole.

        Raises
        ------
        ValueError
            If a readout has spiked, which makes its membrane wrong.
        """
        broken = [track.name for track in self.tracks if track.silent and spikes[track.name].any()]
        if broken:
            raise ValueError(f"the membranes of readouts {broken} left their register; give shorter samples")
        arrays = {"meta": np.array(json.dumps(self._meta(running_s)))}
        for track in self.tracks:
            arrays[f"spikes/{track.name}"] = self._by_row(track.unpacked(spikes[track.name]))
        for (variable, name), values in states.items():
            if self.every_row:
                arrays[f"{variable}/{name}"] = self._by_row(values)
            else:
                arrays[f"membrane/{name}"] = values
        temporary = self.output.with_name(self.output.name + ".part")
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(temporary, self.output)

    def _by_row(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(self.samples, self.steps, -1).swapaxes(0, 1)

    def _meta(self, running_s: float) -> dict[str, object]:
        return {
            "schema_version": SCHEMA_VERSION,
            "program_hash": self.program_hash,
            "steps": self.steps,
            "samples": self.samples,
            "levels": {t.name: t.level for t in self.tracks},
            "versions": {n: version(n) for n in ("lava-nc", "numpy")} | {"python": platform.python_version()},
            "running_s": running_s,
            "chip_steps": self.chip_steps,
        }


def make_plan(network: Network, events: Events, record: str, output: Path, progress: Path | None) -> Plan:
    """Plan to record all spikes, the last membrane where it is an output, and every u and v if `record` is "state"."""
    every_row = record == "state"
    membranes = {o["population"] for o in network.outputs if o["readout"] == "membrane"}
    tracks = tuple(
        make_track(p, f"port_{i}", ("u", "v") if every_row else ("v",) if p["name"] in membranes else ())
        for i, p in enumerate(network.populations)
    )
    sizes = (events.steps, events.samples, network.depth)
    return Plan(tracks, *sizes, every_row, output, progress, network.program_hash)
