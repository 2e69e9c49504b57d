"""Pass: Delay nodes become delays of synapses, rows ``round(delay / dt)`` as in `nir.delays`.

A Delay directly behind a source delays the columns of the linear map that follows, one directly before its target the
rows of the map in front; between two linear maps it needs one value for all elements, because a sum of terms that are
delayed differently is no projection. What a bias in front of a Delay gives starts when the Delay lets it through, and
becomes synapses from the constant source. Where neither can be said, in front of a window or an Output, a Delay
behind a population becomes a population that passes spikes on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....models.errors import UnsupportedOp
from ..losses import Loss
from .compose import compose
from .linear import Dense, Elementwise, LinearMap, Sparse
from .network import CONSTANT, Network, Neurons, Rows, Synapses
from .paths import named_apart
from .relays import LARGEST_SPREAD
from .sources import one_if_equal, with_constants

_LISTED = (Dense, Sparse, Elementwise)
"""Maps that store every synapse by itself, so that each can have its delay."""
LONGEST = 4096
"""Most rows of a Delay: 64 relays behind each other."""


def delays(network: Network) -> Network:
    """Take every Delay node out of the network, and let what arrives at a late current arrive a row later.

    Raises
    ------
    UnsupportedOp
        For Delays that synapses cannot say, and cycles of linear nodes alone.
    """
    found, todo = [], [n.name for n in network.neurons if n.kind == "delay"]
    while todo:
        node = _first(network, todo)
        todo.remove(node.name)
        into, out = network.into(node.name), network.out_of(node.name)
        if any(s.target == node.name for s in out):
            found.append(f"node {node.name!r} lies on a cycle of linear nodes alone, without a neuron that could spike")
        elif np.max(node.rows) > LONGEST:
            found.append(f"node {node.name!r} delays {np.max(node.rows)} rows, limit {LONGEST}; is dt_s right?")
        elif node.name not in network.outputs.values() and all(_joins(a, node, b) for a in into for b in out):
            network = _joined(network, node)
        elif len(into) == 1 and not node.bias.any() and _is_identity(into[0]) and into[0].source not in network.inputs:
            network = _passing(network, node)
        else:
            found.append(
                f"node {node.name!r} delays what no synapse can; put it directly behind a population, or directly "
                "between an input or population and a Linear or Affine node"
            )
    if found:
        raise UnsupportedOp("Delays that an integer program cannot say:", found)
    late = {n.name: n.rows for n in network.neurons}
    synapses = [replace(s, delay=s.delay + late[s.target]) for s in network.synapses]
    return replace(network, synapses=named_apart([part for s in synapses for part in _in_reach(s)]))


def _first(network: Network, names: list[str]) -> Neurons:
    """One of the Delays `names` that no other of them feeds, if there is one."""
    fed = {s.target for s in network.synapses if s.source in names}
    name = next((name for name in names if name not in fed), names[0])
    return next(n for n in network.neurons if n.name == name)


def _in_reach(synapses: Synapses) -> list[Synapses]:
    """Split synapses whose delays differ by more than one register holds; every delay is summed by itself anyway."""
    if synapses.max_delay - synapses.min_delay <= LARGEST_SPREAD:
        return [synapses]
    delay, values, parts = np.asarray(synapses.delay), synapses.weight.values, []
    for first in range(synapses.min_delay, synapses.max_delay + 1, LARGEST_SPREAD + 1):
        here = (delay >= first) & (delay <= first + LARGEST_SPREAD)
        weight = synapses.weight.with_values(np.where(here, values, 0.0))
        parts.append(replace(synapses, weight=weight, delay=np.where(here, delay, first)))
    return parts


def _joins(a: Synapses, node: Neurons, b: Synapses) -> bool:
    """Whether synapses `a` into a Delay and `b` out of it are synapses with delays.

    A quotient is delayed as a whole: divisors of other rows would be compared where one is 0.
    """
    if a.circuit:
        whole = np.ptp(node.rows) == 0 and np.ndim(b.delay) == 0
        return bool(whole) and isinstance(b.weight, Elementwise) and not b.circuit
    one_to_one = isinstance(a.weight, Elementwise) or isinstance(b.weight, Elementwise)
    listed = isinstance(a.weight, _LISTED) and isinstance(b.weight, _LISTED)
    return (one_to_one and listed) or _is_uniform(a, node, b)


def _is_uniform(a: Synapses, node: Neurons, b: Synapses) -> bool:
    return bool(np.ptp(node.rows) == 0 and np.ndim(a.delay) == np.ndim(b.delay) == 0)


def _joined(network: Network, node: Neurons) -> Network:
    """Every pair of synapses into and out of the Delay as one, and what its own bias gives."""
    out = network.out_of(node.name)
    pairs = [_pair(a, node, b) for b in out for a in network.into(node.name)]
    others = [s for s in network.synapses if node.name not in (s.source, s.target)]
    behind = {b.target for b in out}
    neurons = [n for n in network.neurons if n is not node]
    neurons = [replace(n, circuits=n.circuits | node.circuits) if n.name in behind else n for n in neurons]
    network = replace(network, neurons=tuple(neurons))
    late = [_late_bias(node, b) for b in out] if node.bias.any() else []
    return with_constants(replace(network, synapses=(*others, *pairs)), late)


def _pair(a: Synapses, node: Neurons, b: Synapses) -> Synapses:
    try:
        weight = a.weight if a.port == "divisor" else compose(b.weight, a.weight)
    except UnsupportedOp as error:
        raise UnsupportedOp(f"Around Delay {node.name!r} lie two linear maps: {error}") from error
    if a.circuit:
        delay: Rows = a.delay + int(np.max(node.rows) + b.delay)
    elif _is_uniform(a, node, b):
        delay = int(a.delay + np.max(node.rows) + b.delay)
    elif isinstance(a.weight, Elementwise):
        delay = one_if_equal(b.delay + _of_columns(weight, node.rows + a.delay))
    else:
        delay = one_if_equal(a.delay + _of_rows(weight, node.rows + b.delay))
    quotient = a if a.circuit else b
    return Synapses(_name(a, b), a.source, b.target, weight, delay, quotient.port, quotient.circuit)


def _name(a: Synapses, b: Synapses) -> str:
    """Name of that of both which is more than an edge, or of an E-I circuit."""
    if a.circuit or b.circuit:
        return a.name if a.circuit else b.name
    if _is_identity(a):
        return f"{a.source}->{b.target}" if _is_identity(b) else b.name
    return a.name if _is_identity(b) else f"{a.name}->{b.name}"


def _late_bias(node: Neurons, b: Synapses) -> Synapses:
    """What a bias in front of the Delay gives behind it: from the row on in which it comes through."""
    bias = np.broadcast_to(node.bias, node.keep.shape)
    if np.ptp(node.rows) == 0 and np.ndim(b.delay) == 0:
        weight, delay = Dense(b.weight.apply(bias)[:, None]), int(np.max(node.rows) + b.delay)
        return replace(b, name=f"{node.name}->{b.target} (bias)", source=CONSTANT, weight=weight, delay=delay)
    assert isinstance(b.weight, Elementwise)  # with delays of their own, elements go to their likes alone
    return replace(
        b,
        name=f"{node.name}->{b.target} (bias)",
        source=CONSTANT,
        weight=Dense((b.weight.values * bias)[:, None]),
        delay=np.broadcast_to(node.rows + b.delay, bias.shape)[:, None],
    )


def _passing(network: Network, node: Neurons) -> Network:
    """A population without memory that passes spikes on, each behind its delay."""
    into = network.into(node.name)[0]
    synapses = replace(into, delay=one_if_equal(into.delay + np.asarray(node.rows)))
    neurons = replace(node, kind="threshold", rows=0, threshold=np.full_like(node.threshold, 0.5))
    what = f"became a population of {node.keep.size} neurons that pass spikes on, because no synapse can delay them"
    return replace(
        network,
        neurons=tuple(neurons if n is node else n for n in network.neurons),
        synapses=tuple(synapses if s is into else s for s in network.synapses),
        losses=(*network.losses, Loss(node.name, what, "structure")),
    )


def _is_identity(synapses: Synapses) -> bool:
    return isinstance(synapses.weight, Elementwise) and bool((synapses.weight.values == 1).all())


def _of_columns(weight: LinearMap, rows: Rows) -> NDArray[np.int64]:
    """Delay of every stored weight from that of its source neuron."""
    each = np.broadcast_to(np.asarray(rows), weight.shape[1:])
    return each[weight.indices] if isinstance(weight, Sparse) else np.broadcast_to(each, weight.values.shape)


def _of_rows(weight: LinearMap, rows: Rows) -> NDArray[np.int64]:
    """Delay of every stored weight from that of its target neuron."""
    each = np.broadcast_to(np.asarray(rows), weight.shape[:1])
    return np.broadcast_to(each[weight.row], weight.values.shape)
