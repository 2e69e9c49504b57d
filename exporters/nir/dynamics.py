"""One discrete step of every NIR node, in float64 (equations: docstrings of nir 1.0.8, Pedersen et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import NumericRangeError, UnsupportedOp
from .semantics import Semantics

Rows = NDArray[np.float64]
Step = Callable[[Rows, int], tuple[Rows, "Rows | None"]]

STATEFUL: dict[type, str] = {nir.LIF: "spikes", nir.IF: "spikes", nir.LI: "membrane", nir.I: "membrane"}
"""Nodes with a membrane, and what they send on."""


def replaced_share(tau: Any, semantics: Semantics) -> Rows:
    """Share of a leaky state that one step replaces: dt/tau (Euler) or 1 - exp(-dt/tau).

    Raises
    ------
    NumericRangeError
        If an Euler step would replace more than the whole state.
    """
    ratio = semantics.dt_s / np.asarray(tau, np.float64)
    if semantics.integration == "euler" and (ratio > 1 + 1e-9).any():
        raise NumericRangeError(
            f"A time constant of {np.min(tau):g} s is shorter than the time step of {semantics.dt_s:g} s "
            f"({semantics.origin['dt_s']}); an Euler step overshoots. Give the dt_s it was written for, or "
            'integration="exponential".'
        )
    return ratio if semantics.integration == "euler" else -np.expm1(-ratio)


def membrane_terms(node: Any, semantics: Semantics) -> tuple[Rows, Rows, Rows]:
    """Factors of one membrane step ``v = keep * v + gain * input + drift``, each of the node's shape or scalar."""
    if isinstance(node, (nir.I, nir.IF)):
        gain = semantics.dt_s * np.asarray(node.r, np.float64)
        return np.ones_like(gain), gain, np.zeros_like(gain)
    share = replaced_share(node.tau, semantics)
    return 1.0 - share, share * node.r, share * node.v_leak


def make_step(name: str, node: nir.NIRNode, semantics: Semantics) -> Step:
    """Return the step of one node: (input (B, *shape), B) -> (output, membrane before reset or None).

    Raises
    ------
    UnsupportedOp
        For node types without an executor.
    """
    if isinstance(node, (nir.Input, nir.Output)):
        return lambda x, samples: (x, None)
    if isinstance(node, (nir.Affine, nir.Linear)):
        weight = np.asarray(node.weight, np.float64).T
        bias = np.asarray(getattr(node, "bias", 0.0), np.float64)
        return lambda x, samples: (np.broadcast_to(x, (samples, len(weight))) @ weight + bias, None)
    if type(node) in STATEFUL:
        return _neuron(node, semantics)
    raise UnsupportedOp(
        f"Node {name!r} is a {type(node).__name__}, which has no float64 executor yet; "
        f"known are Affine, Linear, {', '.join(sorted(kind.__name__ for kind in STATEFUL))}."
    )


def _neuron(node: Any, semantics: Semantics) -> Step:
    keep, gain, drift = membrane_terms(node, semantics)
    fires = np.greater if semantics.spike_op == ">" else np.greater_equal
    spiking = STATEFUL[type(node)] == "spikes"
    state: dict[str, Rows] = {}

    def step(x: Rows, samples: int) -> tuple[Rows, Rows]:
        v = keep * state.get("v", np.zeros((samples, *keep.shape))) + gain * x + drift
        state["v"] = v
        if not spiking:
            return v, v
        spikes = fires(v, node.v_threshold)
        after = v - node.v_threshold if semantics.reset == "subtract" else np.broadcast_to(node.v_reset, v.shape)
        state["v"] = np.where(spikes, after, v)
        return spikes.astype(np.float64), v

    return step
