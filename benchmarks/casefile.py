"""A case on disk: all that a contestant needs to build the network and its input. Needs numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROGRAM = "network.program"


@dataclass(frozen=True)
class Case:
    """A feed-forward network of LIF layers that reset to zero, and its input spikes.

    Attributes
    ----------
    folder : Path
        Where the case lies; our program is beside it as `PROGRAM`.
    weights : tuple of (post, pre) int16 arrays
        Integer weights, layer after layer.
    vth : tuple of int
        Threshold of every layer, in units of a weight; a neuron spikes above it.
    dv : int
        A membrane keeps ``1 - dv / 4096`` of itself per step.
    x : (T, B, channels) uint8 array
        Input spikes.
    """

    folder: Path
    weights: tuple[NDArray[np.int16], ...]
    vth: tuple[int, ...]
    dv: int
    x: NDArray[np.uint8]

    def batches(self, samples: int, batch: int) -> list[NDArray[np.uint8]]:
        """The first `samples` samples, cut into contiguous (T, batch, channels) arrays."""
        return [np.ascontiguousarray(self.x[:, i : min(i + batch, samples)]) for i in range(0, samples, batch)]


def write_case(case: Case) -> None:
    """Write everything but the program to the case's folder."""
    layers = {f"weights{i}": w for i, w in enumerate(case.weights)}
    x = np.packbits(case.x, axis=-1)
    np.savez(case.folder / "case.npz", vth=case.vth, dv=case.dv, x=x, channels=case.x.shape[-1], **layers)


def read_case(folder: str | Path) -> Case:
    """Read what `write_case` wrote."""
    with np.load(Path(folder) / "case.npz", allow_pickle=False) as file:
        weights = tuple(file[f"weights{i}"] for i in range(len(file["vth"])))
        x = np.unpackbits(file["x"], axis=-1, count=int(file["channels"]))
        return Case(Path(folder), weights, tuple(file["vth"].tolist()), int(file["dv"]), x)
