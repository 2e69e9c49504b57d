"""What a trace means so far: the value behind every fx node, and the wiring that grows from them."""

from __future__ import annotations

import math
from typing import Any

from torch import fx, nn

from ...models.errors import UnsupportedOp
from .tracing import Shapes, line_of
from .wiring import INPUT, Signal, Value, Wiring


class Reading:
    """State of one pass through a trace.

    Attributes
    ----------
    modules : dict of str to nn.Module
    shapes : dict of fx.Node to tuple of int
    lead : int
        Axes in front of the neurons: 1 (batch), or 2 (time, batch).
    values : dict of fx.Node to Value, list, Joined or None
        What each node carries; None for states, shapes and constants.
    inputs : dict of (str, int) to Value
        What each call of each module takes.
    over_time : int
        Rows of an input over all time, else 0.
    wiring : Wiring
    """

    def __init__(self, modules: dict[str, nn.Module], shapes: Shapes, lead: int) -> None:
        self.modules = modules
        self.shapes = shapes
        self.lead = lead
        self.values: dict[fx.Node, Any] = {}
        self.inputs: dict[tuple[str, int], Value] = {}
        self.over_time = 0
        self.wiring = Wiring()
        self._made: dict[tuple[str, Value, tuple[int, ...]], Value] = {}

    def shape(self, node: fx.Node) -> tuple[int, ...]:
        """Shape of what `node` gives; raises UnsupportedOp if that is no tensor."""
        shape = self.shapes[node]
        if shape is None:
            raise UnsupportedOp(f"{line_of(node)}: the result of {node.target!r} is no tensor.")
        return shape

    def resolve(self, argument: Any) -> Any:
        """What an argument of a node carries."""
        if isinstance(argument, fx.Node):
            return self.values[argument]
        if isinstance(argument, (list, tuple)):
            return [self.resolve(item) for item in argument]
        return argument if isinstance(argument, (int, float)) else None

    def take_input(self, node: fx.Node) -> Value:
        """The network's input."""
        value = Value((Signal(INPUT, 0),), self.shape(node), self.lead)
        self.wiring.input_shape, self.wiring.input_lead = value.features, value.shape[: value.lead]
        self.over_time = value.rows if self.lead == 2 else 0
        return value

    def add(self, node: fx.Node, path: str, module: nn.Module, value: Value, lead: int) -> Value:
        """One more call of the module at `path`."""
        wiring = self.wiring
        call = wiring.calls.get(path, 0)
        out = Value((Signal(path, call),), self.shape(node), lead)
        wiring.calls[path] = call + 1
        wiring.modules[path] = module
        wiring.lines.setdefault(path, line_of(node))
        wiring.shapes.setdefault(path, (value.features, out.features))
        self.inputs[path, call] = value
        return out

    def make(self, node: fx.Node, name: str, module: nn.Module, value: Value, lead: int) -> Value:
        """Add a module for an operation; the same operation in another step is another call of it."""
        key = (name, value, self.shape(node))
        if key not in self._made:
            shapes = (value.features, self.shape(node)[lead:])
            path = "".join(f"{t.source}." for t in value.terms[:1] if t.source) + name
            while path in self.modules or self.wiring.shapes.get(path, shapes) != shapes:
                path += "_"
            self._made[key] = self.add(node, path, module, value, lead)
        return self._made[key]

    def reshape(self, node: fx.Node, value: Value, path: str | None, module: nn.Module) -> Value:
        """Merge or split axes of the neurons; raises UnsupportedOp if samples, steps and neurons would mix."""
        shape = self.shape(node)
        fitting = (k for k in range(min(value.lead, 1), len(shape) + 1) if math.prod(shape[:k]) == value.rows)
        lead = next(fitting, 0)
        out = Value(value.terms, shape, lead)
        one_step = value.lead == 1 and shape == (1, *value.shape)
        swapped = lead == 2 and self.over_time and not one_step and not self._is_time_first(shape)
        if out.rows != value.rows or swapped:
            raise UnsupportedOp(
                f"{line_of(node)}: {value.shape} becomes {shape}, which mixes samples, steps or neurons."
            )
        if out.features == value.features:
            return out
        if path is not None:
            return self.add(node, path, module, value, lead)
        return self.make(node, "flatten", module, value, lead)

    def _is_time_first(self, shape: tuple[int, ...]) -> bool:
        first = next(node for node in self.values if node.op == "placeholder")
        return shape[:2] == self.shape(first)[:2]
