"""One plain sentence: which alternative to take for a chip, or for none, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ...exporters.program.passes.circuits import RECIPROCAL_BITS
from .scores import GainRow

WITHIN = 0.005
"""Accuracy that an alternative may lose against the exact circuit, clean and dimmed, and still be as good."""

_PHRASES = {"divided_input": "neurons that divide", "registers_per_neuron": "thresholds of single neurons"}


def recommend(exact: GainRow, rows: Sequence[GainRow], chip: str = "") -> tuple[str, str]:
    """Choose an alternative.

    Of those that fit the chip and lose at most `WITHIN`, the one that asks least: the fewest abilities of chip and
    host, then no host, then the look-up of reciprocals that `lower` takes by itself, then the smallest. Among equals
    it is the one nearest to the exact circuit. Where none is that good, it is the one that loses least.

    Parameters
    ----------
    exact : GainRow
    rows : sequence of GainRow
        At least one.
    chip : str
        Its name; empty for none.

    Returns
    -------
    name : str
        Empty if nothing fits the chip.
    sentence : str
    """
    where = f"For {chip}" if chip else "For no chip in particular"
    fitting = [row for row in rows if not row.misfits]
    if not fitting:
        return "", f"{where} there is no alternative: {rows[0].misfits[0]}"
    good = [row for row in fitting if not _worse(row, exact)]
    if good:
        chosen = min(good, key=lambda row: (*_asks(row), *_distance(row)))
        why = f"it is within {100 * WITHIN:g} points of the exact circuit and asks least ({_needs(chosen)})"
    else:
        chosen = min(fitting, key=lambda row: lost(row, exact))
        why = f"it loses least, {_fall(chosen, exact)}, and asks for {_needs(chosen)}"
    return (
        chosen.name,
        f"{where} take {chosen.title}: {'; '.join([why, *_how(chosen), *_against(chosen, exact, rows)])}.",
    )


def lost(row: GainRow, exact: GainRow) -> float:
    """Accuracy lost against the exact circuit, on clean or on dimmed samples, whichever is more."""
    return max(exact.clean.accuracy - row.clean.accuracy, exact.dimmed.accuracy - row.dimmed.accuracy)


def _worse(row: GainRow, exact: GainRow) -> bool:
    """Whether more is lost than `WITHIN`; half a point of 200 samples is not, though the binary difference is more."""
    return lost(row, exact) > WITHIN + 1e-9


def _asks(row: GainRow) -> tuple[int, bool, bool, int]:
    """Abilities of chip and host, the host itself, a look-up other than the usual one, and its bits."""
    bits = row.reciprocal_bits
    return len(row.needs) + row.host, row.host, bits not in (None, RECIPROCAL_BITS), bits or 0


def _how(chosen: GainRow) -> Iterator[str]:
    """How to get it, where the command line makes another."""
    if chosen.reciprocal_bits not in (None, RECIPROCAL_BITS):
        made = f'lower(..., ei="dynamic", reciprocal_bits={chosen.reciprocal_bits})'
        yield f"in Python {made} makes it, where `spikewright export` takes {RECIPROCAL_BITS} bits"


def _against(chosen: GainRow, exact: GainRow, rows: Sequence[GainRow]) -> Iterator[str]:
    """What speaks against the static gain, and against dividing on the chip."""
    for row in rows:
        if row.name == "static" and row is not chosen and _worse(row, exact):
            yield f"a static gain loses {_fall(row, exact)}"
    divided = next((row for row in rows if row.name.startswith("dynamic") and row is not chosen), None)
    if divided is not None and not chosen.name.startswith("dynamic"):
        needs = _needs(divided)
        yield (
            f"a dynamic gain, which needs {needs}, does not fit" if divided.misfits else f"a dynamic gain needs {needs}"
        )


def _fall(row: GainRow, exact: GainRow) -> str:
    clean, dimmed = exact.clean.accuracy - row.clean.accuracy, exact.dimmed.accuracy - row.dimmed.accuracy
    what = "dimmed" if dimmed >= clean else "clean"
    return f"{100 * max(clean, dimmed):.1f} points on {what} images"


def _distance(row: GainRow) -> tuple[float, float]:
    """From the exact circuit: by classes, which are less a matter of chance than accuracies, then by logits."""
    parts = (row.clean, row.dimmed)
    errors = [math.inf if part.logit_error is None else part.logit_error for part in parts]
    return 1 - min(part.agreement for part in parts), max(errors)


def _needs(row: GainRow) -> str:
    needs = [_PHRASES.get(need, need.replace("_", " ")) for need in row.needs]
    needs += ["a host for the first layer"] if row.host else []
    if not needs:
        return "nothing special"
    *most, last = needs
    return f"{', '.join(most)} and {last}" if most else last
