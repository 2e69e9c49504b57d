"""Energy of a run: how often every component worked, and what the unknown entry point of the inputs leaves open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.trace import Trace
from .chips.chip import Chip
from .placement import Placement
from .placement.routes import entry_hops
from .timing.chip_time import ChipTime

Totals = dict[str, NDArray[np.int64]]
"""Events of a whole run, (cores,) int64: the counts of `count_by_core`, and "visits" of neurons."""

FROM_COUNT = {
    "neuron_update_active": "updates",
    "spike": "spikes",
    "axon_out": "messages_out",
    "axon_in": "messages_in",
    "within_tile": "messages",
    "hop_ew": "hops_ew",
    "hop_ns": "hops_ns",
}
"""Components that are one of the counts."""


def totals(trace: Trace, place: Placement, clock: ChipTime) -> Totals:
    """Events of the run by core; on a chip without a mesh they are those of the sample's rows, by population.

    Every neuron on a core is visited in every chip step of the run, whether anything happened to it or not.
    """
    found = _of_populations(trace, place) if place.chip.mesh is None else _of_cores(trace)
    neurons = np.array([core.stop - core.start for core in place.cores])
    return found | {"visits": neurons * clock.chip_steps}


def components(total: Totals, chip: Chip) -> dict[str, NDArray[np.int64]]:
    """Events of every component that the profile prices, (cores,) int64."""
    carrying = total["synaptic_macs"] if "synaptic_mac" in chip.energy else 0
    derived = {
        "synaptic_op": total["synaptic_ops"] - carrying,
        "synaptic_mac": total["synaptic_macs"],
        "neuron_update_idle": total["visits"] - total["updates"],
    }
    return {name: derived[name] if name in derived else total[FROM_COUNT[name]] for name in chip.energy}


def energy_bounds(
    energy_pj: dict[str, NDArray[np.float64]], total: Totals, place: Placement, samples: int
) -> tuple[float, float]:
    """Total energy per sample if inputs entered at their target's own tile, and if each crossed the whole mesh.

    Coefficients are taken as they are.
    """
    whole = float(sum(row.sum() for row in energy_pj.values()))
    mesh = place.chip.mesh
    if mesh is None:
        return whole, whole
    inputs = (total["messages"] - total["messages_out"]) / samples
    ew, ns = (place.chip.energy[name].value if name in place.chip.energy else 0.0 for name in ("hop_ew", "hop_ns"))
    east_west, north_south = entry_hops(place)
    lower = whole - float((inputs * (ew * east_west + ns * north_south)).sum())
    return lower, lower + float(inputs.sum()) * (ew * (mesh.width - 1) + ns * (mesh.height - 1))


def _of_cores(trace: Trace) -> Totals:
    return {name: rows.sum((0, 1)) for name, rows in trace.by_core.items()}


def _of_populations(trace: Trace, place: Placement) -> Totals:
    program = place.program
    events: dict[str, list[int]] = {"updates": [], "spikes": [], "synaptic_ops": [], "synaptic_macs": []}
    for p in program.populations:
        arriving = {q.name: int(trace.synaptic_ops[q.name].sum()) for q in program.into(p.name)}
        carrying = {q.name for q in program.into(p.name) if program.events(q.source).graded}
        events["updates"].append(int(trace.updates[p.name].sum()))
        events["spikes"].append(int(trace.counts[p.name].sum()))
        events["synaptic_ops"].append(sum(arriving.values()))
        events["synaptic_macs"].append(sum(arriving[name] for name in carrying))
    return {name: np.array(row, np.int64) for name, row in events.items()}
