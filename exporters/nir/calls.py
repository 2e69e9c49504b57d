"""The trace of a model, reduced to which layer feeds which.

A model may be stepped from outside (one call per module), run over all time in one call (our modules), or loop over
time itself (snnTorch's usual form). In the last case every module is called once per step and its state is threaded
from call to call; calls are then folded back into one module, after checking that every step is wired alike.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn

from ...models.errors import UnsupportedOp
from ...models.neurons import MeanReadout
from .tracing import Shapes, line_of, trace
from .wiring import INPUT, Signal, Value, Wiring, each_value, fold


def trace_wiring(model: nn.Module, example: torch.Tensor) -> Wiring:
    """Trace `model` and fold its calls.

    Raises
    ------
    InputError
        If the model does not run on `example`.
    UnsupportedOp
        For an operation between the modules that is unknown, naming its line, or for steps wired differently.
    """
    model, graph, shapes, lead = trace(model, example)
    reading = _Reading(dict(model.named_modules()), shapes, lead)
    for node in graph.nodes:
        reading.take(node)
    return fold(reading.wiring, reading.inputs)


class _Reading:
    """Goes through the trace once; `values` holds what each fx node means to us."""

    def __init__(self, modules: dict[str, nn.Module], shapes: Shapes, lead: int) -> None:
        self._modules = modules
        self._shapes = shapes
        self._lead = lead
        self._values: dict[fx.Node, Any] = {}
        self.inputs: dict[tuple[str, int], Value] = {}
        self._made: dict[tuple[str, Value, tuple[int, ...]], Value] = {}
        self._over_time = 0
        self.wiring = Wiring()

    def take(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            first = not any(n.op == "placeholder" for n in self._values)
            # Further arguments are states handed in from outside; they start at zero in every sample.
            self._values[node] = self._input(node) if first else None
        elif node.op == "get_attr":
            self._values[node] = None
        elif node.op == "call_module":
            self._values[node] = self._call(node)
        elif node.op == "output":
            self.wiring.outputs = list(each_value(self._resolve(node.args[0])))
        else:
            self._values[node] = self._operation(node)

    def _input(self, node: fx.Node) -> Value:
        value = Value((Signal(INPUT, 0),), self._shape(node), self._lead)
        self.wiring.input_shape = value.features
        self._over_time = value.rows if self._lead == 2 else 0
        return value

    def _shape(self, node: fx.Node) -> tuple[int, ...]:
        shape = self._shapes[node]
        if shape is None:
            raise UnsupportedOp(f"{line_of(node)}: the result of {node.target!r} is no tensor.")
        return shape

    def _call(self, node: fx.Node) -> Value:
        path = str(node.target)
        module = self._modules[path]
        first, *state = (self._resolve(arg) for arg in (*node.args, *node.kwargs.values()))
        value = self._fed(node, path, first)
        if self._over_time and value.rows == self._over_time and path in self.wiring.calls:
            raise UnsupportedOp(
                f"{line_of(node)}: module {path!r} is used at two places of the network and cannot be one node; give "
                "each place its own module."
            )
        call = self.wiring.calls.get(path, 0)
        _require_own_state(node, path, call, state)
        if isinstance(module, (nn.Flatten, nn.Unflatten)):
            return self._reshaped(node, value, path, module)
        return self._add(node, path, module, value, value.lead - isinstance(module, MeanReadout))

    def _fed(self, node: fx.Node, path: str, value: Any) -> Value:
        where = f"{line_of(node)}: {path!r} is fed with"
        if isinstance(value, list):
            raise UnsupportedOp(f"{where} several signals at once; add them, or export one.")
        if not isinstance(value, Value) or any(term.port not in (None, 0) for term in value.terms):
            raise UnsupportedOp(f"{where} a state or a constant; only spikes are exported.")
        return value

    def _add(self, node: fx.Node, path: str, module: nn.Module, value: Value, lead: int) -> Value:
        wiring = self.wiring
        call = wiring.calls.get(path, 0)
        out = Value((Signal(path, call),), self._shape(node), lead)
        wiring.calls[path] = call + 1
        wiring.modules[path] = module
        wiring.lines.setdefault(path, line_of(node))
        wiring.shapes.setdefault(path, (value.features, out.features))
        self.inputs[path, call] = value
        return out

    def _operation(self, node: fx.Node) -> Any:
        arguments = [self._resolve(arg) for arg in node.args]
        if not any(True for _ in each_value(arguments)):
            return None
        called = getattr(node.target, "__name__", str(node.target))
        name = called if node.op == "call_method" and called.endswith("_") else called.strip("_")  # add_ is not add
        if name == "getattr" or (self._shapes[node] is None and name in ("size", "dim", "getitem")):
            return None  # a shape
        if name in ("stack", "cat") and isinstance(arguments[0], list):
            return arguments[0]
        rule = _OPERATIONS.get(name)
        result = rule(self, node, arguments) if rule and isinstance(arguments[0], Value) else None
        if result is None:
            raise UnsupportedOp(
                f"{line_of(node)}: the operation {name!r} between modules has no NIR equivalent here. Use modules "
                "(nn.Linear, nn.Flatten, a neuron, a readout), + between branches, or move it out of the network."
            )
        return result

    def item(self, node: fx.Node, arguments: list[Any]) -> Value | None:
        """A row of the input over time, or one of a module's several results."""
        value, index = arguments[0], node.args[1]
        if not isinstance(index, int) or len(value.terms) > 1:
            return None
        signal = value.terms[0]
        if signal.source == INPUT:
            if value.lead != 2:
                return None
            steps = value.shape[0]
            return Value((Signal(INPUT, index % steps, rows=steps),), value.shape[1:], 1)
        if signal.port is not None or len(self._shape(node)) != len(value.shape):
            return None  # a piece of a tensor
        return Value((replace(signal, port=index),), self._shape(node), value.lead)

    def summed(self, node: fx.Node, arguments: list[Any]) -> Value | None:
        """Add two branches."""
        a, b, *others = arguments
        if others or node.kwargs or not isinstance(b, Value):
            return None
        if (a.shape, a.lead) != (b.shape, b.lead):
            raise UnsupportedOp(f"{line_of(node)}: {a.shape} is added to {b.shape}; branches must have one shape.")
        twice = {t.source for t in a.terms} & {t.source for t in b.terms}
        if twice:
            raise UnsupportedOp(
                f"{line_of(node)}: {sorted(twice)} is added to itself, or reaches a sum on two ways with nothing "
                "between; NIR has one edge between two nodes."
            )
        return Value((*a.terms, *b.terms), a.shape, a.lead)

    def reshaped(self, node: fx.Node, arguments: list[Any]) -> Value:
        """Merge axes."""
        return self._reshaped(node, arguments[0], None, nn.Flatten())

    def same(self, node: fx.Node, arguments: list[Any]) -> Value:
        """Leave the values as they are."""
        return arguments[0]

    def mean(self, node: fx.Node, arguments: list[Any]) -> Value | None:
        """Mean over time."""
        value, *dim = arguments
        dim = dim or list(node.kwargs.values())
        if value.lead != 2 or dim not in ([0], [[0]]) or len(node.args) + len(node.kwargs) > 2:
            return None
        return self._make(node, "mean", MeanReadout(), value, 1)

    def _reshaped(self, node: fx.Node, value: Value, path: str | None, module: nn.Module) -> Value:
        shape = self._shape(node)
        fitting = (k for k in range(min(value.lead, 1), len(shape) + 1) if math.prod(shape[:k]) == value.rows)
        lead = next(fitting, 0)
        out = Value(value.terms, shape, lead)
        swapped = lead == 2 and self._over_time and not self._is_time_first(shape)
        if out.rows != value.rows or swapped:
            raise UnsupportedOp(
                f"{line_of(node)}: {value.shape} becomes {shape}, which mixes samples, steps or neurons."
            )
        if out.features == value.features:
            return out
        if path is not None:
            return self._add(node, path, module, value, lead)
        return self._make(node, "flatten", module, value, lead)

    def _is_time_first(self, shape: tuple[int, ...]) -> bool:
        first = next(node for node in self._values if node.op == "placeholder")
        return shape[:2] == self._shape(first)[:2]

    def _make(self, node: fx.Node, name: str, module: nn.Module, value: Value, lead: int) -> Value:
        """Add a module for an operation; the same operation in another step is another call of it."""
        key = (name, value, self._shape(node))
        if key not in self._made:
            shapes = (value.features, self._shape(node)[lead:])
            path = "".join(f"{t.source}." for t in value.terms[:1] if t.source) + name
            while path in self._modules or self.wiring.shapes.get(path, shapes) != shapes:
                path += "_"
            self._made[key] = self._add(node, path, module, value, lead)
        return self._made[key]

    def _resolve(self, argument: Any) -> Any:
        if isinstance(argument, fx.Node):
            return self._values[argument]
        if isinstance(argument, (list, tuple)):
            return [self._resolve(item) for item in argument]
        return argument if isinstance(argument, (int, float)) else None


_OPERATIONS: dict[str, Callable[[_Reading, fx.Node, list[Any]], Value | None]] = {
    operator.getitem.__name__: _Reading.item,
    **dict.fromkeys(("add", "iadd"), _Reading.summed),
    **dict.fromkeys(("flatten", "reshape", "view", "unflatten", "squeeze", "unsqueeze"), _Reading.reshaped),
    **dict.fromkeys(("contiguous", "clone", "detach"), _Reading.same),
    "mean": _Reading.mean,
}


def _require_own_state(node: fx.Node, path: str, call: int, state: list[Any]) -> None:
    """Refuse a state that is not the module's own of the step before, or states in another order."""
    signals = [value.terms[0] for value in each_value(state)]
    ports = [signal.port or 0 for signal in signals]
    in_order = not ports or ports == list(range(ports[0], ports[0] + len(ports)))
    if any((s.source, s.call) != (path, call - 1) for s in signals) or not in_order:
        raise UnsupportedOp(f"{line_of(node)}: {path!r} is given a state that is not its own of the step before.")
