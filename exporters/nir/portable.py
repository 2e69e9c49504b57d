"""The part of NIR that snnTorch 1.0.0 (`import_from_nir`) and nirtorch 2.6 read without changing its meaning.

Affine, Conv2d, AvgPool2d, Flatten, LIF and CubaLIF in a graph without cycles, at their fixed step of 1e-4 s, ``>``,
reset to zero, no leak potential, r = tau / dt and one threshold per layer. Both readers
want samples without a batch axis, as their Flatten counts axes from the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nir
import numpy as np

from ...models.errors import UnsupportedOp
from ..program.losses import Loss
from .assemble import Draft
from .divisors import divisor_of

DT_S = 1e-4
_KINDS = (nir.Input, nir.Output, nir.Affine, nir.Conv2d, nir.AvgPool2d, nir.Flatten, nir.LIF, nir.CubaLIF)


def make_portable(draft: Draft, dt_s: float) -> None:
    """Rewrite what can be said in portable terms: Linear as Affine, a final mean over time left to the reader.

    Raises
    ------
    UnsupportedOp
        With every reason why the rest is not portable.
    """
    for name, node in list(draft.nodes.items()):
        if (divisor := divisor_of(node)) is not None:
            draft.losses.append(Loss(name, static_loss(divisor.cv)))
        if type(node) is nir.Linear:
            draft.nodes[name] = nir.Affine(node.weight, np.zeros(len(node.weight), node.weight.dtype))
        if _is_final_mean(draft, name, node):
            draft.bypass(name)
            draft.mean_left = True
            draft.losses.append(Loss(name, "the mean over time is left to the reader; the graph gives every row"))
    wrong = [f"{name}: {why}" for name in sorted(draft.nodes) for why in _node(draft, name, dt_s)]
    if dt_s != DT_S:
        wrong.append(f"dt_s is {dt_s:g}; snnTorch takes every file for one of {DT_S:g} s")
    if wrong:
        raise UnsupportedOp("The model is not portable:", wrong)
    for node in draft.nodes.values():
        node.metadata = {}


def static_loss(cv: float | None) -> str:
    """Say what leaving the divisor of an E-I circuit out loses."""
    known = cv is not None and np.isfinite(cv)
    spread = f"; it varies by {cv:.0%} of itself (coefficient of variation)" if known else ""
    return f"the divisor of an E-I circuit is left out, its gain is static{spread}"


def _is_final_mean(draft: Draft, name: str, node: Any) -> bool:
    said = (node.metadata or {}).get("spikewright", {}) if isinstance(node, nir.I) else {}
    return said.get("readout") == "mean" and all(isinstance(draft.nodes[t], nir.Output) for t in draft.targets(name))


def _node(draft: Draft, name: str, dt_s: float) -> Iterator[str]:
    node, leaf = draft.nodes[name], draft.leaves.get(name)
    if not isinstance(node, _KINDS):
        yield f"snnTorch or nirtorch does not read {type(node).__name__}"
    if len(draft.sources(name)) > 1 and _on_cycle(draft, name):
        yield "nirtorch and snnTorch change the meaning of recurrent connections"
    if leaf is not None and leaf.reset not in (None, "zero"):
        yield f"reset {leaf.reset!r} can only be said in metadata; train with a reset to zero"
    if leaf is not None and leaf.spike_op not in (None, ">"):
        yield f"spike_op {leaf.spike_op!r} can only be said in metadata; train with '>'"
    if leaf is not None and (leaf.multi_spike or leaf.v_floor):
        yield "several spikes a step and a floor of the membrane can only be said in metadata"
    if isinstance(node, (nir.LIF, nir.CubaLIF)):
        yield from _neuron(node, dt_s)


def _neuron(node: Any, dt_s: float) -> Iterator[str]:
    if np.unique(node.v_threshold).size > 1:
        yield f"{np.unique(node.v_threshold).size} different thresholds; snnTorch reads one per layer"
    if np.any(node.v_leak) or np.any(node.v_reset):
        yield "v_leak and v_reset must be 0, snnTorch ignores them"
    tau = node.tau if isinstance(node, nir.LIF) else node.tau_mem
    if not np.allclose(node.r * dt_s, tau):
        yield "r is not tau / dt, which snnTorch takes for granted"
    if isinstance(node, nir.CubaLIF) and not np.allclose(node.w_in * dt_s, node.tau_syn):
        yield "w_in is not tau_syn / dt, which snnTorch takes for granted"


def _on_cycle(draft: Draft, start: str) -> bool:
    seen: set[str] = set()
    todo = draft.targets(start)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += draft.targets(name)
    return start in seen
