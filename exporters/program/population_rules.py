"""What a population must be: ranges of its registers, and what each kind needs or cannot have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .population import LEAKLESS, VTH_MAX, Population
from .program import Program
from .registers import array_violation, is_int, out_of_range, unit_violation

REGISTERS = {"du": (0, 4095), "dv": (0, 4095), "vth": (0, VTH_MAX)}
"""Registers that a population has once, or once for each neuron."""
_SCALARS = {
    "bias_exp": (0, 7),
    "refractory": (0, 63),
    "vth_low": (-VTH_MAX, 0),
    "quotient_exp": (0, 15),
    "divisor_min": (1, 2**23 - 1),
}
_DEFAULTS = {"refractory": 0, "vth_low": 0, "reciprocal_bits": 0, "quotient_exp": 0, "divisor_min": 1}
_OWN = {
    "lif": ("refractory",),
    "readout": (),
    "ternary": ("vth_low",),
    "threshold": (),
    "relay": (),
    "ei_gain": ("reciprocal_bits", "quotient_exp", "divisor_min"),
}
_SUBTRACTS = ("lif", "ei_gain")
_RECIPROCALS = (0, 2, 3, 4)


def population_violations(program: Program, p: Population) -> Iterator[str]:
    """Name every rule that `p` breaks."""
    where = f"population {p.name!r}"
    if p.kind not in _OWN or p.reset not in ("zero", "subtract"):
        yield f"{where} has kind {p.kind!r} with reset {p.reset!r}; known are {', '.join(_OWN)}, reset zero or subtract"
        return
    yield from _registers(p, where)
    yield from out_of_range(p, where, _SCALARS)
    if p.level < 1:
        yield f"{where} has level {p.level}; populations start at level 1"
    if problem := array_violation("bias_mant", p.bias_mant, (p.size,), -4096, 4095):
        yield f"{where}: {problem}"
    if problem := unit_violation("membrane_unit", p.membrane_unit, p.size):
        yield f"{where}: {problem}"
    foreign = [n for n, default in _DEFAULTS.items() if n not in _OWN[p.kind] and getattr(p, n) != default]
    if foreign:
        yield f"{where} is a {p.kind} with {', '.join(foreign)}, which this kind does not have"
    if p.reset == "subtract" and (p.kind not in _SUBTRACTS or p.refractory):
        yield f"{where} resets by subtraction; that is for {' and '.join(_SUBTRACTS)} without a refractory time"
    yield from _kind(program, p, where)


def _registers(p: Population, where: str) -> Iterator[str]:
    for name, (low, high) in REGISTERS.items():
        value = getattr(p, name)
        if name == "dv" and p.kind == "threshold":
            continue
        if isinstance(value, np.ndarray):
            problem = array_violation(name, value, (p.size,), low, high)
            if problem:
                yield f"{where}: {problem}"
        elif not is_int(value) or not low <= value <= high:
            yield f"{where}: {name} = {value!r:.40}, must be an integer in {low}..{high}"


def _kind(program: Program, p: Population, where: str) -> Iterator[str]:
    incoming = program.into(p.name)
    if p.kind == "readout" and (p.per_neuron == ("vth",) or not np.array_equal(p.vth, VTH_MAX)):
        yield f"{where} is a readout with vth {p.vth!r:.40}; a readout has vth {VTH_MAX}"
    if p.kind == "threshold" and not (np.array_equal(p.du, 4095) and np.array_equal(p.dv, LEAKLESS)):
        yield f"{where} is a threshold with du {p.du!r:.40}, dv {p.dv!r:.40}; it has du 4095 and dv {LEAKLESS}"
    if p.kind == "relay":
        if np.any(p.bias_mant) or p.per_neuron or (p.du, p.dv, p.vth) != (4095, 0, 0):
            yield f"{where} is a relay with registers; a relay has du 4095, dv 0, vth 0 and no bias"
        if len(incoming) != 1 or not _is_identity(program, p):
            yield f"{where} is a relay fed by {len(incoming)} projections; it has one, sparse, one to one with weight 1"
        elif _runs_in_a_circle(program, p):
            yield f"{where} is a relay in a circle of relays, which no event can enter"
    if p.kind == "ei_gain":
        if p.reciprocal_bits not in _RECIPROCALS:
            yield f"{where}: reciprocal_bits = {p.reciprocal_bits!r}, known are {', '.join(map(str, _RECIPROCALS))}"
        if {q.port for q in incoming} != {"current", "divisor"}:
            yield f"{where} is an ei_gain; it needs projections to its current and to its divisor"


def _runs_in_a_circle(program: Program, p: Population) -> bool:
    """Whether relays lead from `p` back to relays on the way."""
    passed: set[str] = set()
    source = program.source(p.name)
    while source.name not in passed and isinstance(source, Population) and source.kind == "relay":
        passed.add(source.name)
        if incoming := program.into(source.name):
            source = program.source(incoming[0].source)
    return source.name in passed


def _is_identity(program: Program, p: Population) -> bool:
    """Whether the only projection into a relay sends event i to neuron i unchanged."""
    q = program.into(p.name)[0]
    if (q.kind, q.weight_exp, q.sign_mode, q.weight_bits, np.size(q.delay)) != ("sparse", 0, "excitatory", 8, 1):
        return False
    if q.indices is None or q.indptr is None or not np.size(q.indices) == p.size == program.source(q.source).size:
        return False
    return (
        np.array_equal(q.indices, np.arange(p.size))
        and np.array_equal(q.indptr, np.arange(p.size + 1))
        and bool(np.all(q.weights == 1))
    )
