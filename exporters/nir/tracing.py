"""A model under torch.fx: its operations in order, each with the shape of its result on the example."""

from __future__ import annotations

import traceback
from typing import Any

import torch
from torch import fx, nn

from ...models.copying import copy_module
from ...models.errors import InputError, UnsupportedOp
from ...models.layers import OverTime
from ...models.neurons import LIF, MeanReadout
from ...models.point_neurons import PointNeuron

_SAMPLES = 2
"""Samples of the example that is traced: with more than one, the sample axis of a shape is told from an axis of 1."""

Shapes = dict[fx.Node, "tuple[int, ...] | None"]


def trace(model: nn.Module, example: torch.Tensor) -> tuple[nn.Module, fx.Graph, Shapes, int]:
    """Trace `model` with every known or built-in module as a leaf.

    Returns
    -------
    nn.Module
        A copy of the model in evaluation mode, whose modules the graph names.
    fx.Graph
    dict of fx.Node to tuple of int or None
        Shape of every result, of the first one where there are several; None for what is no tensor.
    int
        Leading axes of the input: 2 for (T, B, ...), 1 for (B, ...), 0 for a single sample.

    Raises
    ------
    InputError
        If the model does not run on `example`.
    UnsupportedOp
        If the way through the model depends on values.
    """
    model = copy_module(model).eval()  # tracing stores constants in the module it traces
    lead = _leading_axes(model, example)
    example = _several(model, example, lead)
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
    runner = _Runner(fx.GraphModule(copy_module(model), graph))
    with torch.no_grad():
        runner.run(example)
    return model, graph, dict(zip(graph.nodes, runner.shapes, strict=True)), lead


def line_of(node: fx.Node) -> str:
    """File and line of the user's code that made `node`."""
    lines = [line.strip() for line in (node.stack_trace or "").splitlines() if line.strip().startswith("File ")]
    own = [line for line in lines if "/torch/" not in line]
    return own[-1] if own else f"at {node.name}"


def _leading_axes(model: nn.Module, example: torch.Tensor) -> int:
    """Guess from the modules what NIR's shapes, which know neither time nor batch, have to leave out."""
    modules = list(model.modules())
    if any(isinstance(m, (LIF, PointNeuron, MeanReadout, OverTime)) for m in modules):
        return 2
    spatial = (nn.Conv2d, nn.AvgPool2d, nn.BatchNorm2d)
    if any(isinstance(m, spatial) for m in modules):
        return 2 if example.ndim == 5 else 1
    if any(isinstance(m, nn.Conv1d) for m in modules):
        return 2 if example.ndim == 4 else 1
    flattens = any(isinstance(m, nn.Flatten) for m in modules)
    return min(2 if example.ndim == 3 and not flattens else 1, example.ndim - 1)


def _several(model: nn.Module, example: torch.Tensor, lead: int) -> torch.Tensor:
    """Check that the model runs on the example, and return it with `_SAMPLES` samples if it runs on those too."""
    try:
        with torch.no_grad():
            copy_module(model)(example)
    except Exception as error:  # the user's own code may raise anything
        raise InputError(f"The model does not run on an example of shape {tuple(example.shape)}: {error}") from error
    if not 0 < lead <= example.ndim or example.shape[lead - 1] != 1:
        return example
    several = torch.cat([example] * _SAMPLES, dim=lead - 1)
    try:
        with torch.no_grad():
            copy_module(model)(several)
    except Exception:  # written for one sample
        return example
    return several


class _Tracer(fx.Tracer):
    record_stack_traces = True

    def __init__(self, example: torch.Tensor) -> None:
        super().__init__()
        self._example = example

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        home = m.__module__.split(".")[0]
        ours = m.__module__.startswith("spikewright.models.") and not m.__module__.endswith(".networks")
        foreign = home in ("torch", "snntorch") and not isinstance(m, (nn.Sequential, nn.ModuleList))
        return (ours and not isinstance(m, OverTime)) or foreign

    def proxy(self, node: fx.Node) -> fx.Proxy:
        # The network's input has a known shape, so that `range(x.size(0))` is an ordinary loop.
        return _Shaped(node, self, self._example) if node.op == "placeholder" else super().proxy(node)


class _Shaped(fx.Proxy):
    def __init__(self, node: fx.Node, tracer: fx.Tracer, example: torch.Tensor) -> None:
        super().__init__(node, tracer)
        self.shape = example.shape

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]


class _Runner(fx.Interpreter):
    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shapes: list[tuple[int, ...] | None] = []

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        first = result[0] if isinstance(result, tuple) and result else result
        self.shapes.append(tuple(first.shape) if isinstance(first, torch.Tensor) else None)
        return result


def _own_line(error: Exception) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/torch/" not in f.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown line"
