"""What a NIR graph leaves open, and who decides: argument, then metadata, then default.

NIR is declarative and continuous in time: it states no time step, no integration rule, no reset kind and no
comparison. Whoever executes or lowers a graph has to choose, and says here what was chosen and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nir

from ...models.errors import ConfigError

METADATA_KEY = "spikewright"
DEFAULTS: dict[str, Any] = {"dt_s": 1e-4, "integration": "euler", "spike_op": ">", "reset": "zero"}
_CHOICES = {"integration": ("euler", "exponential"), "spike_op": (">", ">="), "reset": ("zero", "subtract")}


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
    reset : {"zero", "subtract"}
        "zero" sets the membrane to the node's v_reset, "subtract" takes the threshold off it.
    origin : dict of str to str
        Where each choice came from: "argument", "metadata" or "default".
    """

    dt_s: float
    integration: str
    spike_op: str
    reset: str
    origin: dict[str, str]

    def settings(self) -> dict[str, tuple[Any, str]]:
        """Choices with their origins, as traces and programs carry them."""
        return {name: (getattr(self, name), self.origin[name]) for name in DEFAULTS}


def choose(graph: nir.NIRGraph, **arguments: Any) -> Semantics:
    """Decide the open questions of `graph`.

    Parameters
    ----------
    graph : nir.NIRGraph
    **arguments
        dt_s, integration, spike_op, reset; None leaves the choice to the graph's metadata or the default.

    Raises
    ------
    ConfigError
        For an unknown choice or a time step that is not positive.
    """
    metadata = (graph.metadata or {}).get(METADATA_KEY, {})
    values, origin = {}, {}
    for name, default in DEFAULTS.items():
        if arguments.get(name) is not None:
            values[name], origin[name] = arguments[name], "argument"
        elif name in metadata:
            values[name], origin[name] = _plain(name, metadata[name], type(default)), "metadata"
        else:
            values[name], origin[name] = default, "default"
    wrong = [
        f"{name} = {values[name]!r} ({origin[name]}); known are {', '.join(known)}"
        for name, known in _CHOICES.items()
        if values[name] not in known
    ]
    if not values["dt_s"] > 0:
        wrong.append(f"dt_s = {values['dt_s']!r} ({origin['dt_s']}); a time step is positive, in seconds")
    if wrong:
        raise ConfigError("The graph cannot be stepped like this:", wrong)
    return Semantics(**values, origin=origin)


def _plain(name: str, value: Any, kind: type) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"The graph's metadata give {name} = {value!r}, which is no {kind.__name__}.") from error
