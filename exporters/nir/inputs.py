"""What a run is given: arrays as float64 rows, or every reason why they are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import InputError

Rows = NDArray[np.float64]


def input_rows(graph: nir.NIRGraph, x: Any) -> dict[str, Rows]:
    """Rows of every Input node.

    Parameters
    ----------
    graph : nir.NIRGraph
        Flat.
    x : (T, B, *input_shape) array, or mapping of Input node to such an array

    Returns
    -------
    dict of str to (T, B, *shape) float64 array

    Raises
    ------
    InputError
        For missing or unknown inputs; else for arrays of no numbers, NaN or infinity, of a wrong shape or without a row
        or sample, all at once.
    """
    names = sorted(name for name, node in graph.nodes.items() if isinstance(node, nir.Input))
    if not isinstance(x, Mapping) and len(names) != 1:
        raise InputError(f"The graph has {len(names)} Input nodes ({names}); give a dict of Input to array.")
    given = dict(x) if isinstance(x, Mapping) else {names[0]: x}
    if given.keys() != set(names) or not names:
        raise InputError(f"The graph has the inputs {names}, given are {sorted(map(str, given))}. Give a dict of all.")
    wrong: list[str] = []
    rows = {name: _numbers(name, given[name], wrong) for name in names}
    for name, array in rows.items():
        if array is not None:
            wrong += _misshapen(name, array, graph.nodes[name])
    sizes = {array.shape[:2] for array in rows.values() if array is not None}
    if len(sizes) > 1:
        wrong.append(f"All inputs must have the same T and B, have {', '.join(map(str, sorted(sizes)))}")
    if wrong:
        raise InputError("The graph cannot be run on this input:", wrong)
    return {name: array for name, array in rows.items() if array is not None}


def _numbers(name: str, value: Any, wrong: list[str]) -> Rows | None:
    """The array of an input in float64, or None with the reason in `wrong`."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists; tensors with a gradient or on a GPU
        wrong.append(f"Input {name!r} is no array: {error}")
        return None
    if array.dtype.kind not in "biuf":
        wrong.append(f"Input {name!r} holds {array.dtype}, must be real numbers or booleans")
        return None
    with np.errstate(over="ignore"):  # a long double may be beyond float64, which is told as infinite
        array = array.astype(np.float64)
    bad = int((~np.isfinite(array)).sum())
    if bad:
        wrong.append(f"Input {name!r} holds {bad} value(s) that are NaN or infinite, of {array.size}")
    return array


def _misshapen(name: str, array: Rows, node: nir.NIRNode) -> list[str]:
    said = (node.input_type or {}).get("input")
    if said is None:
        return [f"Input {name!r} states no shape; read the file with read_nir, or give the node one"]
    shape = tuple(int(n) for n in np.atleast_1d(said))
    if array.shape[2:] != shape or array.ndim < 2:
        return [f"Input {name!r} must be (T, B, {', '.join(map(str, shape))}), is {array.shape}"]
    if min(array.shape[:2]) < 1:
        return [f"Input {name!r} has T = {array.shape[0]} rows of B = {array.shape[1]} samples; both must be >= 1"]
    return []
