"""The events that enter the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .network import Network


@dataclass(frozen=True)
class Events:
    """Input rows of all samples.

    Attributes
    ----------
    steps, samples, depth : int
        T, B and the largest level.
    streamed : bool
        Events in flight reach the next sample; else samples are independent.
    rows : dict of str to (T, B, n) int32 array
        By input.
    """

    steps: int
    samples: int
    depth: int
    streamed: bool
    rows: dict[str, np.ndarray]

    def columns(self, name: str, shift: int) -> np.ndarray:
        """Rows of an input for a Lava source, one sample behind the other.

        Column k T + t holds row t - `shift` of sample k, nothing where that is before the sample; in the last `depth`
        columns, in which the last rows travel through the net, there is nothing.

        Returns
        -------
        (n, B * T + depth) int32 array
        """
        rows = self.rows[name]
        late = np.zeros_like(rows)
        late[shift:] = rows[: len(rows) - shift]
        columns = late.transpose(2, 1, 0).reshape(rows.shape[2], -1)
        return np.pad(columns, ((0, 0), (0, self.depth)))


def read_inputs(network: Network, path: Path, streamed: bool) -> Events:
    """Read ``input/<name>`` arrays of shape (T, B, *shape) from the .npz file `path`; those of the kind bias are ones.

    Raises
    ------
    ValueError
        If an input is missing or unknown, has another shape than the network's, or holds anything but events of its.
    """
    fed = {f"input/{entry['name']}": entry for entry in network.inputs if entry["kind"] != "bias"}
    with np.load(path, allow_pickle=False) as arrays:
        if sorted(arrays.files) != sorted(fed):
            raise ValueError(f"{path.name} must hold the arrays {sorted(fed)}, holds {sorted(arrays.files)}")
        rows = {entry["name"]: _events(entry, arrays[name]) for name, entry in fed.items()}
    sizes = {x.shape[:2] for x in rows.values()}
    if len(sizes) != 1:
        raise ValueError(f"all inputs must have the same T and B, given are {sorted(sizes)}")
    size = sizes.pop()
    for entry in network.inputs:
        if entry["kind"] == "bias":
            rows[entry["name"]] = np.ones((*size, int(np.prod(entry["shape"]))), np.int32)
    return Events(*size, network.depth, streamed, rows)


def _events(entry: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Events of an input, (T, B, n); Lava would take any value at a spike input as a spike."""
    if x.ndim < 2 or list(x.shape[2:]) != entry["shape"] or 0 in x.shape:
        raise ValueError(f"input {entry['name']!r} must be (T, B, *{entry['shape']}), is {x.shape}")
    highest = (1 << entry["bits"]) - 1
    lowest = -highest if entry["kind"] == "graded" else 0
    if x.dtype.kind not in "biu" or x.min() < lowest or x.max() > highest:
        found = f"{x.min()} to {x.max()} of type {x.dtype}" if x.dtype.kind in "biuf" else f"type {x.dtype}"
        raise ValueError(f"input {entry['name']!r} takes integers from {lowest} to {highest}, holds {found}")
    return x.reshape(*x.shape[:2], -1).astype(np.int32)
