"""What a step of each kind does, against the torch modules in float64 and against cases worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from spikewright.exporters.program.population import VTH_MAX, Population
from spikewright.models.neurons import LIF
from spikewright.models.point_neurons import PointNeuron
from spikewright.simulators.neurons import State, step

SAMPLES, NEURONS = 60, 40


def run(p: Population, arriving: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u, v and events of the rows (T, B, N) of sums, from rest."""
    state, rows = State.zero(arriving.shape[1:]), []
    for a in arriving:
        state, spikes = step(p, state, a, np.zeros_like(a))
        rows.append((state.u, state.v, spikes))
    u, v, spikes = (np.stack(column) for column in zip(*rows, strict=True))
    return u, v, spikes


def one(p: Population, u: int = 0, v: int = 0, a: int = 0, waiting: int = 0) -> tuple[int, int, int, int]:
    """One row of one neuron: u, v, event and the rows left to wait."""
    given = State(*(np.array([[n]], np.int64) for n in (u, v, waiting)))
    state, spikes = step(p, given, np.array([[a]], np.int64), np.zeros((1, 1), np.int64))
    return int(state.u[0, 0]), int(state.v[0, 0]), int(spikes[0, 0]), int(state.waiting[0, 0])


def neurons(size: int = 1, du: int = 4095, dv: int = 0, vth: Any = 100, bias: Any = 0, **registers: Any) -> Population:
    return Population("a", (size,), du, dv, vth, np.broadcast_to(np.int32(bias), size), level=1, **registers)


# A decay by 1/2 or 1/4 takes up to 2 bits of v a row. Six rows of multiples of 2**12 have them, so the rounding toward
# zero of the integer decay never acts and float64 computes the same numbers.
DECAYS = [(4095, 0), (4095, 2048), (4095, 3072), (2047, 0), (2047, 2048), (3071, 3072), (2047, 3072)]


@pytest.mark.torch
@pytest.mark.parametrize(("du", "dv"), DECAYS)
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_resets_equal_the_torch_neurons_in_exact_floats(du: int, dv: int, reset: str) -> None:
    rng = np.random.default_rng(du + dv)
    arriving = 64 * rng.integers(-60, 128, (6, SAMPLES, NEURONS))
    vth, bias = 64 * rng.integers(1, 150, NEURONS), 32 * rng.integers(-8, 9, NEURONS)
    p = neurons(NEURONS, du, dv, vth.astype(np.int32), bias, bias_exp=7, reset=reset)
    u, v, spikes = run(p, arriving)

    keep, drift = (4096 - dv) / 4096, torch.tensor(bias * 2.0**7)
    synapse = {"current_keep": torch.tensor((4095.0 - du) / 4096).double(), "current_gain": torch.tensor(64.0).double()}
    module = PointNeuron((NEURONS,), keep, 1.0, drift, torch.tensor(vth * 64.0), reset=reset, **synapse).double()
    floats, state = torch.tensor(arriving).double(), {}
    for t, row in enumerate(floats):
        fired, state = module.step(row, state)
        np.testing.assert_array_equal(u[t], state["i"].detach().numpy())
        np.testing.assert_array_equal(v[t], state["v"].detach().numpy())
        np.testing.assert_array_equal(spikes[t], fired.detach().numpy())
    assert 0.1 < spikes.mean() < 0.9
    if reset == "subtract":
        assert (v > vth * 64).any(), "some membrane stays above its threshold, and spikes once a row all the same"


@pytest.mark.torch
@pytest.mark.parametrize(("dv", "tau"), [(0, np.inf), (2048, 2.0)])
def test_subtract_equals_the_layer_that_is_trained(dv: int, tau: float) -> None:
    rng = np.random.default_rng(dv)
    steps, unit = (100, 1) if dv == 0 else (12, 64)
    arriving = unit * rng.integers(-40, 100, (steps, SAMPLES, NEURONS))
    vth = unit * rng.integers(1, 150, NEURONS)
    layer = LIF(NEURONS, tau=tau, reset="subtract", spike_op=">", learn_threshold=False).double()
    layer.threshold.copy_(torch.tensor(64.0 * vth))
    expected = layer(torch.tensor(64.0 * arriving)).numpy()
    spikes = run(neurons(NEURONS, dv=dv, vth=vth.astype(np.int32), reset="subtract"), arriving)[2]
    np.testing.assert_array_equal(spikes, expected)
    assert 0.1 < spikes.mean() < 0.9


def test_a_threshold_knows_this_row_alone_for_every_sum() -> None:
    every = np.arange(-(2**17) + 1, 2**17, dtype=np.int64)
    for vth, bias in [(0, 0), (1, 0), (5, -63), (5, 64), (1000, 4095), (VTH_MAX, 0), (VTH_MAX - 1, -1)]:
        p = neurons(len(every), dv=4096, vth=vth, bias=bias, kind="threshold")
        before = np.random.default_rng(vth).permutation(every)
        _, _, spikes = run(p, np.stack([before, every])[:, None])
        np.testing.assert_array_equal(spikes[1, 0], 64 * every + bias > 64 * vth)


@pytest.mark.parametrize(
    ("v", "after"),
    [(640, (640, 0)), (641, (0, 1)), (-320, (-320, 0)), (-321, (0, -1)), (0, (0, 0)), (2**23 - 1, (0, 1))],
)
def test_ternary_neurons_send_a_sign_strictly_beyond_either_threshold(v: int, after: tuple[int, int]) -> None:
    assert one(neurons(kind="ternary", vth=10, vth_low=-5), v=v)[1:3] == after


def test_a_ternary_spike_leaves_the_current_alone() -> None:
    # u: -1000 * 4095 / 4096 = -999.76 -> -999, minus 64; v is the new u, below -64 * 5.
    assert one(neurons(du=0, kind="ternary", vth=10, vth_low=-5), u=-1000, a=-1) == (-1063, 0, -1, 0)


@pytest.mark.parametrize("value", [0, 1, -1, 2**24 - 1, -(2**24) + 1, 2**31 - 1, -(2**31)])
def test_a_relay_sends_what_it_receives_and_keeps_nothing(value: int) -> None:
    assert one(neurons(vth=0, kind="relay"), a=value) == (0, 0, value, 0)


def test_a_refractory_membrane_stands_still_while_its_current_goes_on() -> None:
    p = neurons(du=2047, vth=1, bias=7, refractory=2)
    states = [(0, 0, 0, 0)]
    for a in (2, 2, 0, 0):
        u, v, _, waiting = states[-1]
        states.append(one(p, u, v, a, waiting))
    # Row 0: v = 128 + 7 > 64, a spike. Rows 1, 2: v stays 0, u = 64 + 128, then 96. Row 3: u = 48, v = 48 + 7.
    assert states[1:] == [(128, 0, 1, 2), (192, 0, 0, 1), (96, 0, 0, 0), (48, 55, 0, 0)]


def test_a_soft_reset_takes_the_threshold_off_once() -> None:
    assert one(neurons(vth=10, reset="subtract"), v=2000)[1:3] == (2000 - 640, 1)
    assert one(neurons(vth=10, reset="subtract"), v=640)[1:3] == (640, 0)
    # The membrane saturates before the threshold is taken off.
    assert one(neurons(vth=10, reset="subtract"), v=2**23 - 1, a=100)[1:3] == (2**23 - 1 - 640, 1)
