"""Modules wired as a graph: branches, sums, and cycles that take one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from .errors import InputError
from .layers import Delay
from .neurons import LIF, MeanReadout
from .point_neurons import PointNeuron

Edge = tuple[str, str]
_OVER_TIME = (PointNeuron, LIF, MeanReadout, Delay)


class GraphNetwork(nn.Module):
    """Network over all time of modules at the nodes of a graph; several edges into a node are summed.

    A module's path is its node's name, "." between path and name, so that the state dict speaks of nodes; where a name
    is taken an underscore follows. Modules without a membrane are called with time and batch as one axis.

    Parameters
    ----------
    layers : dict of str to nn.Module
        Module of every node but the inputs and outputs.
    edges : iterable of (source, target)
    shapes : dict of str to tuple of int
        Shape of what enters each node, without time and batch.
    inputs, outputs : iterable of str
    order : iterable of str
        All names, every source before its targets but for the late edges.
    late : iterable of edges
        Edges whose targets read what their sources gave the step before.
    buffered : iterable of str
        Delay nodes on a cycle that cost their delay and no step more; all edges into them must be in `late`.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        edges: Iterable[Edge],
        shapes: Mapping[str, tuple[int, ...]],
        inputs: Iterable[str],
        outputs: Iterable[str],
        order: Iterable[str],
        late: Iterable[Edge] = (),
        buffered: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.edges = tuple(edges)
        self.shapes = dict(shapes)
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self._late, self._buffered = frozenset(late), frozenset(buffered)
        self._sources = {name: [s for s, target in self.edges if target == name] for name in self.shapes}
        self._blocks = _blocks(list(order), self.edges)
        self._paths: dict[str, str] = {}
        for name in sorted(layers, key=lambda n: (n.count("."), n)):  # a parent before what lies in it
            self._paths[name] = _place(self, name, layers[name])

    @property
    def layers(self) -> dict[str, nn.Module]:
        """Module of every node, in the order of names."""
        return {name: self.get_submodule(path) for name, path in sorted(self._paths.items())}

    def forward(self, x: Tensor | dict[str, Tensor]) -> Tensor | dict[str, Tensor]:
        """Run all time steps from rest.

        Parameters
        ----------
        x : Tensor, shape (T, B, *input_shape), or dict of input name to such a tensor

        Returns
        -------
        Tensor, shape (T, B, *output_shape), or dict of output name to such a tensor
            A mean over time has no time axis. A dict where there are several outputs.

        Raises
        ------
        InputError
            If inputs are missing or of another shape.
        """
        rows = self._require(x if isinstance(x, dict) else {self.inputs[0]: x})
        layers = self.layers
        for block in self._blocks:
            name = block[0]
            if name in rows:
                continue
            if len(block) == 1 and name not in self._sources[name]:
                total = _sum([rows[source] for source in self._sources[name]])
                rows[name] = _whole(layers[name], total) if name in layers else total
            else:
                rows |= self._loop(block, rows, layers)
        results = {name: rows[name] for name in self.outputs}
        return results if len(results) > 1 else results[self.outputs[0]]

    def _require(self, x: dict[str, Tensor]) -> dict[str, Tensor]:
        wrong = [f"input {name!r} is missing; there are {sorted(x)}" for name in self.inputs if name not in x]
        for name, tensor in x.items():
            if name not in self.inputs:
                wrong.append(f"{name!r} is no input; inputs are {sorted(self.inputs)}")
            elif tuple(tensor.shape[2:]) != self.shapes[name]:
                wanted = ", ".join(map(str, ("T", "B", *self.shapes[name])))
                wrong.append(f"input {name!r} must be ({wanted}), is {tuple(tensor.shape)}")
        if len({tuple(tensor.shape[:2]) for tensor in x.values()}) > 1:
            wrong.append("all inputs must have the same T and B")
        if wrong:
            raise InputError("The network cannot run:", wrong)
        return dict(x)

    def _loop(self, block: list[str], rows: dict[str, Tensor], layers: dict[str, nn.Module]) -> dict[str, Tensor]:
        """Run the nodes of a cycle together, step by step."""
        anyone = next(iter(rows.values()))
        inside, states = set(block), {name: {} for name in block}
        given: dict[str, list[Tensor]] = {name: [] for name in block}
        for t in range(len(anyone)):
            for name in block:
                arriving = []
                for source in self._sources[name]:
                    at = t - int((source, name) in self._late)
                    if at >= 0:
                        arriving.append((given if source in inside else rows)[source][at])
                x = _sum(arriving) if arriving else anyone.new_zeros(anyone.shape[1], *self.shapes[name])
                layer = layers[name]
                if isinstance(layer, PointNeuron):
                    out, states[name] = layer.step(x, states[name])
                elif isinstance(layer, Delay):
                    out, states[name] = layer.step(x, states[name], early=int(name in self._buffered))
                else:
                    out = layer(x)
                given[name].append(out)
        return {name: torch.stack(outs) for name, outs in given.items()}


def _whole(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, _OVER_TIME):
        return layer(x)
    return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def _sum(tensors: list[Tensor]) -> Tensor:
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total


def _blocks(order: list[str], edges: tuple[Edge, ...]) -> list[list[str]]:
    """Nodes that share a cycle together, each block in execution order, blocks after those that feed them."""
    reach = {name: _reachable(name, edges) for name in order}
    blocks: list[list[str]] = []
    for name in order:
        block = next((b for b in blocks if name in reach[b[0]] and b[0] in reach[name]), None)
        if block is None:
            blocks.append([name])
        else:
            block.append(name)
    ordered: list[list[str]] = []
    while blocks:
        done = {name for block in ordered for name in block}
        ready = next(b for b in blocks if all(s in done or s in b for s, t in edges if t in b))
        ordered.append(ready)
        blocks.remove(ready)
    return ordered


def _reachable(start: str, edges: tuple[Edge, ...]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        new = [t for s, t in edges if s == name and t not in seen]
        seen.update(new)
        todo += new
    return seen


def _place(root: nn.Module, name: str, module: nn.Module) -> str:
    """Add `module` under a path that follows its name, and return the path."""
    *parents, last = (part or "_" for part in name.split("."))
    at, path = root, []
    for parent in parents:
        while hasattr(at, parent) and parent not in at._modules:
            parent += "_"
        if parent not in at._modules:
            at.add_module(parent, nn.Module())
        at = at.get_submodule(parent)
        path.append(parent)
    while hasattr(at, last):
        last += "_"
    at.add_module(last, module)
    return ".".join([*path, last])
