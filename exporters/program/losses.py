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
    kind : str
        What was changed, for programs that read it: "input", "weights", "rows" (of weights that vanished), "floor" (of
        a projection's sum), "decay", "membrane" (cut after its decay), "current_decay", "current" (the same of the
        synaptic current), "threshold", "bias", "spike_op", "start" (of membranes), "range" (where a membrane stops),
        "reset", "cycle" (edges that wait) or "structure" (of the graph); of E-I circuits "gain" (a divisor that counts
        as 1), "reciprocal" (the look-up), "guard" (the smallest divisor) and "quotient" (its floor and limit). Empty
        for losses of the NIR export and of older files.
    """

    node: str
    what: str
    kind: str = ""
