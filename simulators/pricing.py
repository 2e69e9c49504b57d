"""`price`: what a run costs on a chip, in time and energy, with the recipe kept beside every number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.trace import Trace
from ..models.errors import ConfigError, InputError, UnsupportedOp
from .chips.chip import Chip, Quantity
from .energy import components, energy_bounds, totals
from .placement import Placement
from .timing.aggregate import StepTimes, step_times
from .timing.chip_time import ChipTime, chip_time

Floats = NDArray[np.float64]
TIMINGS = ("auto", "aggregate", "recurrence", "event")
_TO_COME = ("recurrence", "event")


@dataclass(frozen=True, eq=False)
class Cost:
    """Time and energy of a run on a chip, estimated: exact counts times the coefficients of a profile.

    Attributes
    ----------
    chip, backend : str
        Profile, and which backend counted.
    versions : dict of str to str
    program_hash : str
    timing : str or None
        "aggregate"; None where the profile has no timing.
    samples : int
        B.
    placement : Placement
    step_time_ns : (chip_steps,) float64 array or None
    latency_ns : (B,) float64 array or None
        First input row to last readout row, both steps included.
    interval_ns : (B,) float64 array or None
        From one sample to the next in a stream.
    counts, energy_pj : dict of component to (cores,) float64 array
        Events and energy per sample: those of the whole run over the number of samples.
    energy_per_synaptic_op_pj : dict of "incremental", "all_in" to float
        The synapses' own energy, and that of all components, over the number of synaptic operations. Publications
        mix the two. Without an operation they are the coefficient and NaN.
    bounds : dict of str to (lower, upper)
        "step_time_ns" and "latency_ns" (None without timing), and "energy_pj", the total.
    sources, time_sources : dict of component to Quantity
        Coefficients of energy; of time, with the barrier of the tiles in use.
    not_included : tuple of str
    """

    chip: str
    backend: str
    versions: dict[str, str]
    program_hash: str
    timing: str | None
    samples: int
    placement: Placement
    step_time_ns: Floats | None
    latency_ns: Floats | None
    interval_ns: Floats | None
    counts: dict[str, Floats]
    energy_pj: dict[str, Floats]
    energy_per_synaptic_op_pj: dict[str, float]
    bounds: dict[str, tuple[Floats, Floats] | tuple[float, float] | None]
    sources: dict[str, Quantity]
    time_sources: dict[str, Quantity]
    not_included: tuple[str, ...]

    @property
    def total_pj(self) -> float:
        """Energy per sample over all components and cores."""
        return float(sum(energy.sum() for energy in self.energy_pj.values()))


def price(trace: Trace, place: Placement, timing: str = "auto") -> Cost:
    """Price a run on the chip of `place`.

    Parameters
    ----------
    trace : Trace
        Of a run with ``place=`` this placement, or one with the same cores on the same mesh. For a chip without a mesh
        any trace of the program will do.
    place : Placement
    timing : {"auto", "aggregate"}
        How steps are timed; see `timing.aggregate`.

    Raises
    ------
    InputError
        If the trace is of another program or placement, or was not counted by core.
    UnsupportedOp, ConfigError
        For a chip without energies, or a timing that is not there yet, or unknown.
    """
    require_energies(place.chip)
    if timing in _TO_COME:
        raise UnsupportedOp(f"timing={timing!r} is not available yet; aggregate gives an estimate with bounds.")
    if timing not in TIMINGS:
        raise ConfigError(f"timing={timing!r} is unknown; known are auto and aggregate.")
    _require_counted(trace, place)
    chip, clock = place.chip, chip_time(place.program, trace)
    total = totals(trace, place, clock)
    counts = {name: count / trace.samples for name, count in components(total, chip).items()}
    energy = {name: count * chip.energy[name].value for name, count in counts.items()}
    times = _times(trace, place, clock) if chip.barrier else None
    return Cost(
        chip=chip.name,
        backend=trace.backend,
        versions=dict(trace.versions),
        program_hash=place.program.content_hash,
        timing="aggregate" if times else None,
        samples=trace.samples,
        placement=place,
        step_time_ns=times.estimate if times else None,
        latency_ns=clock.latencies(times.estimate) if times else None,
        interval_ns=clock.intervals(times.estimate) if times else None,
        counts=counts,
        energy_pj=energy,
        energy_per_synaptic_op_pj=_per_operation(counts, energy, chip.energy["synaptic_op"].value),
        bounds=_bounds(times, clock) | {"energy_pj": energy_bounds(energy, total, place, trace.samples)},
        sources=dict(chip.energy),
        time_sources=chip.time | ({"barrier": chip.barrier.at(place.tiles)} if chip.barrier else {}),
        not_included=(*chip.not_included, *_left_out(clock)),
    )


def require_energies(chip: Chip) -> None:
    """Refuse to price on a chip of which no energies are known, so that it can be asked before a long run.

    Raises
    ------
    UnsupportedOp
    """
    if not chip.energy:
        raise UnsupportedOp(
            f"The profile {chip.name} has no energies, so it cannot price; `check` places on it. Name another chip."
        )


def _require_counted(trace: Trace, place: Placement) -> None:
    if trace.program_hash != place.program.content_hash:
        raise InputError(
            f"The trace is of program {trace.program_hash}, the placement of {place.program.content_hash}; "
            "run the placed program."
        )
    if trace.settings.get("samples", ("independent", ""))[0] != "independent":
        raise InputError("The trace is of a stream; price a run of independent samples.")
    if place.chip.mesh is None:
        return
    if not trace.by_core:
        raise InputError(
            f"The trace was not counted by core; run simulate(..., place=...) to price it on {place.chip.name}."
        )
    counted = trace.settings.get("placement", ("unknown", ""))[0]
    if counted != place.layout:
        raise InputError(
            f"The trace was counted on placement {counted}, not on {place.layout}; cores or mesh differ. "
            "Run simulate(..., place=...) with this one."
        )


def _times(trace: Trace, place: Placement, clock: ChipTime) -> StepTimes:
    barrier_ns = place.chip.barrier.at(place.tiles).value if place.chip.barrier else 0.0
    return step_times(place, {name: clock.overlay(rows) for name, rows in trace.by_core.items()}, barrier_ns)


def _bounds(times: StepTimes | None, clock: ChipTime) -> dict[str, tuple[Floats, Floats] | None]:
    if times is None:
        return {"step_time_ns": None, "latency_ns": None}
    return {
        "step_time_ns": (times.estimate, times.upper),
        "latency_ns": (clock.latencies(times.estimate), clock.latencies(times.upper)),
    }


def _per_operation(counts: dict[str, Floats], energy: dict[str, Floats], coefficient: float) -> dict[str, float]:
    synapses = [name for name in ("synaptic_op", "synaptic_mac") if name in counts]
    operations = sum(counts[name].sum() for name in synapses)
    if not operations:
        return {"incremental": coefficient, "all_in": float("nan")}
    return {
        "incremental": float(sum(energy[name].sum() for name in synapses) / operations),
        "all_in": float(sum(row.sum() for row in energy.values()) / operations),
    }


def _left_out(clock: ChipTime) -> tuple[str, ...]:
    if not clock.blank_rows:
        return ()
    rows = "row" if clock.blank_rows == 1 else "rows"
    return (f"activity in the {clock.blank_rows} blank {rows} in front of each sample, which is not simulated",)
