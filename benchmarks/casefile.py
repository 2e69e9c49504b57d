"""A case on disk: all that a contestant needs to build the network and its input. Needs numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PROGRAM = "network.program"


@dataclass(frozen=True)
class Layer:
    """Synapses into one layer of LIF neurons, or into a readout.

    Attributes
    ----------
    kind : {"dense", "convolution"}
    weights : (post, pre) or (out, in, kh, kw) int16 array
        Integer weights. A dense layer takes channels, rows and columns flat, in this order.
    vth : float
        Threshold in units of a weight; a neuron spikes above it. A readout has none.
    stride, padding : int
        Of a convolution, the same in both directions.
    bias : (post,) or (out,) float64 array, optional
        What every step adds to a membrane, in units of a weight.
    exponent : int
        Our integer neurons get the sum of the weights times ``2**exponent``, rounded down.
    """

    kind: Literal["dense", "convolution"]
    weights: NDArray[np.int16]
    vth: float
    stride: int = 1
    padding: int = 0
    bias: NDArray[np.float64] | None = None
    exponent: int = 0

    def shape(self, source: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the neurons behind a source of this shape."""
        if self.kind == "dense":
            return (len(self.weights),)
        sides = (
            (n + 2 * self.padding - k) // self.stride + 1
            for n, k in zip(source[1:], self.weights.shape[2:], strict=True)
        )
        return (len(self.weights), *sides)


@dataclass(frozen=True, eq=False)
class Case:
    """A feed-forward network of LIF layers that reset to zero, perhaps with a readout behind, and its input spikes.

    Attributes
    ----------
    folder : Path
        Where the case lies; our program is beside it as `PROGRAM`.
    layers : tuple of Layer
    dv : int
        A membrane keeps ``1 - dv / 4096`` of itself per step.
    x : (T, B, *shape) uint8 array
        Input spikes; the shape is (channels,) or (channels, rows, columns).
    readout : Layer, optional
        Synapses into outputs that only sum, over all steps.
    """

    folder: Path
    layers: tuple[Layer, ...]
    dv: int
    x: NDArray[np.uint8]
    readout: Layer | None = None

    @property
    def projections(self) -> tuple[Layer, ...]:
        """The layers, and the readout if there is one."""
        return self.layers if self.readout is None else (*self.layers, self.readout)

    def batches(self, samples: int, batch: int) -> list[NDArray[np.uint8]]:
        """The first `samples` samples, cut into contiguous (T, batch, *shape) arrays."""
        return [np.ascontiguousarray(self.x[:, i : min(i + batch, samples)]) for i in range(0, samples, batch)]


def write_case(case: Case) -> None:
    """Write everything but the program to the case's folder."""
    found: dict[str, Any] = {"dv": case.dv, "layers": len(case.layers), "columns": case.x.shape[-1]}
    for n, one in enumerate(case.projections):
        found[f"numbers{n}"] = np.array([one.stride, one.padding, one.exponent])
        found |= {f"kind{n}": one.kind, f"vth{n}": one.vth, f"weights{n}": one.weights}
        found |= {} if one.bias is None else {f"bias{n}": one.bias}
    np.savez(case.folder / "case.npz", x=np.packbits(case.x, axis=-1), **found)


def read_case(folder: str | Path) -> Case:
    """Read what `write_case` wrote."""
    with np.load(Path(folder) / "case.npz", allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    count, projections = int(kept["layers"]), []
    while f"kind{len(projections)}" in kept:
        n = len(projections)
        stride, padding, exponent = kept[f"numbers{n}"].tolist()
        kind, vth = kept[f"kind{n}"].item(), kept[f"vth{n}"].item()
        projections.append(Layer(kind, kept[f"weights{n}"], vth, stride, padding, kept.get(f"bias{n}"), exponent))
    x = np.unpackbits(kept["x"], axis=-1, count=int(kept["columns"]))
    readout = projections[count] if len(projections) > count else None
    return Case(Path(folder), tuple(projections[:count]), int(kept["dv"]), x, readout)
