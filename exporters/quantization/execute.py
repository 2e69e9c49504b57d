"""Running all rows of a program in tensors, as ``simulators/oracle.py`` runs them.

What comes from outside a cycle of populations is projected for all rows at once; inside it goes row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..program.bounds import longest_memory
from ..program.population import Population, Register
from ..program.program import Program
from ..program.projection import Projection
from ..program.reciprocals import QUOTIENT_LIMIT
from .neurons import Registers, State, step
from .straight import WHOLE_FLOAT32, wrapped
from .synapses import Loaded

Rows = list[Tensor]


@dataclass(frozen=True, eq=False)
class Integers:
    """Numbers of a program as tensors: synapses by projection, registers by population (relays have none)."""

    program: Program
    synapses: dict[str, Loaded]
    registers: dict[str, Registers]

    def into(self, p: Population, port: str) -> list[Projection]:
        """Projections into a port of a population."""
        return [q for q in self.program.into(p.name) if q.port == port]

    def reach(self, p: Population, port: str) -> float:
        """Largest magnitude of the sum at a port."""
        return sum(self.synapses[q.name].arriving for q in self.into(p, port))


@dataclass(eq=False)
class Record:
    """What happened: events (T, B, size) by source, and currents and membranes after the reset, (B, size) by row."""

    events: dict[str, Tensor]
    u: dict[str, Rows] = field(default_factory=dict)
    v: dict[str, Rows] = field(default_factory=dict)


def run_group(integers: Integers, group: list[Population], record: Record) -> None:
    """Run populations that lie on common cycles and add them to `record`, where their other sources stand."""
    steps = len(next(iter(record.events.values())))
    ports = {p.name: ("current", "divisor") if p.kind == "ei_gain" else ("current",) for p in group}
    outside = {(p.name, port): _outside(integers, p, port, record) for p in group for port in ports[p.name]}
    sent: dict[str, Rows] = {p.name: [] for p in group}
    record.u |= {p.name: [] for p in group}
    record.v |= {p.name: [] for p in group}
    states: dict[str, State] = {}
    for t in range(steps):
        for p in group:  # by level, so that every source without delay has run
            sums = [_sum(integers, p, port, outside[p.name, port][t], sent) for port in ports[p.name]]
            states[p.name], events = _step(p, integers.registers.get(p.name), states.get(p.name), sums)
            sent[p.name].append(events.float())
            record.u[p.name].append(states[p.name].u)
            record.v[p.name].append(states[p.name].v)
    record.events |= {name: torch.stack(rows) for name, rows in sent.items()}


def largest_input(p: Population, arriving: float) -> float:
    """Largest magnitude of what is added to a population's current, in units of the accumulator."""
    return QUOTIENT_LIMIT if p.kind == "ei_gain" else min(arriving, 2.0**31)


def largest_state(arriving: float, register: Register, whole: int, steps: int) -> float:
    """Largest magnitude of a state that decays by `register` and gets at most `arriving` in each of `steps` rows."""
    return arriving * longest_memory((whole - int(np.min(register))) / 4096, steps)


def _step(p: Population, registers: Registers | None, state: State | None, sums: list[Tensor]) -> tuple[State, Tensor]:
    if registers is None:
        return State.zero(sums[0]), sums[0]
    a, divisor = sums[0], sums[1] if len(sums) > 1 else None
    if divisor is None:
        a = a.to(registers.dtype)
    return step(registers, state or State.zero(a.to(registers.dtype)), a, divisor)


def _outside(integers: Integers, p: Population, port: str, record: Record) -> Rows:
    """What populations that have run bring to a port, (B, size) by row."""
    some = next(iter(record.events.values()))
    steps, count = some.shape[:2]
    dtype = torch.float32 if integers.reach(p, port) <= WHOLE_FLOAT32 else torch.float64
    parts = [torch.zeros((), dtype=dtype, device=some.device).expand(steps, count, p.size)]
    for q in integers.into(p, port):
        synapses = integers.synapses[q.name]
        for delay in synapses.by_delay if q.source in record.events else ():
            rows = _first(record.events[q.source], steps - delay)
            brought = synapses.row_sum(delay, rows.flatten(0, 1)).to(dtype).unflatten(0, rows.shape[:2])
            parts.append(torch.cat([parts[0][: steps - len(rows)], brought]) if delay else brought)
    return list((sum(parts[2:], parts[1]) if len(parts) > 1 else parts[0]).unbind(0))


def _first(rows: Tensor, count: int) -> Tensor:
    return rows if count == len(rows) else rows[: max(0, count)]


def _sum(integers: Integers, p: Population, port: str, outside: Tensor, sent: dict[str, Rows]) -> Tensor:
    """All that arrives at a port in the row that the population has to run next, 32 bits wide, (B, size)."""
    total = outside
    for q in integers.into(p, port):
        if q.source in sent:
            t, synapses = len(sent[p.name]), integers.synapses[q.name]
            for delay in synapses.by_delay:
                if delay <= t:
                    total = total + synapses.row_sum(delay, sent[q.source][t - delay]).to(total.dtype)
    return total if integers.reach(p, port) < 2.0**31 else wrapped(total, 32)
