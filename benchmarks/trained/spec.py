"""A trained network and real test samples as a case of a contest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikewright.exporters.program.program import Population, Program, Projection

from ..casefile import PROGRAM, Case, Layer, write_case
from .nets import Net


@dataclass(frozen=True, eq=False)
class Spec:
    """What a contest asks of its subject.

    Attributes
    ----------
    net : Net
    program : Program
    x : (T, B, *shape) uint8 array
        Its samples.
    """

    net: Net
    program: Program
    x: np.ndarray
    rate: None = None

    @property
    def name(self) -> str:
        """What the case is called."""
        return f"{self.net.name}, T={self.steps}"

    @property
    def network(self) -> str:
        """The network in words."""
        return self.net.network

    @property
    def steps(self) -> int:
        """T."""
        return self.x.shape[0]

    @property
    def samples(self) -> int:
        """B."""
        return self.x.shape[1]

    def build(self, folder: Path) -> tuple[Case, Program]:
        """Write the case and its program to `folder` and return them."""
        self.program.save(folder / PROGRAM)
        case = case_of(self.program, self.x, folder)
        write_case(case)
        return case, self.program


def case_of(program: Program, x: np.ndarray, folder: Path) -> Case:
    """The chain of layers that `program` is, as everybody can build it.

    Raises
    ------
    ValueError
        If it is something else: not a chain of binary lif layers that reset to zero, with a readout behind or not.
    """
    populations, source, layers = program.populations, program.inputs[0].name, []
    for p in populations:
        (q,) = program.into(p.name)
        wrong = [
            (q.source != source, f"its source is {q.source}, not {source}"),
            (p.kind != "lif" and p is not populations[-1], f"it is {p.kind}"),
            (p.reset != "zero" or p.refractory > 0 or p.du != 4095, "its neurons are not those of every peer"),
            (q.kind not in ("dense", "convolution") or q.max_delay > 0, f"it has {q.kind} synapses"),
            (q.dilation != (1, 1) or q.groups != 1 or len({*q.stride}) > 1 or len({*q.padding}) > 1, "other windows"),
        ]
        if told := [text for broken, text in wrong if broken]:
            raise ValueError(f"{p.name} cannot be a layer of a case: {'; '.join(told)}.")
        layers.append(_layer(p, q))
        source = p.name
    readout = layers.pop() if populations[-1].kind == "readout" else None
    (dv,) = {int(p.dv) for p in populations[: len(layers)]}
    return Case(folder, tuple(layers), dv, np.ascontiguousarray(x, np.uint8), readout)


def _layer(p: Population, q: Projection) -> Layer:
    unit = 2.0**q.weight_exp
    bias = p.bias.reshape(p.shape) / (64 * unit)
    if q.kind == "convolution":
        channels = bias.reshape(len(q.weights), -1)
        if (channels != channels[:, :1]).any():
            raise ValueError(f"{p.name} cannot be a layer of a case: its bias differs inside a channel.")
        bias = channels[:, 0]
    vth = 0.0 if p.kind == "readout" else float(p.vth) / unit
    return Layer(
        q.kind, np.array(q.weights), vth, q.stride[0], q.padding[0], bias if bias.any() else None, q.weight_exp
    )
