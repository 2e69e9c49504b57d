"""What a NIR graph leaves open, and who decides: argument, then metadata, then dialect, then default.

NIR is declarative and continuous in time: it states no time step, no integration rule, no reset kind and no
comparison. Whoever executes or lowers a graph has to choose, and says here what was chosen and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir

from ...models.errors import ConfigError
from .dialects import METADATA_KEY, Dialect, named, recognise

DEFAULTS: dict[str, Any] = {"dt_s": 1e-4, "integration": "euler", "spike_op": ">", "reset": "zero"}
CONVENTIONS: dict[str, Any] = {
    "spike_as_delta": False,
    "multi_spike": False,
    "v_floor": False,
    "current_late": False,
    "spike_late": False,
    "unit_gain": False,
    "decayed_input": False,
    "input_past_recurrence": False,
    "tau_in_steps": False,
    "tau_unit_s": 1.0,
}
_CHOICES = {
    "integration": ("euler", "exponential"),
    "spike_op": (">", ">="),
    "reset": ("zero", "subtract", "subtract_late", "subtract_once"),
}


@dataclass(frozen=True)
class Semantics:
    """How a graph is stepped.

    Attributes
    ----------
    dt_s : float
        Time step in seconds.
    integration : {"euler", "exponential"}
        Share of the state that is replaced per step: ``dt/tau``, or ``1 - exp(-dt/tau)``.
    spike_op : {">", ">="}
    reset : {"zero", "subtract", "subtract_late", "subtract_once"}
        "zero" sets the membrane to the node's v_reset; the others take the threshold off it, see `resets.make_fire`.
    spike_as_delta : bool
        An input of 1 adds r to an I or IF, w_in to a synaptic current, whatever the time step.
    multi_spike : bool
        A neuron fires floor(v / threshold) spikes a step.
    v_floor : bool
        The membrane of an IF stays at or above -threshold.
    current_late : bool
        The membrane of a CubaLI or CubaLIF takes the current of the step before.
    spike_late : bool
        A neuron sends its spike in the step after; cycles then cost no step of their own.
    unit_gain : bool
        The input of leaky states has the gain 1, whatever r and w_in say.
    decayed_input : bool
        The input of an LI or a synaptic current decays within its own step already.
    input_past_recurrence : bool
        The input of a recurrent layer goes to the neuron, see `quirks.past_recurrence`.
    tau_in_steps : bool
        Time constants and delays count steps.
    tau_unit_s : float
        Seconds that a time constant of 1 in the file stands for.
    dialect : Dialect
        Whose conventions these are.
    origin : dict of str to str
        Where each choice came from: "argument", "metadata", "dialect NAME" or "default".
    """

    dt_s: float
    integration: str
    spike_op: str
    reset: str
    origin: dict[str, str]
    dialect: Dialect
    spike_as_delta: bool = False
    multi_spike: bool = False
    v_floor: bool = False
    current_late: bool = False
    spike_late: bool = False
    unit_gain: bool = False
    decayed_input: bool = False
    input_past_recurrence: bool = False
    tau_in_steps: bool = False
    tau_unit_s: float = 1.0

    def settings(self) -> dict[str, tuple[Any, str]]:
        """Choices with their origins, as traces and programs carry them; conventions only where they were chosen."""
        said = {name: (getattr(self, name), self.origin[name]) for name in DEFAULTS}
        chosen = [name for name in CONVENTIONS if self.origin[name] != "default"]
        said |= {name: (getattr(self, name), self.origin[name]) for name in chosen}
        if self.origin["dialect"] != "default":
            said["dialect"] = (self.dialect.name, self.origin["dialect"])
        return said


def choose(graph: nir.NIRGraph, dialect: str = "auto", **arguments: Any) -> Semantics:
    """Decide the open questions of `graph`.

    Parameters
    ----------
    graph : nir.NIRGraph
    dialect : str
        Name of a dialect, or "auto" to recognise it.
    **arguments
        Any of `DEFAULTS` and `CONVENTIONS`; None leaves the choice to the graph's metadata, dialect or the default.

    Raises
    ------
    ConfigError
        For an unknown choice or a time step that is not positive; all at once.
    """
    unknown = arguments.keys() - DEFAULTS.keys() - CONVENTIONS.keys()
    if unknown:
        known = ", ".join([*DEFAULTS, *CONVENTIONS])
        raise ConfigError(f"Unknown conventions {', '.join(sorted(unknown))}; known are {known}.")
    speaks = recognise(graph) if dialect == "auto" else named(dialect)
    metadata = (graph.metadata or {}).get(METADATA_KEY, {})
    values, origin = {}, {}
    for name, default in (DEFAULTS | CONVENTIONS).items():
        if arguments.get(name) is not None:
            values[name], origin[name] = arguments[name], "argument"
        elif name in metadata:
            values[name], origin[name] = _plain(name, metadata[name], type(default)), "metadata"
        elif name in speaks.states:
            values[name], origin[name] = speaks.states[name], f"dialect {speaks.name}"
        else:
            values[name], origin[name] = default, "default"
    _require_known(values, origin)
    silent = speaks.name in ("spikewright", "unknown")
    origin["dialect"] = "argument" if dialect != "auto" else "default" if silent else "recognised"
    return Semantics(**values, dialect=speaks, origin=origin)


def _require_known(values: dict[str, Any], origin: dict[str, str]) -> None:
    wrong = [
        f"{name} = {values[name]!r} ({origin[name]}); known are {', '.join(known)}"
        for name, known in _CHOICES.items()
        if values[name] not in known
    ]
    for name in ("dt_s", "tau_unit_s"):
        if not 0 < values[name] < float("inf"):
            wrong.append(f"{name} = {values[name]!r} ({origin[name]}); a time step is positive, in seconds")
    if wrong:
        raise ConfigError("The graph cannot be stepped like this:", wrong)


def _plain(name: str, value: Any, kind: type) -> Any:
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    try:
        if kind is bool and isinstance(text, str):
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"The graph's metadata give {name} = {value!r}, which is no {kind.__name__}.") from error
