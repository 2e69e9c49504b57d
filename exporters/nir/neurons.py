"""One step of every node with a membrane, in float64, on any shape.

Equations are those of the docstrings of nir 1.0.8 (Pedersen et al. 2024), here over steps of h = dt_s / unit of the
file's time constants; `a(tau)` is the share of a state that a step replaces (see `replaced_share`). An
input row holds for the whole step. All states start at zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import NumericRangeError
from .resets import make_fire
from .semantics import Semantics

Rows = NDArray[np.float64]
Step = Callable[[Rows], tuple[Rows, dict[str, Rows]]]
"""Input (B, *shape) -> (output, states of this step as they are recorded)."""

STATEFUL: dict[type, str] = {
    nir.LIF: "spikes",
    nir.IF: "spikes",
    nir.CubaLIF: "spikes",
    nir.LI: "membrane",
    nir.I: "membrane",
    nir.CubaLI: "membrane",
}
"""Nodes with a membrane, and what they send on."""


def replaced_share(tau: Any, semantics: Semantics) -> Rows:
    """Share of a leaky state that one step replaces by its drive: q = h / tau ("euler") or 1 - exp(-q) ("exponential").

    Raises
    ------
    NumericRangeError
        If an Euler step would replace more than the whole state.
    """
    unit = semantics.dt_s if semantics.tau_in_steps else semantics.tau_unit_s
    q = semantics.dt_s / (unit * np.asarray(tau, np.float64))
    if semantics.integration == "euler" and (q > 1 + 1e-9).any():
        raise NumericRangeError(
            f"A time constant of {unit * np.min(tau):g} s is shorter than the time step of {semantics.dt_s:g} s "
            f"({semantics.origin['dt_s']}); an Euler step overshoots. Give the dt_s it was written for, or "
            'integration="exponential".'
        )
    return q if semantics.integration == "euler" else -np.expm1(-q)


def membrane_terms(node: Any, semantics: Semantics) -> tuple[Rows, Rows, Rows]:
    """Factors of one membrane step ``v = keep * v + gain * input + drift``, each of the node's shape or scalar.

    I, IF (``v' = R I``): keep 1, gain ``dt_s * R``; ``R`` if a spike is a delta or time counts in steps.
    Leaky (``tau v' = v_leak - v + R I``): keep ``1 - a``, gain ``a * R``, drift ``a * v_leak``, a of the membrane;
    gain 1 with `unit_gain`; an LI's times keep with `decayed_input`.
    """
    if isinstance(node, (nir.I, nir.IF)):
        whole = semantics.spike_as_delta or semantics.tau_in_steps
        gain = (1.0 if whole else semantics.dt_s) * np.asarray(node.r, np.float64)
        return np.ones_like(gain), gain, np.zeros_like(gain)
    share = replaced_share(node.tau_mem if hasattr(node, "tau_mem") else node.tau, semantics)
    gain = np.ones_like(share) if semantics.unit_gain else share * node.r
    if semantics.decayed_input and isinstance(node, nir.LI):
        gain = (1.0 - share) * gain
    return 1.0 - share, gain, share * node.v_leak


def current_terms(node: Any, semantics: Semantics) -> tuple[Rows, Rows]:
    """Factors of one step of the synaptic current, ``i = keep * i + gain * input``.

    CubaLI, CubaLIF: ``tau_syn I' = -I + w_in S``; keep ``1 - a``, gain ``a * w_in``, a of the synapse; gain ``w_in``
    if a spike is a delta, 1 with `unit_gain`; times keep with `decayed_input`.
    """
    share = replaced_share(node.tau_syn, semantics)
    whole = np.ones_like(share) if semantics.spike_as_delta else share
    gain = np.ones_like(share) if semantics.unit_gain else whole * node.w_in
    return 1.0 - share, (1.0 - share) * gain if semantics.decayed_input else gain


def make_neuron(node: Any, semantics: Semantics) -> Step:
    """Return the step of a node of `STATEFUL`.

    The current takes the input of its own step, the membrane the current of its own step (of the step before with
    `current_late`, as earlier versions of Norse). I, LI and CubaLI send on the membrane, IF, LIF and CubaLIF spikes.
    States: "v", the membrane before its reset, and "i", the synaptic current.
    """
    membrane = _membrane(node, semantics)
    if not isinstance(node, (nir.CubaLI, nir.CubaLIF)):
        return membrane
    keep, gain = current_terms(node, semantics)
    state: dict[str, Any] = {"i": 0.0}

    def step(x: Rows) -> tuple[Rows, dict[str, Rows]]:
        before = np.broadcast_to(state["i"], np.broadcast_shapes(x.shape, keep.shape))
        i = state["i"] = keep * before + gain * x
        out, states = membrane(before if semantics.current_late else i)
        return out, {**states, "i": i}

    return step


def _membrane(node: Any, semantics: Semantics) -> Step:
    keep, gain, drift = membrane_terms(node, semantics)
    spiking = STATEFUL[type(node)] == "spikes"
    fire = make_fire(node, semantics) if spiking else None
    state: dict[str, Any] = {"v": 0.0}

    def step(x: Rows) -> tuple[Rows, dict[str, Rows]]:
        v = keep * state["v"] + gain * x + drift
        if fire is None:
            state["v"] = v
            return v, {"v": v}
        spikes, v, state["v"] = fire(v, state["v"])
        return spikes, {"v": v}

    return step
