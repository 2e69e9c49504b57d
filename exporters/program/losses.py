"""What an export step could not say or had to round, noted where it happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loss:
    """One thing a step of the export changed or dropped.

    Attributes
    ----------
    node : str
        Name of the node, population or projection concerned.
    what : str
        One sentence: what was lost, with its size where one is known.
    """

    node: str
    what: str
