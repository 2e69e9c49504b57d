"""E-I circuits of the float network: which a chip can divide, and what is left of one whose divisor is taken as 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import nir

from ....models.errors import InputError, UnsupportedOp
from ...nir.divisors import divisor_of
from ...nir.flatten import flatten
from ..limits import ChipLimits
from ..losses import Loss
from .network import Network, Neurons

EI = ("static", "dynamic", "auto")
"""How divisive inhibition is lowered, see `lower`."""
RECIPROCALS = (0, 2, 3, 4)
"""Bits of the look-up of a divisor's reciprocal; 0 takes the nearest power of two."""
RECIPROCAL_BITS = 3
"""Of them what lowering chooses where it is told none."""


@dataclass(frozen=True)
class Circuits:
    """What became of the divisors.

    Attributes
    ----------
    settings : dict of str to (value, origin)
    losses : list of Loss
        Of the divisors that were taken as 1.
    reciprocal_bits : int
        Of the populations that divide.
    """

    settings: dict[str, tuple[str | float, str]]
    losses: list[Loss]
    reciprocal_bits: int = RECIPROCAL_BITS


def wrong_divisions(ei: object, reciprocal_bits: object) -> Iterator[str]:
    """Name what `lower` does not know among its arguments about divisors."""
    if ei not in (None, *EI):
        yield f"ei = {ei!r} is unknown; known are {', '.join(EI)}"
    if reciprocal_bits not in (None, *RECIPROCALS):
        yield f"reciprocal_bits = {reciprocal_bits!r} is unknown; known are {', '.join(map(str, RECIPROCALS))}"


def take_circuits(
    network: Network, graph: nir.NIRGraph, ei: str | None, reciprocal_bits: int | None, chip: ChipLimits | None
) -> tuple[Network, Circuits]:
    """Return the network that is lowered, with its divisors or without, and what that means.

    Parameters
    ----------
    network : Network
    graph : nir.NIRGraph
        That it was read from.
    ei, reciprocal_bits, chip
        As in `lower`.

    Raises
    ------
    InputError, UnsupportedOp
        See `choose_ei`.
    """
    taken, why = choose_ei(network, ei, chip)
    settings: dict[str, tuple[str | float, str]] = {"ei": (taken, why)}
    given = reciprocal_bits is not None
    if taken == "dynamic":
        bits = (reciprocal_bits, "argument") if given else (RECIPROCAL_BITS, "default")
        return network, Circuits(settings | {"reciprocal_bits": bits}, [], bits[0])
    if given:
        settings["reciprocal_bits"] = ("unused", f"argument was {reciprocal_bits}; nothing divides")
    found = {name: divisor_of(node) for name, node in flatten(graph).nodes.items()}
    losses = static_losses(network, {name: divisor.cv for name, divisor in found.items() if divisor is not None})
    return static(network), Circuits(settings, losses)


def choose_ei(network: Network, ei: str | None, chip: ChipLimits | None) -> tuple[str, str]:
    """Whether the divisors of `network` are lowered, "dynamic", or taken as 1, "static"; and the reason.

    Raises
    ------
    InputError
        If "dynamic" finds no divisor.
    UnsupportedOp
        If "dynamic" finds circuits that no ei_gain population can hold, with the reasons.
    """
    names = circuits(network)
    if ei == "dynamic" and not names:
        raise InputError(
            'ei="dynamic", but the graph carries no divisor: its gains are frozen. Export the network with its E-I '
            'circuits (models.freeze_gain not called), or lower it with ei="static".'
        )
    problems = [problem for n in network.neurons for problem in _undividable(network, n)]
    if ei == "dynamic" and problems:
        raise UnsupportedOp('Divisors that no population can hold; ei="static" takes them as 1:', problems)
    if ei != "auto":
        return ei or "static", "argument" if ei else "default"
    if not names:
        return "static", "auto; the graph carries no divisor"
    if problems:
        return "static", f"auto; {problems[0]}"
    if chip is not None and not chip.divided_input:
        return "static", f"auto; {chip.name} cannot divide"
    able = "no chip is named" if chip is None else f"{chip.name} divides"
    return "dynamic", f"auto; the graph carries {len(names)} divisor(s) and {able}"


def circuits(network: Network) -> list[str]:
    """Names of all E-I circuits, sorted."""
    return sorted({circuit for n in network.neurons for circuit in n.circuits})


def static(network: Network, *names: str) -> Network:
    """Return `network` with the divisors of these circuits taken as 1; of all circuits if none is named."""
    named = names or tuple(circuits(network))
    synapses = [s for s in network.synapses if s.port == "current" or s.circuit not in named]
    return replace(
        network,
        neurons=tuple(
            replace(n, circuits={name: gain for name, gain in n.circuits.items() if name not in named})
            for n in network.neurons
        ),
        synapses=tuple(replace(s, circuit="") if s.circuit in named else s for s in synapses),
    )


def static_losses(network: Network, spread: dict[str, float | None]) -> list[Loss]:
    """List every circuit of `network` that loses its divisor.

    Parameters
    ----------
    network : Network
        Before `static`.
    spread : dict of str to float or None
        Coefficient of variation of the circuits' divisors where the graph states it.
    """
    return [Loss(name, f"the divisor is taken as 1{_varies(spread.get(name))}", "gain") for name in circuits(network)]


def _varies(cv: float | None) -> str:
    return "" if cv is None else f"; it varied by {cv:.0%} of itself (coefficient of variation) where it was exported"


def _undividable(network: Network, n: Neurons) -> list[str]:
    """Why a population that E-I circuits feed is no ei_gain population."""
    if not n.circuits:
        return []
    name, found = f"population {n.name!r}", []
    if len(n.circuits) > 1:
        found.append(f"{name} adds up the quotients of {', '.join(sorted(n.circuits))}; a chip divides one sum by one")
    if others := [s.name for s in network.into(n.name) if not s.circuit]:
        found.append(f"{name} adds {', '.join(others)} to a quotient; a chip divides the whole sum")
    if not n.spiking or n.kind != "neuron":
        found.append(f"{name} divides but is no spiking neuron with a membrane")
    return found
