"""Energy of a run: exact counts times a profile's coefficients, with the recipe kept beside the number."""

from __future__ import annotations

from dataclasses import dataclass

from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..models.errors import InputError
from .chips.profile import Chip, Quantity


@dataclass(frozen=True)
class EnergyEstimate:
    """Energy per sample (mean over the run's samples), estimated.

    Attributes
    ----------
    chip : str
    backend : str
        Which backend counted the events.
    counts : dict of str to float
        Events per sample and component.
    energy_pj : dict of str to float
        Energy per sample and component.
    energy_per_synaptic_op_pj : dict of "incremental", "all_in"
        The synapse's own energy, and all components divided by the number of synaptic operations. Publications mix
        the two; NaN where no operation happened.
    sources : dict of str to Quantity
        Coefficient of every component with unit, kind and source.
    not_included : tuple of str
    """

    chip: str
    backend: str
    counts: dict[str, float]
    energy_pj: dict[str, float]
    energy_per_synaptic_op_pj: dict[str, float]
    sources: dict[str, Quantity]
    not_included: tuple[str, ...]

    @property
    def total_pj(self) -> float:
        """Energy per sample over all components."""
        return sum(self.energy_pj.values())


def estimate_energy(trace: Trace, program: Program, chip: Chip) -> EnergyEstimate:
    """Price the events of `trace`.

    Every neuron is updated in each of a sample's T steps (samples streamed back to back, so that filling the
    pipeline costs nothing per sample): actively where it had a synaptic event or a bias, idly otherwise.

    Raises
    ------
    InputError
        If the trace is not of this program.
    """
    if trace.program_hash != program.content_hash:
        raise InputError(f"The trace is of program {trace.program_hash}, not of {program.content_hash}; run it again.")
    active = sum(int(rows.sum()) for rows in trace.updates.values())
    visits = sum(p.size for p in program.populations) * trace.steps * trace.samples
    totals = {
        "synaptic_op": sum(int(rows.sum()) for rows in trace.synaptic_ops.values()),
        "neuron_update_active": active,
        "neuron_update_idle": visits - active,
        "spike": sum(int(counts.sum()) for counts in trace.counts.values()),
    }
    counts = {component: totals[component] / trace.samples for component in chip.energy}
    energy = {component: counts[component] * chip.energy[component].value for component in chip.energy}
    ops = counts["synaptic_op"]
    per_op = {
        "incremental": chip.energy["synaptic_op"].value,
        "all_in": sum(energy.values()) / ops if ops else float("nan"),
    }
    return EnergyEstimate(chip.name, trace.backend, counts, energy, per_op, dict(chip.energy), chip.not_included)
