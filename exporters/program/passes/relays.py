"""Pass: relay populations delay where a synapse cannot, in front of windows and beyond the delay register.

A relay of n neurons sends on what its source sends, one hop and up to `MAX_HOPS` steps later. A synapse that can delay
costs nothing, a relay n neurons with an update in every row, so relays stand only where there is no other way. Edges
from one source that need the same delay share a relay. A relay lies below its targets, where it makes no sample longer:
its row is the source's, or an earlier one where a Delay asks for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from ..losses import Loss
from ..population import Population
from ..ports import Input
from ..projection import WINDOWED, Projection
from ..projection_rules import MAX_HOPS

LARGEST_SPREAD = MAX_HOPS - 1
"""Most by which delays of one projection may differ, so that one relay brings all of them into reach."""
Source = Input | Population


def relays(
    inputs: Iterable[Input], populations: list[Population], projections: list[Projection]
) -> tuple[list[Population], list[Projection], list[Loss]]:
    """Return all populations and projections with relays in between, and what these cost.

    Parameters
    ----------
    inputs : iterable of Input
    populations, projections : list
        With their levels and row offsets; no synaptic delay is negative.
    """
    added = _Relays({s.name: s for s in (*inputs, *populations)})
    bridged = [added.bridge(p) for p in projections]
    return [*populations, *added.populations], [*bridged, *added.projections], added.losses


@dataclass
class _Relays:
    """Relays built so far, by their source, the steps that they delay and their level."""

    sources: dict[str, Source]
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    names: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def bridge(self, p: Projection) -> Projection:
        """Projection from a relay of its source, if it cannot delay by itself."""
        while (steps := self._too_many(p)) > 0:
            steps = min(steps, MAX_HOPS + 1)
            level = min(self._level(p.source) + steps, max(self._level(p.target) - 1, 1))
            rows = self._level(p.source) + steps - level
            key = (p.source, steps, level)
            if key not in self.names:
                self.names[key] = self._add(self.sources[p.source], steps, level, rows)
            p = replace(p, source=self.names[key], delay=p.delay - rows)
        return p

    def _too_many(self, p: Projection) -> int:
        """Steps that the synapses of `p` cannot delay."""
        hops = self._level(p.target) - self._level(p.source) - 1 + p.max_delay
        if p.kind in WINDOWED:
            return hops
        # Delays of an array are limited by themselves, and on a cycle they are one more than the hops.
        beyond = hops > MAX_HOPS or (isinstance(p.delay, np.ndarray) and p.max_delay > MAX_HOPS)
        return max(hops - LARGEST_SPREAD, 1) if beyond else 0

    def _level(self, name: str) -> int:
        return getattr(self.sources[name], "level", 0)

    def _add(self, source: Source, steps: int, level: int, rows: int) -> str:
        """Build the relay whose row t is row ``t - rows`` of its source, `steps` chip steps later."""
        name = f"{source.name} (relay {steps})"
        name = f"{name[:-1]}, level {level})" if name in self.sources else name
        none = np.zeros(source.size, np.int32)
        relay = Population(name, source.shape, 4095, 0, 0, none, level, kind="relay", origin=(source.name,))
        every = np.arange(source.size + 1, dtype=np.int32)
        synapses = Projection(
            f"{source.name}->{name}",
            source.name,
            name,
            np.ones(source.size, np.int16),
            sign_mode="excitatory",
            delay=rows,
            kind="sparse",
            indptr=every,
            indices=every[:-1],
        )
        cost = f"{source.size} neurons pass events on, {steps} step(s) late, because synapses behind them cannot delay"
        self.losses.append(Loss(name, cost, "structure"))
        self.sources[name] = relay
        self.populations.append(relay)
        self.projections.append(synapses)
        return name
