"""The one way to a `Program`: assemble its parts, check every rule, raise all violations at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...models.errors import InputError
from .grid import grid_range, grid_step, on_grid
from .losses import Loss
from .program import VTH_MAX, Array, Input, Output, Population, Program, Projection

EVENT_BITS_MAX = 24
"""Widest event of a graded input: the width of the states that it is added to."""
MAX_HOPS = 63
"""Largest synaptic delay register (lava-nc 0.10.0, DelayDense)."""


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
    if bad := [repr(p.name) for p in populations if not _is_int(p.level)]:
        raise InputError(f"This is no valid program: populations {', '.join(bad)} have no integer level.")
    program = Program(
        tuple(sorted(inputs, key=lambda i: i.name)),
        tuple(sorted(populations, key=lambda p: (p.level, p.name))),
        tuple(sorted(projections, key=lambda p: p.name)),
        tuple(sorted(outputs, key=lambda o: o.name)),
        tuple(losses),
        dict(settings or {}),
    )
    require_valid(program)
    return replace(
        program,
        populations=tuple(replace(p, bias_mant=_read_only(p.bias_mant)) for p in program.populations),
        projections=tuple(replace(p, weights=_read_only(p.weights)) for p in program.projections),
    )


def require_valid(program: Program) -> None:
    """Check every rule of a program, in case it was not built by `make_program` or changed behind its back.

    Raises
    ------
    InputError
        As `make_program`.
    """
    violations = [*_names(program)]
    if not violations:
        violations += [*_ports(program)]
        violations += [v for p in program.populations for v in _population(p)]
        violations += [v for p in program.projections for v in _projection(program, p)]
    if violations:
        raise InputError("This is no valid program:", violations)


def _read_only(array: Array) -> Array:
    """A view that cannot be written: hashes, fan-outs and prepared runs of a program are kept."""
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


def _ports(program: Program) -> Iterator[str]:
    for i in program.inputs:
        bits = {"spikes": range(1, 2), "graded": range(1, EVENT_BITS_MAX + 1)}.get(i.kind)
        if bits is None or not _is_int(i.bits) or i.bits not in bits:
            yield f"input {i.name!r} has kind {i.kind!r} with {i.bits!r} bits; known are spikes, and graded of 1..24"
        if not isinstance(i.scale, (int, float)) or not 0 < i.scale < float("inf"):
            yield f"input {i.name!r} has scale {i.scale!r}; a scale is positive"
    for s in (*program.inputs, *program.populations):
        if not s.shape or not all(_is_int(n) and n > 0 for n in s.shape):
            yield f"{s.name!r} has shape {s.shape!r}; a shape is positive integers"
    for o in program.outputs:
        if o.readout not in ("spike_count", "membrane"):
            yield f"output {o.name!r} has readout {o.readout!r}; known are spike_count and membrane"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _bad_name(name: object) -> bool:
    return not isinstance(name, str) or not name or "/" in name or not name.isprintable()


def _population(p: Population) -> Iterator[str]:
    if p.kind not in ("lif", "readout") or p.reset != "zero":
        yield f"population {p.name!r} has kind {p.kind!r} with reset {p.reset!r}; known are lif and readout, reset zero"
    limits = {"du": 4095, "dv": 4095, "vth": VTH_MAX, "bias_exp": 7}
    for register, limit in limits.items():
        value = getattr(p, register)
        if not _is_int(value) or not 0 <= value <= limit:
            yield f"population {p.name!r}: {register} = {value}, must be an integer in 0..{limit}"
    if p.kind == "readout" and p.vth != VTH_MAX:
        yield f"population {p.name!r} is a readout with vth {p.vth}; a readout has vth {VTH_MAX}"
    if p.level < 1:
        yield f"population {p.name!r} has level {p.level}; populations start at level 1"
    if p.bias_mant.shape != (p.size,) or p.bias_mant.dtype.kind != "i":
        yield f"population {p.name!r}: bias_mant is {p.bias_mant.dtype} {p.bias_mant.shape}, must be int ({p.size},)"
    elif p.size and (p.bias_mant.min() < -4096 or p.bias_mant.max() > 4095):
        yield f"population {p.name!r}: bias_mant spans {p.bias_mant.min()}..{p.bias_mant.max()}, limit -4096..4095"


def _projection(program: Program, p: Projection) -> Iterator[str]:
    where = f"projection {p.name!r}"
    if not all(_is_int(value) for value in (p.weight_exp, p.weight_bits, p.delay)):
        yield f"{where}: weight_exp {p.weight_exp!r}, weight_bits {p.weight_bits!r}, delay {p.delay!r} must be integers"
        return
    shape = (program.source(p.target).size, program.source(p.source).size)
    if p.kind != "dense" or p.sign_mode not in ("mixed", "excitatory", "inhibitory") or not 1 <= p.weight_bits <= 8:
        yield f"{where}: kind {p.kind!r}, sign mode {p.sign_mode!r} or {p.weight_bits} weight bits are unknown"
    elif p.weights.shape != shape or p.weights.dtype.kind != "i":
        yield f"{where}: weights are {p.weights.dtype} {p.weights.shape}, must be int {shape} (post, pre)"
    elif not on_grid(p.weights, p.weight_bits, p.sign_mode):
        low, high = grid_range(p.weight_bits, p.sign_mode)
        yield (
            f"{where}: weights {np.min(p.weights)}..{np.max(p.weights)} are off the grid {low}..{high} "
            f"step {grid_step(p.weight_bits, p.sign_mode)} of {p.weight_bits} bits, sign mode {p.sign_mode}"
        )
    if not -7 <= p.weight_exp <= 7:
        yield f"{where}: weight_exp = {p.weight_exp}, must be in -7..7"
    if p.delay < 0 or not 0 <= program.hops(p) <= MAX_HOPS:
        yield (
            f"{where}: delay {p.delay} from level {program.level(p.source)} to level {program.level(p.target)} needs "
            f"a synaptic delay of {program.hops(p)}, must be in 0..{MAX_HOPS}"
        )
