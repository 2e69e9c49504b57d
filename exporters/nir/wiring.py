"""Which layer of a model feeds which, and the calls of every time step folded into one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ...models.errors import UnsupportedOp

INPUT = ""
"""Name of the network's input among the sources; no module path is empty."""


@dataclass(frozen=True)
class Signal:
    """What call `call` of module `source` gave (`port` 0 spikes, 1 and up its states).

    A row of the input that the model takes itself has the row as its call, and the number of rows in `rows`. A signal
    that was summed over time is `counted`.
    """

    source: str
    call: int
    port: int | None = None
    rows: int = 0
    counted: bool = False


@dataclass(frozen=True)
class Value:
    """A tensor on its way through the trace: a sum of signals; `shape` with `lead` axes of time and batch in front."""

    terms: tuple[Signal, ...]
    shape: tuple[int, ...]
    lead: int

    @property
    def features(self) -> tuple[int, ...]:
        """Shape without time and batch."""
        return self.shape[self.lead :]

    @property
    def rows(self) -> int:
        """Steps times samples."""
        return math.prod(self.shape[: self.lead])


@dataclass
class Wiring:
    """Modules in order of their first call, the edges between them, and what leaves the model.

    `shapes` are those of each module's input and output without time and batch; `input_shape` likewise, whose time and
    batch are in `input_lead`; `lines` are the lines of code that call them, `end` is that of the result, and
    `time_axis` where the result has its steps if a loop stacked them; `states` counts the states the caller hands in.
    """

    modules: dict[str, nn.Module] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    input_shape: tuple[int, ...] = ()
    input_lead: tuple[int, ...] = ()
    end: str = ""
    time_axis: int = 0
    states: int = 0


def fold(wiring: Wiring, inputs: dict[tuple[str, int], Value]) -> Wiring:
    """Fold the calls of every module into one, adding the edges.

    Parameters
    ----------
    wiring : Wiring
    inputs : dict of (path, call) to Value
        What fed every call of every module.

    Raises
    ------
    UnsupportedOp
        If steps are wired differently, as where a module is used at two places.
    """
    for (path, call), value in inputs.items():
        for signal in value.terms:
            if signal.source == INPUT:
                _require_row_by_row(wiring, path, call, signal)
                continue
            if wiring.calls[signal.source] != 1 and signal.call != call:
                raise UnsupportedOp(
                    f"{wiring.lines[path]}: module {path!r}, call {call}, is fed by call {signal.call} of "
                    f"{signal.source!r}. A module that is used at two places of the network cannot be one node; "
                    "give each place its own module."
                )
        sources = [{t.source for t in inputs[path, n].terms} for n in (0, call)]
        if sources[0] != sources[1]:
            raise UnsupportedOp(
                f"{wiring.lines[path]}: module {path!r} is called at two places of the network (fed by "
                f"{sorted(sources[0])} and {sorted(sources[1])}); give each place its own module."
            )
        wiring.edges += [(s, path) for s in sorted(sources[0]) if call == 0]
    return wiring


def _require_row_by_row(wiring: Wiring, path: str, call: int, signal: Signal) -> None:
    """A graph reads its input from the first row to the last; so has a loop over them."""
    if signal.rows and (signal.call != call or wiring.calls[path] != signal.rows):
        raise UnsupportedOp(
            f"{wiring.lines[path]}: module {path!r}, call {call} of {wiring.calls[path]}, reads row {signal.call} of "
            f"{signal.rows} of the input. A graph reads every row once, in order; loop over all of them like that."
        )


class Joined(list[Any]):
    """Tensors that were joined into one: stacked along a new `axis`, or None where no such axis tells them apart."""

    def __init__(self, values: list[Any], axis: int | None) -> None:
        super().__init__(values)
        self.axis = axis


def each_value(value: Any) -> Iterator[Value]:
    """Go through values in lists of lists."""
    if isinstance(value, Value):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from each_value(item)
