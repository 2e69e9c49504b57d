"""SOURCE, wherever a command or function takes one: a NIR file, a program, a run folder or a user's torch model."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exporters.program.file import load_program
from ..exporters.program.layout import FORMAT
from ..exporters.program.losses import Loss
from ..exporters.program.program import Program
from ..models.errors import InputError
from .user_model import load_user_model

if TYPE_CHECKING:
    import nir
    import torch
    from torch import nn

_HEADER_MAX = 100_000_000
"""Largest header that the safetensors format allows."""

EXAMPLES = 256
"""Samples on which the static gain of E-I circuits is calibrated."""

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass
class Source:
    """A network at whatever stage the user has it; the later stages are made from it on demand.

    Attributes
    ----------
    name : str
        What the user called it.
    model : nn.Module or None
        As trained; an E-I network with its dynamic divisor.
    frozen : nn.Module or None
        The module that is exported; the same as `model` where nothing had to be frozen.
    example : tensor or None
        (T, B, N) for modules that run over all time, (B, N) for modules of one step.
    nir_graph, ready_program
        Given by the user instead of a module.
    data : str or None
        The data set it was trained on.
    steps : int or None
        T of the encoder it was trained with.
    encoder : {"rate", "direct"}
        That encoder, a name of `spikewright.models.encoders.ENCODERS`.
    portable : bool
        Whether the graph is to hold only what other frameworks read.
    overrides : dict
        Choices that a portable graph takes instead of the network's own (see `portable_graph`).
    """

    name: str
    model: nn.Module | None = None
    frozen: nn.Module | None = None
    example: torch.Tensor | None = None
    nir_graph: nir.NIRGraph | None = None
    ready_program: Program | None = None
    data: str | None = None
    steps: int | None = None
    encoder: str = "rate"
    portable: bool = False
    overrides: dict[str, Any] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)

    @cached_property
    def graph(self) -> nir.NIRGraph:
        """NIR graph: the user's own, or exported from the module."""
        if self.nir_graph is not None:
            graph = self.nir_graph
        elif self.frozen is None or self.example is None:
            raise InputError(f"{self.name} is a program; there is no way back from integers to a NIR graph.")
        else:
            from ..exporters.nir.trace import to_nir

            # A module that has to be changed first is not portable yet.
            graph, self.losses = to_nir(self.frozen, self.example, portable=self.portable and not self.overrides)
        if self.portable and (self.nir_graph is not None or self.overrides):
            from .rewriting import portable_graph

            graph, losses = portable_graph(graph, **self.overrides)
            self.losses = self.losses + losses
        return graph

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one row of one sample; None for a network of several inputs, or one that states no shape."""
        if self.ready_program is not None:
            shapes = [port.shape for port in self.ready_program.inputs if port.kind != "bias"]
        elif self.nir_graph is None and (sizes := getattr(getattr(self.frozen, "config", None), "sizes", None)):
            return (int(sizes[0]),)  # of an `EIMLP`, whose graph needs a real example first
        else:
            import nir
            import numpy as np

            inputs = [node for node in self.graph.nodes.values() if isinstance(node, nir.Input)]
            stated = [(node.input_type or {}).get("input") for node in inputs]
            shapes = [None if shape is None else tuple(map(int, np.atleast_1d(shape))) for shape in stated]
        return shapes[0] if len(shapes) == 1 else None

    @property
    def reads_membrane(self) -> bool:
        """Whether the network's result is a membrane at the last row, rather than spikes of all rows."""
        from ..exporters.nir.readout import reads_membrane

        return reads_membrane(self.graph)

    def program(self, calibration: Any = None, **options: Any) -> Program:
        """Integer program: the user's own, or lowered from the graph with `options` of `lower`.

        Raises
        ------
        InputError
            If the user's own program meets options, which it can no longer follow.
        """
        if self.ready_program is not None:
            if options:
                raise InputError(
                    f"{self.name} is an integer program already; nothing is left to lower with {', '.join(options)}. "
                    "Leave these options out, or give the network that it was lowered from."
                )
            return self.ready_program
        from .lowering import lower

        return lower(self.graph, calibration=calibration, **options)


