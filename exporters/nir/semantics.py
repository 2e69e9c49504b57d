"""What a NIR graph leaves open, and who decides: argument, then metadata, then dialect, then default.

NIR is declarative and continuous in time: it states no time step, no integration rule, no reset kind and no
comparison. Whoever executes or lowers a graph has to choose, and says here what was chosen and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np

from ...models.errors import ConfigError
from .dialects import METADATA_KEY, Dialect
from .metadata import own_metadata
from .recognise import recognise, told

__all__ = ["CONVENTIONS", "DEFAULTS", "METADATA_KEY", "Semantics", "choose", "conventions"]

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
        A neuron sends its spike in the step after; cycles then cost no step of their own (see `order`).
    unit_gain : bool
        The input of leaky states has the gain 1, whatever r and w_in say.
    decayed_input : bool
        The input of an LI or a synaptic current decays within its own step already.
    input_past_recurrence : bool
        The input of a recurrent layer goes to the neuron, see `quirks.past_recurrence`.
    tau_in_steps : bool
        Time constants and delays count steps.
    tau_unit_s : float
        Seconds that a time constant of 1 in the file stands for; a Delay is in seconds whatever this says.
    dialect : Dialect
        Whose conventions these are.
    origin : dict of str to str
        Where each choice came from: "argument", "metadata", "dialect NAME" or "default"; under "dialect" who named
        that, see `Dialect.origin`.
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
        For an unknown name, or for values of a wrong type or out of range; all at once.
    InputError
        If the graph's metadata hold no mapping under "spikewright".
    """
    unknown = arguments.keys() - DEFAULTS.keys() - CONVENTIONS.keys()
    if unknown:
        known = ", ".join([*DEFAULTS, *CONVENTIONS])
        raise ConfigError(f"Unknown conventions {', '.join(sorted(unknown))}; known are {known}.")
    metadata = own_metadata(graph.metadata)
    speaks = recognise(graph) if isinstance(dialect, str) and dialect == "auto" else told(graph, dialect)
    values, origin, wrong = {}, {"dialect": speaks.origin}, []
    for name, default in (DEFAULTS | CONVENTIONS).items():
        if arguments.get(name) is not None:
            values[name], origin[name] = arguments[name], "argument"
        elif name in metadata:
            values[name], origin[name] = _from_file(metadata[name], type(default)), "metadata"
        elif name in speaks.states:
            values[name], origin[name] = speaks.states[name], f"dialect {speaks.name}"
        else:
            values[name], origin[name] = default, "default"
        rule = _broken_rule(name, values[name], type(default))
        if rule:
            wrong.append(f"{name} = {values[name]!r:.80} ({origin[name]}); {rule}")
    if wrong:
        raise ConfigError("The graph cannot be stepped like this:", wrong)
    return Semantics(**values, dialect=speaks, origin=origin)


def conventions(semantics: Semantics) -> dict[str, Any]:
    """Every choice, as arguments of `choose` or as metadata that repeat it."""
    return {name: getattr(semantics, name) for name in DEFAULTS | CONVENTIONS}


def _broken_rule(name: str, value: Any, kind: type) -> str | None:
    """What the value of a choice must be, if it is not."""
    if kind is bool:
        return None if isinstance(value, (bool, np.bool_)) else "it must be True or False"
    if kind is float:
        number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        return None if number and 0 < value < float("inf") else "a time step is positive, in seconds"
    known = _CHOICES[name]
    return None if isinstance(value, str) and value in known else f"known are {', '.join(known)}"


def _from_file(value: Any, kind: type) -> Any:
    """A value of the metadata as the choice needs it; what cannot be read so comes back as it is.

    HDF5 gives text as bytes, numbers and booleans as NumPy's, and some writers all of them as text.
    """
    plain = value.item() if isinstance(value, (np.ndarray, np.generic)) and np.size(value) == 1 else value
    plain = plain.decode(errors="replace") if isinstance(plain, bytes) else plain
    if kind is bool and isinstance(plain, (str, int)):
        return {"true": True, "1": True, "false": False, "0": False}.get(str(plain).lower(), plain)
    if kind is float and isinstance(plain, str):
        try:
            return float(plain)
        except ValueError:
            return plain
    return plain
