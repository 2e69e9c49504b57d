"""Pass: whether a chip has what the populations of a program ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ....models.errors import CapacityError
from ..limits import ChipLimits
from ..population import Population


def require_chip(populations: Iterable[Population], chip: ChipLimits | None, rows: str) -> None:
    """Refuse populations that `chip` cannot hold; without a chip everything goes. `rows` is that of `lower`.

    Raises
    ------
    CapacityError
        Naming every population that resets by subtraction, has registers for each neuron, keeps nothing between steps
        or divides where the chip cannot.
    """
    found = [] if chip is None else [v for p in populations for v in _violations(p, chip, rows)]
    if found:
        raise CapacityError("The program does not fit the chip:", found)


def _violations(p: Population, chip: ChipLimits, rows: str) -> Iterator[str]:
    if p.reset == "subtract" and not chip.soft_reset:
        yield (
            f"population {p.name!r} resets by subtraction, the neurons of {chip.name} reset to zero: train with a "
            'reset to zero (snnTorch: reset_mechanism="zero", reset_delay=False), or accept the change with '
            'reset="zero" (--reset zero)'
        )
    if p.per_neuron and not chip.registers_per_neuron:
        folds = rows == "registers" and p.per_neuron == ("vth",)
        remedy = 'take rows="fold" (--rows fold)' if folds else "train one decay and threshold for the layer"
        yield (
            f"population {p.name!r} has one {', '.join(p.per_neuron)} for each neuron, {chip.name} has one for a "
            f"population; {remedy}"
        )
    if p.kind == "threshold" and not chip.stateless:
        yield (
            f"population {p.name!r} keeps nothing of the step before, as a Threshold or a Delay that no synapse can "
            f"say; a membrane of {chip.name} keeps a rest: use IF or LIF neurons, or put the Delay in front of a Linear"
        )
    if p.kind == "ei_gain" and not chip.divided_input:
        yield (
            f"population {p.name!r} divides one sum by another, the neurons of {chip.name} cannot: take the divisors "
            'as 1 with ei="static" (--ei static), let the host compute the first circuit (split_host), or train with '
            "the divisor annealed to a constant"
        )
