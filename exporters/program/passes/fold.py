"""Pass: gains, drifts and learned thresholds move into weights and biases.

A neuron is homogeneous: scaling its weights, bias and threshold by the same factor leaves its spikes unchanged. So row
i is divided by threshold i, and the whole population shares the threshold 1, which is the one register that a chip has.

A window shares its weights among the neurons of a channel. Where their thresholds differ, the rows are divided by the
largest threshold of the population, and what is left of each, at most 1, stays its register.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....models.errors import NumericRangeError, UnsupportedOp
from .linear import LinearMap
from .network import Floats, Network, Neurons, Synapses
from .positive import positive_thresholds


def fold(network: Network) -> Network:
    """Return a network in which every population has gain 1 and a threshold of 1, or of at most 1 behind windows.

    Raises
    ------
    NumericRangeError
        If thresholds are not positive, naming population and neurons.
    UnsupportedOp
        If the gains of neurons behind a window differ within a channel and cannot become thresholds.
    """
    _, bad = positive_thresholds(network)
    if bad:
        raise NumericRangeError("Thresholds must be > 0 to be folded into weight rows:", bad)
    neurons, synapses, problems = [], {}, []
    for n in network.neurons:
        into = tuple(s for s in network.into(n.name) if s.port == "current")  # a factor of both would cancel
        unit, row = n.threshold, n.gain / n.threshold
        scaled = _scaled(into, row)
        if scaled is None and n.spiking and (n.gain > 0).all():
            row = np.full_like(row, row.min())
            unit, scaled = n.gain / row, _scaled(into, row)
        if scaled is None:
            problems.append(
                f"population {n.name!r} has gains of {n.gain.min():g} to {n.gain.max():g} that differ within a channel "
                "of a convolution or pooling, which shares its weights; train one gain per channel"
            )
            continue
        synapses |= {s.name: replace(s, weight=w) for s, w in zip(into, scaled, strict=True)}
        neurons.append(_folded(n, unit, row))
    if problems:
        raise UnsupportedOp("Gains that no weight can take:", problems)
    return replace(network, neurons=tuple(neurons), synapses=tuple(synapses.get(s.name, s) for s in network.synapses))


def _scaled(synapses: tuple[Synapses, ...], row: Floats) -> list[LinearMap] | None:
    """Weights with their rows multiplied, or None if one of them cannot hold the factors."""
    scaled = [s.weight.scaled_rows(row) for s in synapses]
    return None if any(weight is None for weight in scaled) else [w for w in scaled if w is not None]


def _folded(neurons: Neurons, unit: Floats, row: Floats) -> Neurons:
    """Neurons whose membranes count in `unit`, behind weights that are `row` times what they were."""
    return replace(
        neurons,
        gain=np.ones_like(neurons.gain),
        bias=neurons.bias * row,
        drift=neurons.drift / unit,
        threshold=neurons.threshold / unit,
        start=neurons.start / unit,
    )
