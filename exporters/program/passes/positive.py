"""Thresholds that are not positive, told with everything else that no register holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .network import Network, Neurons


def positive_thresholds(network: Network) -> tuple[Network, list[str]]:
    """Return a network that can be lowered further, to find what else is wrong, and what was wrong.

    A neuron with a threshold at or below 0 spikes without input; no scale makes it a register above 0.
    """
    bad = [n for n in network.neurons if (n.threshold <= 0).any()]
    told = [f"population {n.name!r}: {_which(n)}; keep thresholds above 0 when training" for n in bad]
    mended = {n.name: replace(n, threshold=np.where(n.threshold > 0, n.threshold, 1.0)) for n in bad}
    return replace(network, neurons=tuple(mended.get(n.name, n) for n in network.neurons)), told


def _which(neurons: Neurons) -> str:
    bad = np.flatnonzero(neurons.threshold <= 0)
    return f"{len(bad)} neuron(s) with threshold <= 0, first is neuron {bad[0]} with {neurons.threshold[bad[0]]:g}"
