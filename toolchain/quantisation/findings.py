"""What a report found: one layer, what is wrong with it, why, by which numbers, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    severity : {"error", "warning"}
        A layer that does not work, or one that loses more than it has to.
    layer : str
        Population or input.
    problem : str
        One or two words: dead, saturating, threshold, weights, bias, leak, input, accuracy.
    what, cause, evidence, remedy : str
        One sentence each.
    """

    severity: Severity
    layer: str
    problem: str
    what: str
    cause: str
    evidence: str
    remedy: str


def by_importance(findings: list[Finding], order: list[str]) -> tuple[Finding, ...]:
    """Errors first, each kind from the input to the output."""
    rank = {name: number for number, name in enumerate(order)}
    return tuple(sorted(findings, key=lambda f: (f.severity != "error", rank.get(f.layer, -1))))
