"""torch.fx trace of a model, reduced to which neuron layer feeds which.

A model may be stepped from outside (one call per module), run over all time in one call (our modules), or loop over
time itself (snnTorch's usual form). In the last case every module is called once per step and its state is threaded
from call to call; calls are then folded back into one module, after checking that every step is wired alike.
"""

from __future__ import annotations

import copy
import operator
import traceback
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn

from ...models.errors import InputError, UnsupportedOp

INPUT = ""
"""Name of the network's input among the sources; no module path is empty."""


@dataclass(frozen=True)
class Signal:
    """A value on its way through the trace: what call `call` of module `source` gave (`port` 0 spikes, 1 state)."""

    source: str
    call: int
    port: int | None = None


@dataclass
class Wiring:
    """Modules in order of their first call, the edges between them, and what leaves the model."""

    modules: dict[str, nn.Module] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[Signal] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)


def trace_wiring(model: nn.Module, example: torch.Tensor) -> Wiring:
    """Trace `model` with every known or built-in module as a leaf.

    Raises
    ------
    InputError
        If the model does not run on `example`.
    UnsupportedOp
        For an operation between the modules that is unknown, naming its line, or for steps wired differently.
    """
    model = copy.deepcopy(model).eval()  # tracing stores constants in the module it traces
    try:
        with torch.no_grad():
            copy.deepcopy(model)(example)
    except Exception as error:  # the user's own code may raise anything
        raise InputError(f"The model does not run on an example of shape {tuple(example.shape)}: {error}") from error
    tracer = _Tracer(example)
    if tracer.is_leaf_module(model, ""):
        model = nn.Sequential(model)  # a layer by itself is a network of one layer
    try:
        graph = tracer.trace(model)
    except Exception as error:
        raise UnsupportedOp(
            f"torch.fx cannot trace the model at {_own_line(error)}: {error}. "
            "Branches and loops must not depend on values of tensors."
        ) from error
    reading = _Reading(dict(model.named_modules()))
    for node in graph.nodes:
        reading.take(node)
    return reading.finish()


class _Tracer(fx.Tracer):
    record_stack_traces = True

    def __init__(self, example: torch.Tensor) -> None:
        super().__init__()
        self._example = example

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        home = m.__module__.split(".")[0]
        ours = m.__module__.startswith(("spikewright.models.neurons", "spikewright.models.ei"))
        return ours or (home in ("torch", "snntorch") and not isinstance(m, (nn.Sequential, nn.ModuleList)))

    def proxy(self, node: fx.Node) -> fx.Proxy:
        # The network's input has a known shape, so that `range(x.size(0))` is an ordinary loop.
        return _Shaped(node, self, self._example) if node.op == "placeholder" else super().proxy(node)


class _Shaped(fx.Proxy):
    def __init__(self, node: fx.Node, tracer: fx.Tracer, example: torch.Tensor) -> None:
        super().__init__(node, tracer)
        self.shape = example.shape

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def __len__(self) -> int:
        return self.shape[0]


class _Reading:
    """Goes through the trace once; `values` holds what each fx node means to us."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self._modules = modules
        self._values: dict[fx.Node, Any] = {}
        self._inputs: dict[tuple[str, int], Signal] = {}
        self._wiring = Wiring()

    def take(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            first = not any(n.op == "placeholder" for n in self._values)
            # Further arguments are states handed in from outside; they start at zero in every sample.
            self._values[node] = Signal(INPUT, 0) if first else None
        elif node.op == "get_attr":
            self._values[node] = None
        elif node.op == "call_module":
            self._values[node] = self._call(node)
        elif node.op == "output":
            self._wiring.outputs = list(_signals(self._resolve(node.args[0])))
        else:
            self._values[node] = self._operation(node)

    def _call(self, node: fx.Node) -> Signal:
        path = str(node.target)
        call = self._wiring.calls.get(path, 0)
        self._wiring.calls[path] = call + 1
        self._wiring.modules[path] = self._modules[path]
        value, *state = (self._resolve(arg) for arg in node.args)
        for signal in _signals(state):
            if (signal.source, signal.call) != (path, call - 1):
                raise UnsupportedOp(f"{_line(node)}: {path!r} is given a state that is not its own of the step before.")
        signal, *others = [*_signals(value), None]
        if others[:-1]:
            raise UnsupportedOp(f"{_line(node)}: {path!r} is fed with several signals at once; one is exported.")
        if signal is None or signal.port not in (None, 0):
            raise UnsupportedOp(f"{_line(node)}: {path!r} is fed with a state or a constant; only spikes are exported.")
        self._inputs[path, call] = signal
        return Signal(path, call)

    def _operation(self, node: fx.Node) -> Any:
        arguments = [self._resolve(arg) for arg in node.args]
        if node.target is operator.getitem and isinstance(arguments[0], Signal):
            signal, index = arguments[0], node.args[1]
            if signal.source == INPUT and isinstance(index, int):
                return Signal(INPUT, index)
            if isinstance(index, int):
                return Signal(signal.source, signal.call, index)
        if node.target in (torch.stack, torch.cat) and isinstance(arguments[0], (list, tuple)):
            return arguments[0]
        raise UnsupportedOp(
            f"{_line(node)}: the operation {getattr(node.target, '__name__', node.target)!r} between modules has no "
            "NIR equivalent here. Use modules (nn.Linear, a neuron, a readout) or move it out of the network."
        )

    def _resolve(self, argument: Any) -> Any:
        if isinstance(argument, fx.Node):
            return self._values[argument]
        if isinstance(argument, (list, tuple)):
            return [self._resolve(item) for item in argument]
        return argument if isinstance(argument, (int, float)) else None

    def finish(self) -> Wiring:
        """Fold the calls of every module into one, checking that every step is wired alike."""
        wiring = self._wiring
        for (path, call), signal in self._inputs.items():
            fed_once = wiring.calls.get(signal.source, 1) == 1
            if signal.source != INPUT and not fed_once and signal.call != call:
                raise UnsupportedOp(
                    f"Module {path!r}, call {call}, is fed by call {signal.call} of {signal.source!r}. A module that "
                    "is used at two places of the network cannot be one node; give each place its own module."
                )
            if (signal.source, path) not in wiring.edges:
                wiring.edges.append((signal.source, path))
        for path in wiring.modules:
            sources = {source for source, target in wiring.edges if target == path}
            if len(sources) > 1:
                raise UnsupportedOp(
                    f"Module {path!r} is called at two places of the network (fed by {sorted(sources)}); "
                    "give each place its own module."
                )
        return wiring


def _signals(value: Any) -> Any:
    if isinstance(value, Signal):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _signals(item)


def _line(node: fx.Node) -> str:
    lines = [line.strip() for line in (node.stack_trace or "").splitlines() if line.strip().startswith("File ")]
    own = [line for line in lines if "/torch/" not in line]
    return own[-1] if own else f"at {node.name}"


def _own_line(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/torch/" not in f.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown line"
