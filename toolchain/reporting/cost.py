"""A `Cost` as a dictionary: what `describe_price` says, and energy by population, steps one by one, cores by load."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...simulators.placement import Placement
from ...simulators.pricing import Cost
from ..describe import describe_price

STEPS_KEPT = 80
"""Chip steps whose times a report keeps one by one; it keeps mean and extremes of them all."""


def describe_cost(cost: Cost) -> dict[str, Any]:
    """Everything a report says about a cost; energies and counts are per sample."""
    chip, populations = cost.placement.chip, [p.name for p in cost.placement.program.populations]
    return describe_price(cost) | {
        "title": chip.title,
        "source": chip.source,
        "versions": dict(cost.versions),
        "samples": cost.samples,
        "by_population_pj": {
            component: {name: float(row[cost.placement.cores_of(name)].sum()) for name in populations}
            for component, row in cost.energy_pj.items()
        },
        "times_ns": _times(cost),
        "steps": _steps(cost),
        "placement": _placement(cost.placement),
    }


def _times(cost: Cost) -> dict[str, dict[str, Any]]:
    """Mean, extremes and bounds of the mean of everything that is timed; empty without timing."""
    rows = {"step": cost.step_time_ns, "latency": cost.latency_ns, "interval": cost.interval_ns}
    ends = {"step": cost.bounds["step_time_ns"], "latency": cost.bounds["latency_ns"], "interval": None}
    return {
        name: {
            "mean": float(row.mean()),
            "min": float(row.min()),
            "max": float(row.max()),
            "mean_bounds": [float(end.mean()) for end in ends[name]] if ends[name] else None,
        }
        for name, row in rows.items()
        if row is not None
    }


def _steps(cost: Cost) -> dict[str, Any] | None:
    if cost.step_time_ns is None:
        return None
    lower, upper = cost.bounds["step_time_ns"]
    rows = {"first_ns": cost.step_time_ns, "first_lower_ns": lower, "first_upper_ns": upper}
    return {"count": len(cost.step_time_ns)} | {name: row[:STEPS_KEPT].tolist() for name, row in rows.items()}


def _placement(placement: Placement) -> dict[str, Any]:
    mesh = placement.chip.mesh
    return {
        "strategy": placement.strategy,
        "mesh": mesh and {"width": mesh.width, "height": mesh.height, "cores_per_tile": mesh.cores_per_tile},
        "mesh_sources": {name: asdict(quantity) for name, quantity in mesh.sources.items()} if mesh else {},
        "limits": {name: asdict(quantity) for name, quantity in placement.chip.limits.items()},
        "occupancy": dict(placement.occupancy),
        "cores": [asdict(core) for core in placement.cores],
    }
