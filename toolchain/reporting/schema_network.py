"""Schema of a program: its parts as `describe_program` gives them, and the weights on their grid."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .schema_parts import Strict


class Port(Strict):
    """An input."""

    name: str
    shape: list[int]
    kind: str
    scale: float
    bits: int


Register = int | tuple[int, int]
"""One value for all neurons, or the smallest and the largest where each has its own."""


class Population(Strict):
    """Registers of a population."""

    name: str
    shape: list[int]
    neurons: int
    kind: str
    level: int
    du: Register
    dv: Register
    vth: Register
    bias_mant: tuple[int, int] = Field(description="smallest and largest")
    bias_exp: int
    reset: str
    refractory: int = Field(description="rows of rest after a spike")
    vth_low: int = Field(description="lower threshold of ternary neurons")
    reciprocal_bits: int = Field(description="of ei_gain neurons, as the two below")
    quotient_exp: int
    divisor_min: int
    membrane_unit: float | tuple[float, float] = Field(description="one, or smallest and largest")
    origin: list[str]


class Window(Strict):
    """How a convolution or pooling slides, vertically and horizontally."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


class Projection(Strict):
    """Synapses between two populations."""

    name: str
    source: str
    target: str
    kind: str
    port: Literal["current", "divisor"]
    shape: list[int] = Field(description="of the stored weights: dense (post, pre), convolution (out, in, kh, kw)")
    window: Window | None = Field(description="of a convolution or pooling")
    weight_bits: int
    sign_mode: Literal["mixed", "excitatory", "inhibitory"]
    weight_exp: int
    delay: int = Field(description="row offset, the largest of any synapse")
    min_delay: int
    hops: int = Field(description="synaptic delay register")
    synapses: int = Field(description="those that exist, shared weights counted for every synapse")
    zeros_share: float = Field(description="of the stored weights")
    weight_range: tuple[int, int]


class Output(Strict):
    """What leaves the network."""

    name: str
    population: str
    readout: str


class Setting(Strict):
    """A choice and where it came from."""

    value: str | float | int | bool | None
    origin: str


class ListedLoss(Strict):
    """What lowering rounded or dropped."""

    node: str
    what: str
    kind: str


class Network(Strict):
    """The integer program."""

    kind: Literal["program"]
    program_hash: str
    depth: int
    neurons: int
    synapses: int
    inputs: list[Port]
    populations: list[Population]
    projections: list[Projection]
    outputs: list[Output]
    losses: list[ListedLoss]
    settings: dict[str, Setting]


class Weights(Strict):
    """Stored weights of a projection on the chip's grid."""

    values: list[int] = Field(description="grid values that occur")
    synapses: list[int] = Field(description="weights at each of the values")
    low: int
    high: int
    step: int
    zeros_share: float
