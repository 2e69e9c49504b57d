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


class Population(Strict):
    """Registers of a population."""

    name: str
    shape: list[int]
    neurons: int
    kind: str
    level: int
    du: int
    dv: int
    vth: int
    bias_mant: tuple[int, int] = Field(description="smallest and largest")
    bias_exp: int
    reset: str
    membrane_unit: float
    origin: list[str]


class Projection(Strict):
    """Synapses between two populations."""

    name: str
    source: str
    target: str
    kind: str
    shape: list[int] = Field(description="(post, pre)")
    weight_bits: int
    sign_mode: Literal["mixed", "excitatory", "inhibitory"]
    weight_exp: int
    delay: int
    hops: int = Field(description="synaptic delay register")
    synapses: int = Field(description="weights that are not zero")
    zeros_share: float
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
    """Weights of a projection on the chip's grid."""

    values: list[int] = Field(description="grid values that occur")
    synapses: list[int] = Field(description="weights at each of the values")
    low: int
    high: int
    step: int
    zeros_share: float
