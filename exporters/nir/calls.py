"""The trace of a model, reduced to which layer feeds which.

A model may be stepped from outside (one call per module), run over all time in one call (our modules), or loop over
time itself (snnTorch's usual form). In the last case every module is called once per step and its state is threaded
from call to call; calls are then folded back into one module, after checking that every step is wired alike.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx, nn

from ...models.errors import UnsupportedOp
from ...models.neurons import MeanReadout
from .joins import require_result
from .operations import operation
from .reading import Reading
from .states import require_no_constant, require_own_state
from .tracing import line_of, trace
from .wiring import Value, Wiring, each_value, fold


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
    reading = Reading(dict(model.named_modules()), shapes, lead)
    for node in graph.nodes:
        _take(reading, node)
    return fold(reading.wiring, reading.inputs)


def _take(reading: Reading, node: fx.Node) -> None:
    values, wiring = reading.values, reading.wiring
    if node.op == "placeholder":
        first = not any(n.op == "placeholder" for n in values)
        # Further arguments are states handed in from outside; they start at zero in every sample.
        values[node] = reading.take_input(node) if first else None
        wiring.states += not first
    elif node.op == "get_attr":
        values[node] = None
    elif node.op == "call_module":
        values[node] = _call(reading, node)
    elif node.op == "output":
        result = reading.resolve(node.args[0])
        wiring.end, wiring.time_axis = require_result(node, result)
        wiring.outputs = list(each_value(result))
    else:
        values[node] = operation(reading, node)


def _call(reading: Reading, node: fx.Node) -> Value:
    path = str(node.target)
    module = reading.modules[path]
    first, *state = (reading.resolve(arg) for arg in (*node.args, *node.kwargs.values()))
    value = _require_spikes(node, path, first)
    call = reading.wiring.calls.get(path, 0)
    if reading.over_time and value.rows == reading.over_time and call:
        raise UnsupportedOp(
            f"{line_of(node)}: module {path!r} is used at two places of the network and cannot be one node; give "
            "each place its own module."
        )
    require_own_state(node, path, call, state)
    require_no_constant(node, path, call, reading.values)
    if isinstance(module, (nn.Flatten, nn.Unflatten)):
        return reading.reshape(node, value, path, module)
    return reading.add(node, path, module, value, value.lead - isinstance(module, MeanReadout))


def _require_spikes(node: fx.Node, path: str, value: Any) -> Value:
    where = f"{line_of(node)}: {path!r} is fed with"
    if isinstance(value, list):
        raise UnsupportedOp(f"{where} several signals at once; add them, or export one.")
    if isinstance(value, Value) and any(term.counted for term in value.terms):
        raise UnsupportedOp(f"{where} a sum over time, which NIR has only as the network's result.")
    if not isinstance(value, Value) or any(term.port not in (None, 0) for term in value.terms):
        raise UnsupportedOp(f"{where} a state or a constant; only spikes are exported.")
    return value
