"""What a chip can do, as far as lowering has to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChipLimits:
    """Name of a chip, and whether its spikes can carry a value."""

    name: str
    graded_spikes: bool
