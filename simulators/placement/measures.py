"""What the rules of a placement look at, one small function each; its docstring is the sentence that the user reads.

A function yields what it measured, place by place: for what every chip limits at every place, for what a chip has or
lacks only where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...exporters.program.population import Population
from .placement import Placement

Measured = Iterator[tuple[str, int]]
"""Population, projection or input, and its amount."""


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


def graded_spikes(placement: Placement) -> Measured:
    """A spike of this chip carries no value; population {where!r} sends values of {actual} bits."""
    for p in placement.program.populations:
        events = placement.program.events(p.name)
        if events.graded:
            yield p.name, events.bits


def soft_reset(placement: Placement) -> Measured:
    """A spike of this chip sets the membrane to zero; population {where!r} resets by subtraction."""
    return _using(placement, lambda p: p.reset == "subtract")


def registers_per_neuron(placement: Placement) -> Measured:
    """Neurons of a core share decays and threshold; population {where!r} has {actual} of them for each neuron."""
    return _using(placement, lambda p: len(p.per_neuron))


def refractory(placement: Placement) -> Measured:
    """A neuron of this chip cannot rest after a spike; population {where!r} rests for {actual} rows."""
    return _using(placement, lambda p: p.refractory)


def ternary(placement: Placement) -> Measured:
    """A neuron of this chip has one threshold and spikes without sign; population {where!r} is ternary."""
    return _using(placement, lambda p: p.kind == "ternary")


def divided_input(placement: Placement) -> Measured:
    """A neuron of this chip has one sum and divides nothing; population {where!r} divides one sum by another."""
    return _using(placement, lambda p: p.kind == "ei_gain")


def stateless(placement: Placement) -> Measured:
    """A decay of this chip ends at 4,095, which leaves a rest; population {where!r} keeps nothing of its membrane."""
    return _using(placement, lambda p: p.kind == "threshold")


def synaptic_delay(placement: Placement) -> Measured:
    """A synapse delays a spike by at most {limit} steps; projection {where!r} delays by {actual}."""
    for projection in placement.program.projections:
        yield projection.name, placement.program.hops(projection)


def _fullest(placement: Placement, load: str) -> Measured:
    for population in placement.program.populations:
        yield population.name, max(core.loads[load] for core in placement.cores[placement.cores_of(population.name)])


def _using(placement: Placement, amount: Callable[[Population], int]) -> Measured:
    """Populations that use something which the chip may lack, and how much of it."""
    used = ((p.name, int(amount(p))) for p in placement.program.populations)
    return ((name, value) for name, value in used if value)
