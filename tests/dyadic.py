"""NIR graphs whose lowering rounds nothing, so that integers and float64 agree in every spike.

The time step is 2**-10 s and time constants are two steps, so that a state keeps exactly half of itself; gains are 1.
Weights, biases and leaks are whole units of 2**-7, and every matrix holds both +127 and -127 units, which the grid of
8 bits holds as +-254: all weights are whole on it. Thresholds, one for a population, are powers of two. Over at most
8 rows the halved states stay whole in the units of a membrane.
"""

from __future__ import annotations

from itertools import pairwise

import nir
import numpy as np
from numpy.typing import ArrayLike

DT_S = 2.0**-10
UNIT = 2.0**-7
ROWS = 8
"""Most rows of a sample."""
KINDS = ("IF", "LIF", "CubaLIF", "Threshold")


def weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Whole units of both signs, the largest magnitude 127 among them."""
    found = rng.integers(-127, 128, shape)
    found.flat[0], found.flat[-1] = 127, -127
    return found * UNIT


def units(rng: np.random.Generator, reach: int, *shape: int) -> np.ndarray:
    """Whole units from -reach to reach."""
    return rng.integers(-reach, reach + 1, shape) * UNIT


def neurons(kind: str, n: int | tuple[int, ...], threshold: float = 1.0, leak: np.ndarray | float = 0.0) -> nir.NIRNode:
    """Nodes of `kind` with gain 1."""
    full = np.ones(n)
    reset = {"v_reset": 0 * full}
    if kind == "IF":
        return nir.IF(full / DT_S, threshold * full, **reset)
    if kind == "LIF":
        return nir.LIF(2 * DT_S * full, 2 * full, leak * full, threshold * full, **reset)
    if kind == "CubaLIF":
        taus = 2 * DT_S * full
        return nir.CubaLIF(taus, taus, 2 * full, leak * full, threshold * full, w_in=2 * full, **reset)
    return nir.Threshold(threshold * full)


def delay(rows: ArrayLike) -> nir.Delay:
    """Delay of whole rows."""
    return nir.Delay(np.asarray(rows) * DT_S)


def graph(nodes: dict[str, nir.NIRNode], *paths: str, **metadata: object) -> nir.NIRGraph:
    """Graph of those `nodes` that a path names, with its edges along the words of every path."""
    edges = [edge for path in paths for edge in pairwise(path.split())]
    named = {name: nodes[name] for name in sorted({end for edge in edges for end in edge})}
    return nir.NIRGraph(
        named, list(dict.fromkeys(edges)), metadata={"spikewright": {"dt_s": DT_S, **metadata}}, type_check=False
    )


def ports(n_in: int, n_out: int) -> dict[str, nir.NIRNode]:
    """Input and output of so many channels."""
    return {"input": nir.Input({"input": np.array([n_in])}), "output": nir.Output({"output": np.array([n_out])})}


def random_graph(rng: np.random.Generator, **metadata: object) -> nir.NIRGraph:
    """Up to four populations of any kind, connected at random: chains, skips, cycles, biases, Delays of 0 to 3 rows."""
    sizes = {f"n{i}": int(rng.integers(2, 5)) for i in range(rng.integers(1, 5))}
    last = list(sizes)[-1]
    nodes = ports(3, sizes[last])
    for name, n in sizes.items():
        nodes[name] = neurons(str(rng.choice(KINDS)), n, float(rng.choice([0.5, 1.0, 2.0])), units(rng, 8, n))
    pairs = [("input" if i == 0 or rng.random() < 0.6 else f"n{rng.integers(i)}", name) for i, name in enumerate(sizes)]
    pairs += [(source, target) for source in sizes for target in sizes if rng.random() < 0.3]
    sizes["input"] = 3
    paths = [_linked(rng, nodes, source, target, sizes, i) for i, (source, target) in enumerate(pairs)]
    return graph(nodes, *paths, f"{last} output", **metadata)


def _linked(
    rng: np.random.Generator, nodes: dict[str, nir.NIRNode], source: str, target: str, sizes: dict[str, int], i: int
) -> str:
    """Add a linear node, often with a Delay in front of it or behind it; return the path through them."""
    before, after = sizes[source], sizes[target]
    weight, bias = weights(rng, after, before), units(rng, 20, after)
    nodes[f"fc{i}"] = nir.Affine(weight, bias) if rng.random() < 0.4 else nir.Linear(weight)
    where = rng.choice(["", "", "before", "after"])
    if not where:
        return f"{source} fc{i} {target}"
    n = before if where == "before" else after
    nodes[f"d{i}"] = delay(rng.integers(0, 4, n) if rng.random() < 0.6 else np.full(n, rng.integers(0, 4)))
    return f"{source} d{i} fc{i} {target}" if where == "before" else f"{source} fc{i} d{i} {target}"


IMAGE = (2, 3, 3)
"""Shape of every population of `random_windows`."""


def random_windows(rng: np.random.Generator, **metadata: object) -> nir.NIRGraph:
    """Up to four populations connected at random through convolutions, many with Delays; chains, skips and cycles."""
    names = [f"n{i}" for i in range(rng.integers(1, 5))]
    nodes: dict[str, nir.NIRNode] = {
        "input": nir.Input({"input": np.array(IMAGE)}),
        "output": nir.Output({"output": np.array(IMAGE)}),
    }
    for name in names:
        nodes[name] = neurons(str(rng.choice(KINDS)), IMAGE, float(rng.choice([0.5, 1.0, 2.0])), units(rng, 8, *IMAGE))
    pairs = [("input" if i == 0 or rng.random() < 0.5 else f"n{rng.integers(i)}", name) for i, name in enumerate(names)]
    pairs += [(source, target) for source in ["input", *names] for target in names if rng.random() < 0.3]
    paths = []
    for i, (source, target) in enumerate(pairs):
        kernel = weights(rng, 2, 2, 3, 3)
        kernel = np.where((rng.random(kernel.shape) < 0.3) | (np.abs(kernel) == 127 * UNIT), kernel, 0.0)
        nodes[f"c{i}"] = nir.Conv2d(IMAGE[1:], kernel, 1, 1, 1, 1, units(rng, 20, 2))
        where = rng.choice(["", "alike", "behind", "each"])
        each = where == "each" and source != "input"  # of an input, elements cannot wait differently
        rows = rng.integers(0, 4, IMAGE) if each else np.full(IMAGE, rng.integers(0, 4))
        nodes[f"d{i}"] = delay(rows)
        through = {"": f"c{i}", "behind": f"c{i} d{i}"}.get(str(where), f"d{i} c{i}")
        paths.append(f"{source} {through} {target}")
    return graph(nodes, *paths, f"{names[-1]} output", **metadata)
