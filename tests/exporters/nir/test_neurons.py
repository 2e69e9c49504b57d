"""Every neuron node against its equation: closed forms, and steps worked out by hand."""

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.dialects import named
from spikewright.exporters.nir.neurons import make_neuron
from spikewright.exporters.nir.semantics import CONVENTIONS, DEFAULTS, Semantics
from spikewright.models.errors import NumericRangeError

DT = 1e-4


def semantics(**chosen: object) -> Semantics:
    values = {**DEFAULTS, **CONVENTIONS, **chosen}
    return Semantics(**values, dialect=named("unknown"), origin=dict.fromkeys(values, "argument"))


def one(value: float) -> np.ndarray:
    return np.array([value])


def run(node: nir.NIRNode, rows: list[float], **chosen: object) -> tuple[list[float], dict[str, list[float]]]:
    """Output and states of a single neuron over `rows`."""
    step = make_neuron(node, semantics(**chosen))
    results = [step(np.array([[x]])) for x in rows]
    states = {what: [float(s[what][0, 0]) for _, s in results] for what in results[0][1]}
    return [float(out[0, 0]) for out, _ in results], states


def test_integrator_adds_r_times_its_input() -> None:
    out, states = run(nir.I(one(2.0 / DT)), [1.0, 0.5, 0.0])
    np.testing.assert_allclose(out, [2.0, 3.0, 3.0])
    assert states["v"] == out


def test_leaky_integrate_and_fire_by_hand() -> None:
    node = nir.LIF(one(2 * DT), one(2.0), one(0.5), one(1.0), v_reset=one(-1.0))
    out, states = run(node, [1.0, 1.0, 0.0])
    # v = v/2 + x + 1/4: 1.25 fires and leaves -1, then .75, then .625
    assert out == [1, 0, 0]
    np.testing.assert_allclose(states["v"], [1.25, 0.75, 0.625])


def test_synaptic_current_feeds_the_membrane_in_its_own_step() -> None:
    node = nir.CubaLIF(one(2 * DT), one(4 * DT), one(4.0), one(0.0), one(1.2), v_reset=one(0.0), w_in=one(2.0))
    out, states = run(node, [1.0, 0.0, 0.0])
    np.testing.assert_allclose(states["i"], [1.0, 0.5, 0.25])
    np.testing.assert_allclose(states["v"], [1.0, 0.75 + 0.5, 0.25])
    assert out == [0, 1, 0]


def test_current_of_the_step_before() -> None:
    node = nir.CubaLI(one(2 * DT), one(4 * DT), one(4.0), one(0.0), w_in=one(2.0))
    out, _ = run(node, [1.0, 0.0, 0.0], current_late=True)
    np.testing.assert_allclose(out, [0.0, 1.0, 0.75 + 0.5])


def test_current_based_integrator_follows_its_solution() -> None:
    """A constant input held from 0 drives i to w_in x; exponential integration gives i exactly at every step."""
    node = nir.CubaLI(one(0.01), one(0.02), one(1.0), one(0.0), w_in=one(3.0))
    _, states = run(node, [2.0] * 50, integration="exponential")
    np.testing.assert_allclose(states["i"], 6.0 * (1 - np.exp(-np.arange(1, 51) * DT / 0.01)), rtol=1e-12)


@pytest.mark.parametrize("kind", [nir.I, nir.IF, nir.LI, nir.LIF, nir.CubaLI, nir.CubaLIF])
def test_neurons_of_any_shape_are_neurons_side_by_side(kind: type) -> None:
    rng = np.random.default_rng(0)
    ranges = {"tau": (2, 9), "tau_mem": (2, 9), "tau_syn": (2, 9), "r": (2, 4), "w_in": (1, 2), "v_threshold": (0.5, 1)}
    fields = [f for f in kind.__dataclass_fields__ if f not in ("input_type", "output_type", "metadata")]
    shape = (2, 3, 4)
    values = {f: rng.uniform(*ranges.get(f, (0, 0.3)), shape) * (DT if f.startswith("tau") else 1) for f in fields}
    if kind in (nir.I, nir.IF):
        values["r"] /= DT
    x = rng.random((6, 5, *shape))
    whole = make_neuron(kind(**values), semantics())
    flat = make_neuron(kind(**{f: v.ravel() for f, v in values.items()}), semantics())
    total = 0.0
    for row in x:
        (out, states), (out_flat, states_flat) = whole(row), flat(row.reshape(5, -1))
        np.testing.assert_array_equal(out.reshape(5, -1), out_flat)
        assert states.keys() == states_flat.keys() == ({"v", "i"} if "tau_syn" in fields else {"v"})
        total += np.abs(out).sum()
    assert total > 0


def test_several_spikes_a_step_and_a_floor() -> None:
    """Sinabs' IAF: floor(v / th) spikes, each taking th off, and no membrane below -th."""
    node = nir.IF(one(1.0), one(0.5), v_reset=one(0.0))
    how = named("sinabs").states
    out, states = run(node, [1.75, 0.0, 0.25, -9.0, 1.0], **how)
    assert out == [3, 0, 1, 0, 1]
    np.testing.assert_allclose(states["v"], [1.75, 0.25, 0.5, -0.5, 0.5])
    assert run(node, [1.75, 0.0], **how | {"multi_spike": False})[0] == [1, 1]
    assert run(node, [-9.0, 9.0], **how | {"v_floor": False})[0] == [0, 0]
    with pytest.raises(NumericRangeError, match="fires without end"):
        run(nir.IF(one(1.0), one(0.0), v_reset=one(0.0)), [1.0], **how)


def test_gain_and_time_as_a_framework_means_them() -> None:
    assert run(nir.IF(one(1.0), one(9.0), v_reset=one(0.0)), [2.0], spike_as_delta=True)[1]["v"] == [2.0]
    leaky = nir.LI(one(4.0), one(1.0), one(0.0))
    np.testing.assert_allclose(run(leaky, [1.0, 0.0], tau_in_steps=True)[0], [0.25, 0.1875])
    np.testing.assert_allclose(run(leaky, [1.0, 0.0], tau_in_steps=True, unit_gain=True)[0], [1.0, 0.75])
    np.testing.assert_allclose(run(leaky, [1.0], tau_in_steps=True, unit_gain=True, decayed_input=True)[0], [0.75])
    np.testing.assert_allclose(run(nir.LI(one(1e-5), one(1.0), one(0.0)), [1.0], tau_unit_s=1e3, dt_s=1e-3)[0], [0.1])


def test_euler_refuses_a_time_constant_below_the_step() -> None:
    with pytest.raises(NumericRangeError, match="overshoots"):
        run(nir.LI(one(DT / 2), one(1.0), one(0.0)), [1.0])
