"""A case on disk: all that a contestant needs to build the network and its input. Needs numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PROGRAM = "network.program"


@dataclass(frozen=True)
class Layer:
    """Synapses into one layer of LIF neurons.

    Attributes
    ----------
    kind : {"dense", "convolution"}
    weights : (post, pre) or (out, in, kh, kw) int16 array
        Integer weights. A dense layer takes channels, rows and columns flat, in this order.
    vth : int
        Threshold in units of a weight; a neuron spikes above it.
    stride, padding : int
        Of a convolution, the same in both directions.
    """

    kind: Literal["dense", "convolution"]
    weights: NDArray[np.int16]
    vth: int
    stride: int = 1
    padding: int = 0

    def shape(self, source: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the neurons behind a source of this shape."""
        if self.kind == "dense":
            return (len(self.weights),)
        sides = (
            (n + 2 * self.padding - k) // self.stride + 1
            for n, k in zip(source[1:], self.weights.shape[2:], strict=True)
        )
        return (len(self.weights), *sides)


@dataclass(frozen=True)
class Case:
    """A feed-forward network of LIF layers that reset to zero, and its input spikes.

    Attributes
    ----------
    folder : Path
        Where the case lies; our program is beside it as `PROGRAM`.
    layers : tuple of Layer
    dv : int
        A membrane keeps ``1 - dv / 4096`` of itself per step.
    x : (T, B, *shape) uint8 array
        Input spikes; the shape is (channels,) or (channels, rows, columns).
    """

    folder: Path
    layers: tuple[Layer, ...]
    dv: int
    x: NDArray[np.uint8]

    def batches(self, samples: int, batch: int) -> list[NDArray[np.uint8]]:
        """The first `samples` samples, cut into contiguous (T, batch, *shape) arrays."""
        return [np.ascontiguousarray(self.x[:, i : min(i + batch, samples)]) for i in range(0, samples, batch)]


def write_case(case: Case) -> None:
    """Write everything but the program to the case's folder."""
    numbers = np.array([(x.kind == "convolution", x.vth, x.stride, x.padding) for x in case.layers])
    weights = {f"weights{i}": layer.weights for i, layer in enumerate(case.layers)}
    x = np.packbits(case.x, axis=-1)
    np.savez(case.folder / "case.npz", layers=numbers, dv=case.dv, x=x, columns=case.x.shape[-1], **weights)


def read_case(folder: str | Path) -> Case:
    """Read what `write_case` wrote."""
    with np.load(Path(folder) / "case.npz", allow_pickle=False) as file:
        layers = tuple(
            Layer("convolution" if windowed else "dense", file[f"weights{i}"], vth, stride, padding)
            for i, (windowed, vth, stride, padding) in enumerate(file["layers"].tolist())
        )
        x = np.unpackbits(file["x"], axis=-1, count=int(file["columns"]))
        return Case(Path(folder), layers, int(file["dv"]), x)
