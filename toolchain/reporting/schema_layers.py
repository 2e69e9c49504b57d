"""The part of the schema about quantisation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .schema_parts import Strict


class LayerRow(Strict):
    """One population in float and in integers; null where one side has no such number."""

    name: str
    kind: str
    neurons: int
    bits: list[int] = Field(description="weight bits of its projections")
    grid_used: tuple[int, int] | None = Field(description="grid values used and available, of its coarsest projection")
    weight_error: float | None = Field(description="RMS of the rounding over the RMS of those weights")
    threshold_error: float | None = Field(description="largest rounding of a threshold, of its own size")
    dead: int | None = Field(description="neurons without a spike, in integers")
    dead_in_float: int | None
    always_on: int | None = Field(description="neurons with a spike in every row of every sample, in integers")
    compared: int | None = Field(description="spikes compared between both sides")
    accumulated: int | None = Field(description="different ones, with all that was wrong before the layer")
    alone: int | None = Field(description="different ones if fed with the float network's spikes")


class Finding(Strict):
    """What is wrong with a layer, why, by which numbers, and what helps."""

    severity: Literal["error", "warning"]
    layer: str
    problem: str
    what: str
    cause: str
    evidence: str
    remedy: str


class Quantisation(Strict):
    """The per-layer report of `diagnose`."""

    backends: dict[str, str] = Field(description='what ran "float" and "integer"')
    samples: int = Field(description="behind dead and always-on neurons")
    detail: int = Field(description="samples behind the errors")
    layers: list[LayerRow]
    findings: list[Finding]
