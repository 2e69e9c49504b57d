"""Schema of a cost: energy, time and cores, every coefficient with its provenance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .schema_parts import Strict, Versions


class Quantity(Strict):
    """A number with its provenance."""

    value: float
    unit: str
    kind: Literal["specified", "simulated", "measured", "estimated"]
    source: str


class Core(Strict):
    """Neurons start to stop - 1 of one population."""

    index: int
    population: str
    start: int
    stop: int
    loads: dict[str, int]


class Mesh(Strict):
    """Tiles of cores."""

    width: int
    height: int
    cores_per_tile: int


class Placement(Strict):
    """Where the neurons live; limits that a profile does not state are absent."""

    strategy: str
    mesh: Mesh | None
    mesh_sources: dict[str, Quantity]
    limits: dict[str, Quantity]
    occupancy: dict[str, float]
    cores: list[Core]


class Times(Strict):
    """A time over all steps or samples of the run, in ns."""

    mean: float
    min: float
    max: float
    mean_bounds: tuple[float, float] | None


class Steps(Strict):
    """The first chip steps one by one, in ns."""

    count: int = Field(description="chip steps of the run")
    first_ns: list[float]
    first_lower_ns: list[float]
    first_upper_ns: list[float]


class PerOperation(Strict):
    """Energy of a synaptic operation: of the synapse alone, and of everything."""

    incremental: float
    all_in: float | None = Field(description="null where no operation happened")


class Cost(Strict):
    """Estimated: exact counts times the coefficients of a profile. Energies and counts are per sample."""

    chip: str
    title: str
    source: str
    backend: str
    versions: Versions
    samples: int
    kind: Literal["estimated"]
    unit: str
    timing: str | None
    cores: int | None = Field(description="null for a profile without a mesh, which has no cores")
    tiles: int | None
    counts: dict[str, float] = Field(description="events by component")
    energy_pj: dict[str, float]
    by_population_pj: dict[str, dict[str, float]] = Field(description="by component and population")
    total_pj: float
    total_bounds_pj: tuple[float, float]
    energy_per_synaptic_op_pj: PerOperation
    latency_ns: float | None
    latency_bounds_ns: tuple[float, float] | None
    interval_ns: float | None
    times_ns: dict[Literal["step", "latency", "interval"], Times]
    steps: Steps | None
    placement: Placement
    sources: dict[str, Quantity] = Field(description="coefficients of energy")
    time_sources: dict[str, Quantity]
    not_included: list[str]
