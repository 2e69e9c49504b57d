"""The rules of a placement: what is measured, what the chip allows, and what to do if it is too much.

Limits, sentences, the table of ``spikewright check`` and the error of `place` are made from them in the same way for
all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..chips.chip import Chip
from .loads import alone_on_a_core
from .measures import (
    Measured,
    cores_per_chip,
    divided_input,
    graded_input,
    graded_spikes,
    in_axons_per_core,
    neurons_per_core,
    out_axons_per_core,
    refractory,
    registers_per_neuron,
    soft_reset,
    stateless,
    synaptic_delay,
    synaptic_memory_per_core,
    ternary,
)
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


def _lacks(ability: str) -> Callable[[Chip], float | None]:
    """None of it where the chip lacks an ability, no limit where it has it."""
    return lambda chip: None if chip.has(ability) else 0


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
        _lacks("graded_spikes"),
        "Encode the input as spikes and lower again, or use a chip with graded spikes.",
    ),
    Rule(graded_spikes, _lacks("graded_spikes"), "Use a chip with graded spikes."),
    Rule(soft_reset, _lacks("soft_reset"), "Train with reset to zero, or use a chip with neurons in microcode."),
    Rule(
        registers_per_neuron,
        _lacks("registers_per_neuron"),
        "Lower for this chip, which scales weights instead of thresholds; train one decay for the layer; or use a chip "
        "with neurons in microcode.",
    ),
    Rule(refractory, _lacks("refractory"), "Train without a refractory time, or use another chip."),
    Rule(ternary, _lacks("ternary"), "Use two populations of one sign each, or a chip with neurons in microcode."),
    Rule(
        divided_input,
        _lacks("divided_input"),
        'Lower with ei="static", which fixes the gain, or use a chip with neurons in microcode.',
    ),
    Rule(stateless, _lacks("stateless"), "Use a chip with neurons in microcode."),
    Rule(
        synaptic_delay,
        _limit("synaptic_delay"),
        "Shorten the delay, or skip fewer layers.",
    ),
)


def findings(placement: Placement) -> list[Finding]:
    """Every rule at every place, in the order of `RULES`."""
    return [finding for rule in RULES for finding in rule.check(placement)]
