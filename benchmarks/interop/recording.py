"""What every generator leaves: a NIR file, its recording, and how the framework steps it. Needs only numpy and h5py.

Runs inside a framework's own environment, beside the generator, and therefore imports nothing of ours.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

STEPS, SAMPLES = 30, 2


def inputs(*shape: int, seed: int = 0, rate: float = 0.4) -> np.ndarray:
    """Binary input (T, B, *shape) float32."""
    return (np.random.default_rng(seed).random((STEPS, SAMPLES, *shape)) < rate).astype(np.float32)


class Folder:
    """Collects the networks of one framework; `close` writes ``about.json``."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._nets: dict[str, dict] = {}
        self._failed: dict[str, str] = {}

    def file(self, name: str) -> Path:
        """Where the network `name` is to be written."""
        return self.path / f"{name}.nir"

    def record(self, name: str, x: np.ndarray, spikes: dict, voltages: dict, told: dict, what: str) -> None:
        """Keep what the framework computed.

        Parameters
        ----------
        x : (T, B, *shape) array
        spikes, voltages : dict of NIR node to (T, B, *shape) array, the last one is the network's output
            Voltages after the reset; those of the first sample are kept.
        told : dict
            The framework's semantics, in the words of ``run_graph``'s arguments.
        what : str
            One sentence on the network.
        """
        arrays = {"x": x.astype(np.uint8 if np.array_equal(x, x.astype(np.uint8)) else np.float32)}
        arrays |= {f"spikes:{node}": np.asarray(a).astype(np.int8) for node, a in spikes.items()}
        arrays |= {f"v:{node}": np.asarray(a)[:, :1].astype(np.float32) for node, a in voltages.items()}
        arrays["last"] = np.array(f"spikes:{list(spikes)[-1]}")
        np.savez_compressed(self.path / f"{name}.npz", **arrays)
        repack(self.file(name))
        self._nets[name] = {
            "what": what,
            "semantics": told,
            "spikes": {node: int(np.asarray(a).sum()) for node, a in spikes.items()},
        }

    def attempt(self, name: str, build) -> None:
        """Run `build(self, name)`; what the framework cannot export is kept with its reason."""
        try:
            build(self, name)
        except Exception as error:  # whatever the framework raises is the finding
            lines = str(error).strip().splitlines() or [""]
            self._failed[name] = f"{type(error).__name__}: {lines[0]}"[:300]
            for ending in ("nir", "npz"):
                (self.path / f"{name}.{ending}").unlink(missing_ok=True)
            self._nets.pop(name, None)

    def close(self, versions: dict[str, str]) -> None:
        """Write ``about.json``."""
        about = {"versions": versions, "networks": self._nets, "not_exported": self._failed}
        (self.path / "about.json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n")


def repack(path: Path) -> None:
    """Write the same groups, names and values in HDF5's newer layout, a third of the size in files this small."""
    packed = path.with_suffix(".packed")
    with h5py.File(path, "r") as old, h5py.File(packed, "w", libver="latest") as new:
        for key in old:
            copy(old[key], new, key)
    packed.replace(path)


def copy(item, group, key: str) -> None:
    """Copy a group or data set under `group`, without chunks, whose index is larger than the values."""
    if isinstance(item, h5py.Dataset):
        group.create_dataset(key, data=item[()], dtype=item.dtype)
        return
    inner = group.create_group(key)
    for name in item:
        copy(item[name], inner, name)


def versions(*packages: str) -> dict[str, str]:
    """Versions of installed packages, without build labels."""
    from importlib.metadata import version

    return {name: version(name).split("+")[0] for name in packages}
