"""The events that enter the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .network import Network


@dataclass(frozen=True)
class Events:
    """Input rows of all samples, one behind the other.

    Attributes
    ----------
    steps, samples : int
        T and B.
    columns : dict of str to (n, B * T + depth) int32 array
        Column k T + t is row t of sample k; the columns in which the last rows travel through the net are zero.
    """

    steps: int
    samples: int
    columns: dict[str, np.ndarray]

    @property
    def rows(self) -> int:
        """Rows of all samples, B * T."""
        return self.steps * self.samples


def read_inputs(network: Network, path: Path) -> Events:
    """Read ``input/<name>`` arrays of shape (T, B, *shape) from the .npz file `path`.

    Raises
    ------
    ValueError
        If an input is missing, has another shape than the network's, or holds no 32-bit integers.
    """
    columns, sizes = {}, set()
    with np.load(path, allow_pickle=False) as arrays:
        for entry in network.inputs:
            x = arrays[f"input/{entry['name']}"]
            if x.ndim < 2 or list(x.shape[2:]) != entry["shape"]:
                raise ValueError(f"input {entry['name']!r} must be (T, B, *{entry['shape']}), is {x.shape}")
            if x.dtype.kind not in "biu" or (x.size and (x.min() < -(2**31) or x.max() >= 2**31)):
                raise ValueError(f"input {entry['name']!r} must hold 32-bit integers")
            sizes.add(x.shape[:2])
            columns[entry["name"]] = _columns(x, network.depth)
    if len(sizes) != 1 or 0 in min(sizes):
        raise ValueError(f"all inputs must have the same T and B, at least 1; given are {sorted(sizes)}")
    return Events(*sizes.pop(), columns)


def _columns(x: np.ndarray, blank: int) -> np.ndarray:
    steps, samples = x.shape[:2]
    rows = x.reshape(steps, samples, -1).transpose(2, 1, 0).reshape(-1, samples * steps)
    return np.pad(rows.astype(np.int32), ((0, 0), (0, blank)))
