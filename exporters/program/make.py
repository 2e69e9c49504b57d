"""The one way to a `Program`: assemble its parts, check every rule, raise all violations at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np

from ...models.errors import InputError
from .losses import Loss
from .population_rules import population_violations
from .ports import EVENT_BITS_MAX
from .program import Array, Input, Output, Population, Program, Projection
from .projection_rules import projection_violations
from .registers import is_int

_INPUT_BITS = {"spikes": range(1, 2), "bias": range(1, 2), "graded": range(1, EVENT_BITS_MAX + 1)}


def make_program(
    inputs: tuple[Input, ...],
    populations: tuple[Population, ...],
    projections: tuple[Projection, ...],
    outputs: tuple[Output, ...],
    losses: tuple[Loss, ...] = (),
    settings: dict[str, tuple[str | float, str]] | None = None,
) -> Program:
    """Put the parts in order and check them.

    Parameters
    ----------
    inputs, populations, projections, outputs, losses, settings
        As in `Program`; any order.

    Raises
    ------
    InputError
        Listing every register out of range, weight off the grid, unknown name and row that cannot be aligned.
    """
    if bad := [repr(p.name) for p in populations if not is_int(p.level)]:
        raise InputError(f"This is no valid program: populations {', '.join(bad)} have no integer level.")
    program = Program(
        tuple(sorted(inputs, key=lambda i: i.name)),
        tuple(sorted(populations, key=lambda p: (p.level, p.name))),
        tuple(sorted(projections, key=lambda p: p.name)),
        tuple(sorted(outputs, key=lambda o: o.name)),
        tuple(losses),
        {name: (_plain(value), origin) for name, (value, origin) in (settings or {}).items()},
    )
    require_valid(program)
    return replace(
        program,
        populations=tuple(_sealed(p) for p in program.populations),
        projections=tuple(_sealed(p) for p in program.projections),
    )


def require_valid(program: Program) -> None:
    """Check every rule of a program, in case it was not built by `make_program` or changed behind its back.

    Raises
    ------
    InputError
        As `make_program`.
    """
    violations = [*_names(program)] or [*_ports(program)]
    if not violations:
        violations += [v for p in program.populations for v in population_violations(program, p)]
        violations += [v for p in program.projections for v in projection_violations(program, p)]
    if violations:
        raise InputError("This is no valid program:", violations)


def _plain(value: Any) -> str | float:
    """The Python number that a numpy one is, which no file of a program could hold."""
    return value.item() if isinstance(value, np.generic) else value


def _sealed(part: Any) -> Any:
    """Views of its arrays that cannot be written: hashes, synapses and prepared runs of a program are kept."""
    arrays = {f.name: getattr(part, f.name) for f in fields(part) if isinstance(getattr(part, f.name), np.ndarray)}
    return replace(part, **{name: _read_only(array) for name, array in arrays.items()})


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _names(program: Program) -> Iterator[str]:
    sources = [s.name for s in (*program.inputs, *program.populations)]
    targets = {p.name for p in program.populations}
    for names in (sources, [p.name for p in program.projections], [o.name for o in program.outputs]):
        yield from (f"name {name!r} is used {n} times; names are unique" for name, n in Counter(names).items() if n > 1)
        yield from (f"name {name!r} is empty or holds '/' or a control character" for name in names if _bad_name(name))
    for p in program.projections:
        if p.source not in sources:
            yield f"projection {p.name!r} starts at {p.source!r}, which does not exist"
        if p.target not in targets:
            yield f"projection {p.name!r} ends at {p.target!r}, which is no population"
    yield from (
        f"output {o.name!r} reads {o.population!r}, which is no population"
        for o in program.outputs
        if o.population not in targets
    )
    if not (program.inputs and program.populations and program.outputs):
        yield "a program has at least one input, one population and one output"
    elif all(i.kind == "bias" for i in program.inputs):
        yield "every input is a bias; a program has at least one that a user feeds"


def _ports(program: Program) -> Iterator[str]:
    for i in program.inputs:
        bits = _INPUT_BITS.get(i.kind)
        if bits is None or not is_int(i.bits) or i.bits not in bits:
            yield (
                f"input {i.name!r} has kind {i.kind!r} with {i.bits!r} bits; known are spikes and bias of 1, and "
                f"graded of 1..{EVENT_BITS_MAX}"
            )
        if not isinstance(i.scale, (int, float)) or not 0 < i.scale < float("inf"):
            yield f"input {i.name!r} has scale {i.scale!r}; a scale is positive"
    for s in (*program.inputs, *program.populations):
        if not s.shape or not all(is_int(n) and n > 0 for n in s.shape):
            yield f"{s.name!r} has shape {s.shape!r}; a shape is positive integers"
    kinds = {p.name: p.kind for p in program.populations}
    for o in program.outputs:
        if o.readout not in ("spike_count", "membrane"):
            yield f"output {o.name!r} has readout {o.readout!r}; known are spike_count and membrane"
        elif o.readout == "membrane" and kinds[o.population] in ("relay", "threshold"):
            yield f"output {o.name!r} reads the membrane of {o.population!r}, a {kinds[o.population]} without one"


def _bad_name(name: object) -> bool:
    return not isinstance(name, str) or not name or "/" in name or not name.isprintable()
