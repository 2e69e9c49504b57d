"""One population by itself: its sources become inputs, so that it can be fed with what another backend sent it."""

from __future__ import annotations

from dataclasses import replace

from .make import make_program
from .program import Input, Output, Population, Program


def isolate(program: Program, population: str) -> Program:
    """Cut `population` out of `program`, with an input in place of every source.

    Row t of the result equals row t of the whole program if the inputs carry the sources' rows: delays stay, and the
    levels, which only align rows, become 1.

    Parameters
    ----------
    program : Program
    population : str
        Its own spikes, if it is recurrent, arrive at an input named `recurrent_input`.

    Returns
    -------
    Program
        With the outputs "spike_count" and "membrane".
    """
    alone: Population = replace(next(p for p in program.populations if p.name == population), level=1)
    projections = program.into(population)
    names = {p.source: recurrent_input(population) if p.source == population else p.source for p in projections}
    return make_program(
        inputs=tuple(_port(program.source(source), name) for source, name in names.items()),
        populations=(alone,),
        projections=tuple(replace(p, source=names[p.source]) for p in projections),
        outputs=(Output("spike_count", population, "spike_count"), Output("membrane", population, "membrane")),
        settings=program.settings,
    )


def recurrent_input(population: str) -> str:
    """Name of the input that carries the population's own spikes."""
    return f"{population} (recurrent)"


def _port(source: Input | Population, name: str) -> Input:
    return source if isinstance(source, Input) else Input(name, source.shape)
