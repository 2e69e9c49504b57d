"""States that a model hands to its neurons: a neuron of NIR starts at rest and remembers by itself."""

from __future__ import annotations

from typing import Any

from torch import fx

from ...models.errors import UnsupportedOp
from .tracing import line_of
from .wiring import each_value


def require_own_state(node: fx.Node, path: str, call: int, state: list[Any]) -> None:
    """Refuse a state that is not the module's own of the step before, or states in another order."""
    signals = [value.terms[0] for value in each_value(state)]
    ports = [signal.port or 0 for signal in signals]
    in_order = not ports or ports == list(range(ports[0], ports[0] + len(ports)))
    if any((s.source, s.call) != (path, call - 1) for s in signals) or not in_order:
        raise UnsupportedOp(f"{line_of(node)}: {path!r} is given a state that is not its own of the step before.")


def require_no_constant(node: fx.Node, path: str, call: int, values: dict[fx.Node, Any]) -> None:
    """Refuse a state that is made anew inside the loop over time, which cuts off what the module remembers.

    In the first call it may be made from nothing; that it is rest is left to the comparison with the model.
    """
    arguments = [*node.args, *node.kwargs.values()][1:]
    made = any(isinstance(a, fx.Node) and values[a] is None for a in arguments)
    number = any(isinstance(a, (int, float)) for a in arguments)
    if number or (made and call):
        raise UnsupportedOp(
            f"{line_of(node)}: {path!r}, call {call}, is given a constant as its state, such as reset_mem() makes; a "
            "neuron of NIR starts at rest once and keeps its state. Make the state in front of the loop."
        )
