"""One population by itself: its sources become inputs, so that it can be fed with what another backend sent it."""

from __future__ import annotations

from dataclasses import replace

from .make import make_program
from .passes.relays import relays
from .ports import Readout
from .program import Input, Output, Population, Program


def isolate(program: Program, population: str) -> Program:
    """Cut `population` out of `program`, with an input in place of every source.

    Row t of the result equals row t of the whole program if the inputs carry the sources' rows: delays stay, and the
    levels, which only align rows, become 1. Where that leaves a delay that synapses cannot have, relays stand in front.

    Parameters
    ----------
    program : Program
    population : str
        Its own spikes, if it is recurrent, arrive at an input named `recurrent_input`.

    Returns
    -------
    Program
        With the output "spike_count", and "membrane" where it has one.
    """
    alone: Population = replace(next(p for p in program.populations if p.name == population), level=1)
    projections = program.into(population)
    readouts: tuple[Readout, ...] = ("spike_count", "membrane")
    if alone.kind in ("relay", "threshold"):
        readouts = ("spike_count",)
    names = {p.source: recurrent_input(population) if p.source == population else p.source for p in projections}
    inputs = tuple(_port(program, source, name) for source, name in names.items())
    populations, projections, _ = relays(inputs, [alone], [replace(p, source=names[p.source]) for p in projections])
    return make_program(
        inputs=inputs,
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=tuple(Output(what, population, what) for what in readouts),
        settings=program.settings,
    )


def recurrent_input(population: str) -> str:
    """Name of the input that carries the population's own spikes."""
    return f"{population} (recurrent)"


def _port(program: Program, source: str, name: str) -> Input:
    found, events = program.source(source), program.events(source)
    if isinstance(found, Input):
        return found
    return Input(name, found.shape, "graded", bits=events.bits) if events.graded else Input(name, found.shape)
