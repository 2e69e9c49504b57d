"""The integer program: what every backend executes, bit for bit.

Integers only, discrete time. Registers have Loihi's units: with `u`, `v` in 1/64 of a weight unit, one step of a
population is (all shifts arithmetic, ``rz`` rounds toward zero)::

    a = sum over incoming projections of shift(weights @ spikes[t - delay], weight_exp)
    u = wrap24(rz(u * (4095 - du) / 4096) + 64 * a)
    v = saturate(rz(v * (4096 - dv) / 4096) + u + bias_mant * 2**bias_exp)
    spike = v > 64 * vth;  v = 0 where spike

This is Lava's fixed-point LIF (lava-nc 0.10.0, ``lava/proc/lif/models.py`` and ``lava/proc/dense/models.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .layout import content_hash, write_program
from .losses import Loss

Array = NDArray[np.integer]
SignMode = Literal["mixed", "excitatory", "inhibitory"]

VTH_MAX = 2**17 - 1
"""Largest threshold mantissa (17 bit)."""
READOUT_LIMIT = VTH_MAX << 6
"""Largest membrane value at which a readout population stays silent, in units of v."""
STATE_LIMIT = 2**23 - 1
"""Largest magnitude of a 24-bit state."""


@dataclass(frozen=True)
class Input:
    """A source of spikes or of graded events from outside the chip.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Shape of one row of one sample.
    kind : {"spikes", "graded"}
        Binary spikes, or integers of `bits` bits.
    scale : float
        A float input `x` becomes ``clip(round(x * scale))``, half to even; 1 for spikes.
    bits : int
        Width of one event; 1 for spikes.
    """

    name: str
    shape: tuple[int, ...]
    kind: Literal["spikes", "graded"] = "spikes"
    scale: float = 1.0
    bits: int = 1

    @property
    def size(self) -> int:
        """Number of channels."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons that share their kind, decays and level.

    Attributes
    ----------
    name : str
        The NIR node's name, which is the torch module's path.
    shape : tuple of int
    kind : {"lif", "readout"}
        A readout is a LIF whose threshold register is at its maximum and whose membrane is read at the last row;
        whoever builds the program keeps its membrane below `READOUT_LIMIT`.
    du, dv : int
        Decay of current and membrane in 1/4096, 0..4095; the current decays by ``du + 1``.
    vth : int
        Threshold mantissa, 0..`VTH_MAX`.
    bias_mant : (size,) int32 array
        Bias mantissa, -4096..4095.
    bias_exp : int
        Bias exponent, 0..7.
    reset : {"zero"}
        What a spike does to the membrane.
    level : int
        Longest path from the inputs in hops; row t is chip step ``t + level``.
    membrane_unit : float
        Float membrane value of one integer unit of v before thresholds were folded into rows; 0 if unknown.
    origin : tuple of str
        Names of the NIR nodes that were merged into this population.
    """

    name: str
    shape: tuple[int, ...]
    du: int
    dv: int
    vth: int
    bias_mant: Array
    level: int
    bias_exp: int = 0
    kind: Literal["lif", "readout"] = "lif"
    reset: Literal["zero"] = "zero"
    membrane_unit: float = 0.0
    origin: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of neurons."""
        return prod(self.shape)

    @property
    def bias(self) -> Array:
        """Bias as it is added to v, (size,) int64."""
        return self.bias_mant.astype(np.int64) << self.bias_exp


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one source to one population.

    Attributes
    ----------
    name, source, target : str
        `source` is an input's or a population's name.
    weights : (post, pre) int16 array
        On the chip's grid for `weight_bits` and `sign_mode` (see `weight_grid`).
    weight_exp : int
        The summed input is shifted left by it, right (floor) if negative; -7..7.
    sign_mode : {"mixed", "excitatory", "inhibitory"}
    weight_bits : int
        1..8.
    delay : int
        Row offset: row t reads the source's row ``t - delay``; 0 feed-forward, 1 for a self-recurrence z[t-1].
    """

    name: str
    source: str
    target: str
    weights: Array
    weight_exp: int = 0
    sign_mode: SignMode = "mixed"
    weight_bits: int = 8
    delay: int = 0
    kind: Literal["dense"] = "dense"

    @cached_property
    def fan_out(self) -> Array:
        """Existing synapses of every source neuron, (pre,) int64: zero weights are not synapses."""
        return np.count_nonzero(self.weights, axis=0).astype(np.int64)


@dataclass(frozen=True)
class Output:
    """What leaves the network.

    Attributes
    ----------
    name, population : str
    readout : {"spike_count", "membrane"}
        Spikes summed over the sample's rows, or the membrane at its last row.
    """

    name: str
    population: str
    readout: Literal["spike_count", "membrane"]


@dataclass(frozen=True, eq=False)
class Program:
    """A whole network in integers; build it through `make_program`, which checks it.

    Attributes
    ----------
    inputs, populations, projections, outputs : tuple
        Populations are in execution order: by level, then by name.
    losses : tuple of Loss
        What the export rounded or dropped on the way here. Not part of the content hash.
    settings : dict of str to (value, origin)
        Choices made while lowering (dt_s, integration, spike_op, reset, ...). Not part of the content hash.
    """

    inputs: tuple[Input, ...]
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    outputs: tuple[Output, ...]
    losses: tuple[Loss, ...] = ()
    settings: dict[str, tuple[str | float, str]] = field(default_factory=dict)

    def into(self, population: str) -> tuple[Projection, ...]:
        """Projections that end in `population`, in the order of the program."""
        return tuple(p for p in self.projections if p.target == population)

    def source(self, name: str) -> Input | Population:
        """Return the input or population called `name`."""
        return next(s for s in (*self.inputs, *self.populations) if s.name == name)

    def level(self, name: str) -> int:
        """Level of an input (0) or population."""
        return getattr(self.source(name), "level", 0)

    def hops(self, projection: Projection) -> int:
        """Synaptic delay register that aligns the rows: level(target) - level(source) - 1 + delay."""
        return self.level(projection.target) - self.level(projection.source) - 1 + projection.delay

    @property
    def depth(self) -> int:
        """Largest level."""
        return max(p.level for p in self.populations)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides a result (see `layout.content_hash`)."""
        return content_hash(self)

    def save(self, path: str | Path) -> None:
        """Write the program as one file, which `load_program` reads."""
        write_program(self, path)
