"""Operations between modules that have a meaning in NIR: sums of branches, reshapes, readouts over time."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import fx, nn

from ...models.errors import UnsupportedOp
from ...models.neurons import MeanReadout
from .joins import joined, over_steps
from .reading import Reading
from .tracing import line_of
from .wiring import INPUT, Joined, Signal, Value, each_value


def operation(reading: Reading, node: fx.Node) -> Any:
    """What an operation gives; None for shapes and constants.

    Raises
    ------
    UnsupportedOp
        If NIR has nothing for it, naming its line.
    """
    arguments = [reading.resolve(arg) for arg in node.args]
    if not any(True for _ in each_value(arguments)):
        return None
    called = getattr(node.target, "__name__", str(node.target))
    name = called if node.op == "call_method" and called.endswith("_") else called.strip("_")  # add_ is not add
    if name == "getattr" or (reading.shapes[node] is None and name in ("size", "dim", "getitem")):
        return None  # a shape
    if name in ("stack", "cat") and isinstance(arguments[0], list):
        return joined(node, name, arguments[0])
    if isinstance(arguments[0], Joined) and name in ("mean", "sum"):
        return _read_out(reading, node, name, arguments[0])
    rule = _OPERATIONS.get(name)
    result = rule(reading, node, arguments) if rule and isinstance(arguments[0], Value) else None
    if result is None:
        raise UnsupportedOp(
            f"{line_of(node)}: the operation {name!r} between modules has no NIR equivalent here. Use modules "
            "(nn.Linear, nn.Flatten, a neuron, a readout), + between branches, or move it out of the network."
        )
    return result


def _item(reading: Reading, node: fx.Node, arguments: list[Any]) -> Value | None:
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
    if signal.port is not None or len(reading.shape(node)) != len(value.shape):
        return None  # a piece of a tensor
    return Value((replace(signal, port=index),), reading.shape(node), value.lead)


def _summed(reading: Reading, node: fx.Node, arguments: list[Any]) -> Value | None:
    """Two branches added."""
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


def _reshaped(reading: Reading, node: fx.Node, arguments: list[Any]) -> Value:
    return reading.reshape(node, arguments[0], None, nn.Flatten())


def _same(reading: Reading, node: fx.Node, arguments: list[Any]) -> Value:
    return arguments[0]


def _mean(reading: Reading, node: fx.Node, arguments: list[Any]) -> Value | None:
    if arguments[0].lead != 2 or not over_steps(node, 0):
        return None
    return reading.make(node, "mean", MeanReadout(), arguments[0], 1)


def _total(reading: Reading, node: fx.Node, arguments: list[Any]) -> Value | None:
    """Sum over time, which whoever runs the graph takes from its rows."""
    value = arguments[0]
    if value.lead != 2 or not over_steps(node, 0):
        return None
    return Value(_counted(value), reading.shape(node), 1)


def _counted(value: Value) -> tuple[Signal, ...]:
    return tuple(replace(term, counted=True) for term in value.terms)


def _read_out(reading: Reading, node: fx.Node, name: str, rows: Joined) -> Joined | None:
    """Mean or sum over the rows that a loop recorded; one call of the readout per row."""
    if rows.axis is None or not over_steps(node, rows.axis):
        raise UnsupportedOp(
            f"{line_of(node)}: {name!r} does not go over the steps of the loop alone; stack them with "
            f"torch.stack(rows) and take .{name}(0)."
        )
    if name == "mean":
        return Joined([reading.make(node, "mean", MeanReadout(), row, row.lead) for row in rows], 0)
    return Joined([replace(row, terms=_counted(row)) for row in rows], 0)


_OPERATIONS: dict[str, Callable[[Reading, fx.Node, list[Any]], Value | None]] = {
    operator.getitem.__name__: _item,
    **dict.fromkeys(("add", "iadd"), _summed),
    **dict.fromkeys(("flatten", "reshape", "view", "unflatten", "squeeze", "unsqueeze"), _reshaped),
    **dict.fromkeys(("contiguous", "clone", "detach"), _same),
    "mean": _mean,
    "sum": _total,
}