def resolve_source(source: Any, weights: str | None = None, example: tuple[int, ...] | None = None) -> Source:
    """Find out what `source` is.

    Parameters
    ----------
    source : str, path, nn.Module, NIRGraph or Program
        A path to a NIR file, a program file, a checkpoint or a run folder; or ``package.module:function`` or
        ``file.py:function``, where the function returns an nn.Module.
    weights : str, optional
        safetensors or .pt file (read with weights_only) for a module.
    example : tuple of int, optional
        Shape of an example input of a module.

    Raises
    ------
    InputError
        If it is none of these, or damaged.
    """
    if isinstance(source, Program):
        return Source("program", ready_program=source)
    if not isinstance(source, (str, os.PathLike)):
        return _from_object(source, example)
    text = os.fspath(source)
    path = Path(text)
    if path.is_dir():
        return _from_run(path)
    if path.is_file():
        return _from_file(path)
    if ":" in text:
        return _from_module(text, load_user_model(text, weights), example)
    raise InputError(
        f"There is no file or folder {text}. SOURCE is a .nir file, a program file, a run folder of spikewright train, "
        "or package.module:function (file.py:function) with --example SHAPE."
    )


def calibrated(source: Source, rows: Any) -> Source:
    """Return `source` with real input as its example where E-I circuits that divide have to be exported.

    Parameters
    ----------
    source : Source
    rows : (T, B, *input_shape) array, dict of input name to such an array, or None
        Of which the first `EXAMPLES` samples are taken. Networks of several inputs are left as they are.
    """
    if source.nir_graph is not None or source.frozen is None or source.example is None:
        return source
    if rows is None or isinstance(rows, dict):
        return source
    import torch

    from ..models.ei import EILinear

    if not any(isinstance(module, EILinear) and module.divides for module in source.frozen.modules()):
        return source
    some = torch.as_tensor(rows[:, :EXAMPLES]).to(source.example.dtype)
    return replace(source, example=some if source.example.ndim == some.ndim else some[0])


def _from_object(source: Any, example: tuple[int, ...] | None) -> Source:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(source, torch.nn.Module):
        return _from_module(type(source).__name__, source, example)
    nir = sys.modules.get("nir")
    if nir is not None and isinstance(source, nir.NIRGraph):
        return Source("graph", nir_graph=source)
    raise InputError(f"A {type(source).__name__} is no source: give a module, NIRGraph, Program or path.")


def _from_run(path: Path) -> Source:
    from .runs import load_run

    run = load_run(path)
    return network_source(str(path), run.exact, run.frozen, run.config.data, run.config.encoder)


def network_source(name: str, exact: Any, frozen: Any, data: str | None, encoder: str = "rate") -> Source:
    """Source of an E-I network (`EIMLP`) and its frozen counterpart, which knows its example and its input."""
    import torch

    config = frozen.config
    example = torch.zeros(config.steps, 1, config.sizes[0])
    return Source(name, exact, frozen, example, data=data, steps=config.steps, encoder=encoder)


def _from_file(path: Path) -> Source:
    with path.open("rb") as file:
        head = file.read(8)
        if head == _HDF5:
            from ..exporters.nir.files import read_nir

            return Source(str(path), nir_graph=read_nir(path))
        # A safetensors file starts with the length of its JSON header, which may name its entries in any order.
        header = file.read(min(int.from_bytes(head, "little"), _HEADER_MAX))
    if header.startswith(b"{") and FORMAT.encode() in header:
        return Source(str(path), ready_program=load_program(path))
    raise InputError(
        f"{path} is neither a NIR file (HDF5) nor a program file of spikewright; its first bytes are {head!r}. "
        "A checkpoint of weights needs the function that builds its model: package.module:function --weights FILE."
    )


def _from_module(name: str, model: Any, example: tuple[int, ...] | None) -> Source:
    import torch

    from ..models.networks import EIMLP

    if isinstance(model, EIMLP) and example is None:
        return network_source(name, model, model, None)
    if example is None:
        raise InputError(f"{name} is a torch module; say the shape of one input, for example --example 1,784.")
    dtype = next((p.dtype for p in model.parameters() if p.dtype.is_floating_point), torch.float32)
    return Source(name, model.eval(), model, torch.zeros(example, dtype=dtype))
