"""Random stacks of our modules, over all time."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import nn

from spikewright.models.layers import Delay, OverTime, Scale, Threshold
from spikewright.models.neurons import LIF
from spikewright.models.point_neurons import PointNeuron

SHAPE = (2, 3, 3)


@st.composite
def stacks(draw: st.DrawFn) -> nn.Sequential:
    """Two to five modules on (T, B, 2, 3, 3), all neurons with one reset and comparison, a linear readout."""
    torch.manual_seed(draw(st.integers(0, 2**31 - 1)))
    reset, spike_op = draw(st.sampled_from(("zero", "subtract"))), draw(st.sampled_from((">", ">=")))
    share, tau = draw(st.sampled_from(("neuron", "channel", "layer"))), draw(st.floats(1.0, 8.0))
    value = lambda low, high: low + (high - low) * torch.rand(SHAPE)  # noqa: E731
    makers = {
        "lif": lambda: LIF(SHAPE, tau, 0.5, share, reset=reset, spike_op=spike_op),
        "point": lambda: PointNeuron(
            SHAPE, value(0.2, 0.9), value(0.5, 1), value(-0.1, 0.1), value(0.3, 0.8), reset=reset, spike_op=spike_op
        ),
        "current": lambda: PointNeuron(
            SHAPE, value(0.2, 0.9), 1.0, 0.0, value(0.3, 0.8), 0.0, 0.5, 1.5, reset=reset, spike_op=spike_op
        ),
        "integrator": lambda: PointNeuron(SHAPE, 1.0, value(0.1, 0.3)),
        "threshold": lambda: Threshold(value(0.1, 0.5), spike_op),
        "scale": lambda: Scale(value(-1, 2)),
        "delay": lambda: Delay(torch.randint(0, 3, SHAPE)),
        "conv": lambda: OverTime(nn.Conv2d(2, 2, 3, padding=1, groups=2)),
        "norm": lambda: OverTime(nn.BatchNorm2d(2)),
        "pool": lambda: OverTime(nn.AvgPool2d(3, 1, 1)),
        "drop": lambda: nn.Dropout(0.5),
    }
    names = draw(st.lists(st.sampled_from(sorted(makers)), min_size=2, max_size=5))
    layers = [makers[name]() for name in names]
    return nn.Sequential(*layers, LIF(SHAPE, 2.0, 0.3, reset=reset, spike_op=spike_op), nn.Flatten(2), nn.Linear(18, 3))
