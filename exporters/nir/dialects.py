"""What each framework means by the NIR files it writes, and how a file is told to be its own.

A dialect fills in what NIR leaves open (see `semantics`). Verified against recordings: snnTorch 1.0.0, SpikingJelly
2.0.0, Sinabs 3.1.0, Norse 1.1.0, Rockpool 3.1.0, spyx 1.0.0. Only named: lava-dl, nengo, of which no
convention is known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import nir

from ...models.errors import ConfigError
from .signatures import SIGNATURES

METADATA_KEY = "spikewright"


@dataclass(frozen=True)
class Dialect:
    """Conventions of one framework; None where it states nothing.

    Attributes
    ----------
    name : str
    evidence : tuple of str
        Why the file was taken for this framework's, and what it leaves open; one sentence each.
    others
        As in `semantics.Semantics`.
    """

    name: str
    evidence: tuple[str, ...] = ()
    dt_s: float | None = None
    integration: str | None = None
    spike_op: str | None = None
    reset: str | None = None
    spike_as_delta: bool | None = None
    multi_spike: bool | None = None
    v_floor: bool | None = None
    current_late: bool | None = None
    spike_late: bool | None = None
    unit_gain: bool | None = None
    decayed_input: bool | None = None
    input_past_recurrence: bool | None = None
    tau_in_steps: bool | None = None
    tau_unit_s: float | None = None

    @property
    def states(self) -> dict[str, Any]:
        """Every convention that the dialect states, by name."""
        said = {name: value for name, value in vars(self).items() if name not in ("name", "evidence")}
        return {name: value for name, value in said.items() if value is not None}


_NOTHING = "No convention of this framework is known here; the defaults hold."
DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("spikewright"),
        Dialect(
            "snntorch",
            (
                "snnTorch writes the same file for every reset; if it was trained with reset_mechanism='subtract', "
                "give reset='subtract_late' (reset_delay=True, its default) or 'subtract_once' (reset_delay=False).",
            ),
            dt_s=1e-4,
            integration="euler",
            spike_op=">",
        ),
        Dialect("spikingjelly", dt_s=1e-4, integration="euler", spike_op=">=", reset="zero"),
        Dialect(
            "sinabs",
            ("Inputs of a LIF are taken as normalised (norm_input=True, the default); if not, give unit_gain=True.",),
            integration="exponential",
            spike_op=">=",
            reset="subtract",
            spike_as_delta=True,
            multi_spike=True,
            v_floor=True,
            tau_in_steps=True,
        ),
        Dialect(
            "norse",
            ("Norse 1.1.0 writes tau as dt / tau_inv with dt = 1e-3 s; time constants are read a thousandfold.",),
            dt_s=1e-3,
            integration="euler",
            spike_op=">",
            reset="zero",
            spike_as_delta=True,
            tau_unit_s=1e3,
        ),
        Dialect(
            "rockpool",
            ("Rockpool leaves the weights of a recurrent LIFTorch and biases of neurons out of the file.",),
            integration="exponential",
            spike_op=">=",
            reset="subtract",
            multi_spike=True,
            unit_gain=True,
            decayed_input=True,
        ),
        Dialect(
            "spyx",
            ("spyx writes r = 1 - 1/tau, but an input has the gain 1; CuBaLIF resets before the leak, others after.",),
            integration="euler",
            spike_op=">",
            reset="subtract_late",
            spike_as_delta=True,
            spike_late=True,
            tau_in_steps=True,
            unit_gain=True,
            input_past_recurrence=True,
        ),
        Dialect("lava-dl", (_NOTHING,)),
        Dialect("nengo", (_NOTHING,)),
        Dialect("unknown"),
    )
}


def named(name: str) -> Dialect:
    """Return the dialect called `name`.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in DIALECTS:
        raise ConfigError(f"dialect = {name!r} is unknown; known are auto, {', '.join(DIALECTS)}.")
    return DIALECTS[name]


def recognise(graph: nir.NIRGraph) -> Dialect:
    """Tell whose file `graph` came from: by its metadata, else by patterns of its parameters and names.

    Returns
    -------
    Dialect
        With the evidence; "unknown" if nothing was recognised.
    """
    metadata = graph.metadata or {}
    own = metadata.get(METADATA_KEY, {})
    said = own.get("dialect") if isinstance(own, dict) else None
    said = said.decode() if isinstance(said, bytes) else str(said)
    if said in DIALECTS:
        return _with(DIALECTS[said], f"The metadata name the dialect {said}.")
    if isinstance(own, dict) and own.keys() & {"dt_s", "integration", "spike_op", "reset"}:
        return _with(DIALECTS["spikewright"], "The metadata hold conventions under 'spikewright'.")
    for text in _texts(metadata):
        for name in DIALECTS:
            if name != "unknown" and name in text.lower():
                return _with(DIALECTS[name], f"The metadata say {text[:80]!r}.")
    for name, signature in SIGNATURES.items():
        evidence, stated = signature(graph)
        if evidence:
            return replace(_with(DIALECTS[name], *evidence), **stated)
    return _with(DIALECTS["unknown"], "No pattern of a known framework was found; the defaults hold.")


def _with(dialect: Dialect, *evidence: str) -> Dialect:
    return replace(dialect, evidence=(*evidence, *dialect.evidence))


def _texts(metadata: dict[str, Any]) -> Iterator[str]:
    for value in metadata.values():
        if isinstance(value, dict):
            yield from _texts(value)
        elif isinstance(value, (str, bytes)):
            yield value.decode(errors="replace") if isinstance(value, bytes) else value
