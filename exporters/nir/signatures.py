"""Patterns of parameters and names that frameworks leave in their NIR files.

A signature takes a graph and returns the sentences that speak for its framework (none: not recognised) and what the
parameters themselves state, such as a time step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

Finding = tuple[tuple[str, ...], dict[str, Any]]
_NONE: Finding = ((), {})
_DT = 1e-4
_LEAKY = (nir.LI, nir.LIF, nir.CubaLI, nir.CubaLIF)
_INTEGRATORS = (nir.I, nir.IF)


def spikingjelly(graph: nir.NIRGraph) -> Finding:
    """Parameter r = tau/dt or 1 (input decays or not), IF r = 1/dt; one value a layer; v_leak = v_reset; names _0."""
    leaky, integrators = _kind(graph, _LEAKY), _kind(graph, _INTEGRATORS)
    drives = [n for n in leaky if _all(n.r, _tau(n) / _DT) or (_all(n.r, 1.0) and _is_some_steps(_tau(n)))]
    steps = [n for n in integrators if _all(n.r, 1 / _DT)]
    if not leaky + integrators or len(drives) < len(leaky) or len(steps) < len(integrators) or _dotted(graph):
        return _NONE
    uniform = all(np.unique(value).size <= 1 for n in leaky + integrators for value in (n.r, _tau(n)))
    rests = all(_all(n.v_leak, n.v_reset) for n in leaky if hasattr(n, "v_reset"))
    doubles = _dtypes(graph, (*_LEAKY, *_INTEGRATORS)) == {"f8"} and _dtypes(graph, _WEIGHTED) == {"f4"}
    names = any(re.fullmatch(r"_\d+|input_1", name) for name in graph.nodes)
    if not uniform or not rests or not (doubles or names):
        return _NONE
    evidence = [f"Every r is tau/dt, 1 or 1/dt at dt = {_DT:g} s, with one value a layer, and v_leak = v_reset."]
    if doubles:
        evidence.append("Neurons are stored in float64 beside weights in float32.")
    if names:
        evidence.append("Node names are those that nirtorch 2 gives (input_1, and _0, _1 in a Sequential).")
    return tuple(evidence), {}


def snntorch(graph: nir.NIRGraph) -> Finding:
    """Parameter r = tau/dt and w_in = tau_syn/dt at dt = 1e-4; names like lif1.lif, lif1.w_rec of recurrent layers."""
    leaky = _kind(graph, _LEAKY)
    if not leaky or _kind(graph, _INTEGRATORS) or not all(_all(n.r, _tau(n) / _DT) for n in leaky):
        return _NONE
    currents = [n for n in leaky if hasattr(n, "tau_syn")]
    if not all(_all(n.w_in, np.asarray(n.tau_syn) / _DT) for n in currents):
        return _NONE
    evidence = [f"r = tau/dt at dt = {_DT:g} s in every leaky neuron, which makes the input's gain 1."]
    if currents:
        evidence.append(f"w_in = tau_syn/dt at dt = {_DT:g} s in every synaptic current.")
    if _dotted(graph):
        evidence.append("A recurrent layer is called NAME.lif with NAME.w_rec.")
    return tuple(evidence), {}


def norse(graph: nir.NIRGraph) -> Finding:
    """Parameter r = 1, w_in = 1 and time constants below 1e-4 s (dt / tau_inv, dt = 1e-3 s); an IF has r = 1."""
    leaky, integrators = _kind(graph, _LEAKY), _kind(graph, _INTEGRATORS)
    taus = [np.asarray(value) for n in leaky for value in (_tau(n), getattr(n, "tau_syn", _tau(n)))]
    ones = all(_all(n.r, 1.0) and _all(getattr(n, "w_in", 1.0), 1.0) for n in leaky + integrators)
    if not leaky or not ones or not all(tau.size and (tau < _DT * (1 - 1e-6)).all() for tau in taus):
        return _NONE
    shortest = min(float(tau.min()) for tau in taus)
    evidence = f"Every r and w_in is 1 and time constants are as short as {shortest:g} s, shorter than any step."
    return (evidence,), {"tau_unit_s": 1e3}


def spyx(graph: nir.NIRGraph) -> Finding:
    """Names layer_0, layer_1; r = 1 - 1/tau with tau in steps, w_in = 1; an IF has r = 1."""
    leaky, integrators = _kind(graph, _LEAKY), _kind(graph, _INTEGRATORS)
    numbered = all(re.fullmatch(r"layer_\d+(\..+)?|input|output", name) for name in graph.nodes)
    shares = all(_all(n.r, 1 - 1 / _tau(n)) and _all(getattr(n, "w_in", 1.0), 1.0) for n in leaky)
    if not leaky + integrators or not numbered or not shares or not all(_all(n.r, 1.0) for n in integrators):
        return _NONE
    evidence = ["Nodes are called layer_0, layer_1 and so on, and r = 1 - 1/tau, or 1 in an IF."]
    current = [hasattr(n, "tau_syn") for n in leaky + integrators]
    if all(current):
        return tuple(evidence), {"reset": "subtract"}
    if any(current):
        evidence.append("It mixes CuBaLIF with other neurons, which reset differently; one reset is taken for all.")
    return tuple(evidence), {}


def sinabs(graph: nir.NIRGraph) -> Finding:
    """Parameter r = 1 everywhere, time constants of a step or more, v_leak = 0; an IF's r = 1 adds its input whole."""
    leaky, integrators = _kind(graph, _LEAKY), _kind(graph, _INTEGRATORS)
    both = leaky + integrators
    if not both or not all(_all(n.r, 1.0) and not hasattr(n, "tau_syn") for n in both):
        return _NONE
    if not all((np.asarray(_tau(n)) >= 1.0).all() and _all(n.v_leak, 0.0) for n in leaky):
        return _NONE
    evidence = []
    if integrators:
        evidence.append(
            "Every IF has r = 1: a spike counts whole in one step. Norse writes that too: give dialect='norse'."
        )
    if leaky:
        evidence.append("Every time constant is 1 or more with r = 1: it counts steps.")
    return tuple(evidence), {}


