"""`lower` as a user calls it: the chip by name."""

from __future__ import annotations

from typing import Any

from ..exporters.program import lower as program_lower
from ..exporters.program.limits import ChipLimits
from ..exporters.program.program import Program
from ..simulators.chips.profile import Chip, load_chip


def lower(graph: Any, calibration: Any = None, *, chip: str | Chip | None = None, **options: Any) -> Program:
    """Lower a NIR graph to integers for a chip; see `exporters.program.lower.lower` for everything else.

    Parameters
    ----------
    graph : nir.NIRGraph
    calibration : (T, B, *input_shape) array, optional
    chip : str or Chip, optional
        Name of a profile, or a path to one.
    **options
        weight_bits, ei, dt_s, integration, spike_op, reset, cycle, scale, rows, rounding,
        reciprocal_bits, input_bits.

    Raises
    ------
    ConfigError
        For an unknown chip.
    """
    profile = load_chip(chip) if isinstance(chip, str) else chip
    names = ("graded_spikes", "soft_reset", "registers_per_neuron", "stateless", "divided_input")
    limits = None if profile is None else ChipLimits(profile.name, **{name: profile.has(name) for name in names})
    return program_lower.lower(graph, calibration, chip=limits, **options)
