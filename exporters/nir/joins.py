"""Tensors that a model joins, and the readouts over them: only those whose axis of steps is known have a meaning."""

from __future__ import annotations

from typing import Any

from torch import fx

from ...models.errors import UnsupportedOp
from .tracing import line_of
from .wiring import Joined, Value, each_value


def joined(node: fx.Node, name: str, values: list[Any]) -> Joined:
    """Meaning of ``torch.stack(values, dim)`` or ``torch.cat(values, dim)``.

    Raises
    ------
    UnsupportedOp
        If a constant is among `values`.
    """
    if not all(isinstance(value, Value) for value in values):
        raise UnsupportedOp(f"{line_of(node)}: torch.{name} joins signals with a constant; leave the constant out.")
    dim: Any = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
    if name == "stack":
        return Joined(values, dim if dim >= 0 else dim + len(values[0].shape) + 1)
    # Rows that kept an axis of one step are stacked by cat.
    by_step = dim == 0 and all(value.lead == 2 and value.shape[0] == 1 for value in values)
    return Joined(values, 0 if by_step else None)


def over_steps(node: fx.Node, axis: int) -> bool:
    """Whether the mean or sum at `node` goes over `axis` alone and takes its axis away."""
    given = dict(zip(("dim", "keepdim"), node.args[1:], strict=False)) | node.kwargs
    return given.pop("dim", None) in (axis, [axis], (axis,)) and not given.pop("keepdim", False) and not given


def require_result(node: fx.Node, result: Any) -> tuple[str, int]:
    """Check the joins in a model's result; its line of code, and the axis of time of the first one.

    Raises
    ------
    UnsupportedOp
        If signals were joined into one tensor that NIR cannot give as one output.
    """
    made = node.args[0]
    while isinstance(made, (list, tuple)) and made:
        made = made[0]
    line = line_of(made if isinstance(made, fx.Node) else node)
    first = result
    while isinstance(first, list) and not isinstance(first, Joined) and first:
        first = first[0]
    if not isinstance(first, Joined):
        return line, 0
    sources = {tuple((t.source, t.port) for t in value.terms) for value in each_value(first)}
    if first.axis is None or len(sources) > 1:
        raise UnsupportedOp(
            f"{line}: the result joins {len(first)} tensors, of {len(sources)} signal(s), into one, which NIR has no "
            "node for. Return the signals one by one, and the steps of a loop by torch.stack(rows)."
        )
    return line, first.axis