def rockpool(graph: nir.NIRGraph) -> Finding:
    """Parameter r = tau exp(-dt/tau) / dt with one round dt for all; solved for dt by Newton's method (Lambert's W)."""
    leaky = _kind(graph, _LEAKY)
    if not leaky or _kind(graph, _INTEGRATORS) or not all(np.size(n.r) and (np.asarray(n.r) > 0).all() for n in leaky):
        return _NONE
    found = np.concatenate([np.ravel(_tau(n) * _lambert(1.0 / np.asarray(n.r, np.float64))) for n in leaky])
    dt = float(f"{np.median(found):.0e}")
    if not np.allclose(found, dt, rtol=1e-4, atol=0):
        return _NONE
    return (f"r = tau exp(-dt/tau) / dt in every leaky neuron, at dt = {dt:g} s.",), {"dt_s": dt}


SIGNATURES: dict[str, Callable[[nir.NIRGraph], Finding]] = {
    "spikingjelly": spikingjelly,
    "snntorch": snntorch,
    "norse": norse,
    "spyx": spyx,
    "sinabs": sinabs,
    "rockpool": rockpool,
}
"""The narrower pattern first: SpikingJelly's r = tau/dt is snnTorch's too."""

_WEIGHTED = (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d)


def _kind(graph: nir.NIRGraph, kinds: tuple[type, ...]) -> list[Any]:
    return [node for node in _nodes(graph) if type(node) in kinds]


def _nodes(graph: nir.NIRGraph) -> Iterator[Any]:
    for node in graph.nodes.values():
        yield from _nodes(node) if isinstance(node, nir.NIRGraph) else [node]


def _tau(node: Any) -> NDArray[Any]:
    return np.asarray(node.tau_mem if hasattr(node, "tau_mem") else getattr(node, "tau", 1.0))


def _is_some_steps(tau: NDArray[Any]) -> bool:
    return bool(((tau > _DT) & (tau <= 100 * _DT)).all())


def _all(value: Any, expected: Any) -> bool:
    """Equal to within float32's rounding of 1 - beta, from which these values are made."""
    try:
        return bool(np.allclose(value, expected, rtol=1e-5, atol=0))
    except ValueError:  # shapes that do not go together
        return False


def _dotted(graph: nir.NIRGraph) -> bool:
    inner = [name for name, node in graph.nodes.items() if isinstance(node, nir.NIRGraph) and "w_rec" in node.nodes]
    return bool(inner) or any(name.endswith(".w_rec") for name in graph.nodes)


def _dtypes(graph: nir.NIRGraph, kinds: tuple[type, ...]) -> set[str]:
    arrays = [a for n in _kind(graph, kinds) for a in (getattr(n, "weight", None), getattr(n, "r", None))]
    return {f"{a.dtype.kind}{a.dtype.itemsize}" for a in arrays if isinstance(a, np.ndarray)}


def _lambert(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve x exp(x) = y for y > 0."""
    x = np.log1p(y)
    for _ in range(20):
        x = x - (x * np.exp(x) - y) / (np.exp(x) * (1 + x))
    return x
