"""The errors a user can meet, one class per cause, each with the exit code of the command line.

Every message says what is wrong, where, the actual value against the limit, and the remedy. Checks collect all
violations first and raise once, so that a user mends a network in one round.
"""

from __future__ import annotations

from collections.abc import Iterable

TOLD = 1000
"""Violations that a message lists; `violations` holds all of them."""


class SpikewrightError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        One paragraph: what, where, actual against limit, remedy.
    violations : iterable of str, optional
        Every single violation found, one sentence each; they follow the message, the first `TOLD` of them.
    """

    exit_code = 2

    def __init__(self, message: str, violations: Iterable[str] = ()) -> None:
        self.violations = tuple(violations)
        told = [f"  - {violation}" for violation in self.violations[:TOLD]]
        more = [f"  - and {len(self.violations) - TOLD} more"] if len(self.violations) > TOLD else []
        super().__init__("\n".join([message, *told, *more]))


class InputError(SpikewrightError, ValueError):
    """A file, array or argument from the user cannot mean what it has to mean."""


class ConfigError(InputError):
    """A configuration holds an unknown name or a value out of range."""


class NumericRangeError(InputError):
    """A number does not fit the register, grid or accumulator that has to hold it."""


class UnsupportedOp(SpikewrightError, NotImplementedError):
    """A node, module or population kind that this exporter or backend does not have."""


class CheckFailed(SpikewrightError):
    """A check ran to its end and its answer is no."""

    exit_code = 1


class CapacityError(SpikewrightError):
    """The network does not fit the chip."""

    exit_code = 3


class MemoryLimit(SpikewrightError):
    """A run needs more memory, or room on a disk, than there is."""

    exit_code = 3


class BackendUnavailable(SpikewrightError):
    """A backend is not installed here."""

    exit_code = 4


class BackendFailed(BackendUnavailable):
    """A backend is installed, but its run died or took too long."""
