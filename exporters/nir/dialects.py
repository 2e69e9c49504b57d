"""What each framework means by the NIR files it writes.

A dialect fills in what NIR leaves open (see `semantics`). Verified against recordings: snnTorch 1.0.0, SpikingJelly
2.0.0, Sinabs 3.1.0, Norse 1.1.0, Rockpool 3.1.0, spyx 1.0.0. Only named: lava-dl and Nengo, of whose files no
convention is known here; their recordings of the NIR paper's single LIF are compared with the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...models.errors import ConfigError

METADATA_KEY = "spikewright"
DIALECT_FROM, READ_ARGUMENT = "dialect_from", "argument of read_nir"
"""Beside the dialect in the metadata: who put it there, where the file's writer did not."""


@dataclass(frozen=True)
class Dialect:
    """Conventions of one framework; None where it states nothing.

    Attributes
    ----------
    name : str
    evidence : tuple of str
        Why the file was taken for this framework's, and what it leaves open; one sentence each.
    origin : str
        Who named it: "argument", "argument of read_nir", "metadata", "recognised", or "default" for nobody.
    others
        As in `semantics.Semantics`.
    """

    name: str
    evidence: tuple[str, ...] = ()
    origin: str = "default"
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
        said = {name: value for name, value in vars(self).items() if name not in ("name", "evidence", "origin")}
        return {name: value for name, value in said.items() if value is not None}


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
            (
                "Norse 1.1.0 writes tau as dt / tau_inv with dt = 1e-3 s; time constants are read a thousandfold where "
                "all are that short, else as seconds.",
            ),
            dt_s=1e-3,
            integration="euler",
            spike_op=">",
            reset="zero",
            spike_as_delta=True,
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
        Dialect(
            "lava-dl",
            (
                "lava-dl reads NIR and writes none, so there is no convention of its files; the defaults hold. Lava "
                "fires the NIR paper's single LIF one step later than they do.",
            ),
        ),
        Dialect(
            "nengo",
            (
                "No convention of Nengo's files is known here; the defaults hold, with which the NIR paper's single "
                "LIF fires as in Nengo.",
            ),
        ),
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
    if not isinstance(name, str) or name not in DIALECTS:
        raise ConfigError(f"dialect = {name!r} is unknown; known are auto, {', '.join(DIALECTS)}.")
    return DIALECTS[name]
