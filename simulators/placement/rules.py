"""The rules of a placement, one small function each; its docstring is the sentence that the user reads.

Every rule yields what it measured, place by place. Limits, sentences, the table of ``spikewright check`` and the error
of `place` are made from them in the same way for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..chips.chip import Chip
from .loads import alone_on_a_core
from .placement import Placement


@dataclass(frozen=True)
class Finding:
    """One rule at one place.

    Attributes
    ----------
    rule : str
    sentence : str
    where : str
        Population, projection or input; empty for the whole chip.
    actual, limit : int
        For a population the load of its fullest core; where even a core of one neuron breaks the rule, the largest
        load of such a core.
    ok : bool
    remedy : str
        What to do if it is not.
    """

    rule: str
    sentence: str
    where: str
    actual: int
    limit: int
    ok: bool
    remedy: str


Measured = Iterator[tuple[str, int]]


@dataclass(frozen=True)
class Rule:
    """A function of the placement with the entry of the profile that limits it; `load` names a load of cores."""

    measure: Callable[[Placement], Measured]
    limit: Callable[[Chip], float | None]
    remedy: str
    load: str = ""

    def check(self, placement: Placement) -> Iterator[Finding]:
        """Yield one finding for every place that the rule looks at; none if the chip has no such limit."""
        limit = self.limit(placement.chip)
        if limit is None:
            return
        name = self.measure.__name__
        for where, actual in self.measure(placement):
            who = "the fullest core"
            if (
                self.load
                and actual > limit
                and (alone := int(alone_on_a_core(placement, where)[self.load].max())) > limit
            ):
                who, actual = "a single neuron", alone
            sentence = (self.measure.__doc__ or "").format(where=where, who=who, actual=actual, limit=int(limit))
            yield Finding(name, sentence, where, actual, int(limit), actual <= limit, self.remedy)


def neurons_per_core(placement: Placement) -> Measured:
    """A core holds at most {limit:,} neurons; the fullest core of population {where!r} holds {actual:,}."""
    return _fullest(placement, "neurons")


def synaptic_memory_per_core(placement: Placement) -> Measured:
    """A core has {limit:,} bits of synaptic memory; {who} of population {where!r} needs {actual:,}."""
    return _fullest(placement, "synaptic_memory_bits")


def in_axons_per_core(placement: Placement) -> Measured:
    """A core has {limit:,} in-axons; {who} of population {where!r} needs {actual:,}."""
    return _fullest(placement, "in_axons")


def out_axons_per_core(placement: Placement) -> Measured:
    """A core has {limit:,} out-axons; {who} of population {where!r} needs {actual:,}."""
    return _fullest(placement, "out_axons")


def cores_per_chip(placement: Placement) -> Measured:
    """A chip has {limit:,} cores; this network takes {actual:,}."""
    yield "", len(placement.cores)


def graded_input(placement: Placement) -> Measured:
    """A spike of this chip carries no value; input {where!r} sends values of {actual} bits."""
    for port in placement.program.inputs:
        yield port.name, port.bits if port.kind == "graded" else 0


def synaptic_delay(placement: Placement) -> Measured:
    """A synapse delays a spike by at most {limit} steps; projection {where!r} delays by {actual}."""
    for projection in placement.program.projections:
        yield projection.name, placement.program.hops(projection)


def _fullest(placement: Placement, load: str) -> Measured:
    for population in placement.program.populations:
        yield population.name, max(core.loads[load] for core in placement.cores[placement.cores_of(population.name)])


def _limit(name: str) -> Callable[[Chip], float | None]:
    return lambda chip: chip.limits[name].value if name in chip.limits else None


RULES = (
    Rule(neurons_per_core, _limit("neurons"), "Use a chip with larger cores."),
    Rule(
        synaptic_memory_per_core,
        _limit("synaptic_memory_bits"),
        "Give each neuron fewer source neurons, or prune weights to zero.",
        "synaptic_memory_bits",
    ),
    Rule(
        in_axons_per_core,
        _limit("in_axons"),
        "Give each neuron fewer source neurons, or prune weights to zero.",
        "in_axons",
    ),
    Rule(
        out_axons_per_core,
        _limit("out_axons"),
        "Give each neuron fewer targets, or split the population that sends.",
        "out_axons",
    ),
    Rule(cores_per_chip, _limit("cores"), "Make layers smaller or sparser, or lower with fewer weight bits."),
    Rule(
        graded_input,
        lambda chip: None if chip.graded_spikes else 0,
        "Encode the input as spikes and lower again, or use a chip with graded spikes.",
    ),
    Rule(
        synaptic_delay,
        _limit("synaptic_delay"),
        "Shorten the delay, or skip fewer layers.",
    ),
)


def findings(placement: Placement) -> list[Finding]:
    """Every rule at every place, in the order of `RULES`."""
    return [finding for rule in RULES for finding in rule.check(placement)]
