"""The forward pass of a fake-quantised program against the oracle, bit for bit, before and after training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from kinds import ALL, Case, programs_of
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.exporters.quantization import QuantisedNetwork, fake_quantise
from spikewright.models.errors import CheckFailed, InputError, UnsupportedOp
from spikewright.simulators.oracle import run_rows

pytestmark = pytest.mark.torch


def require_equal(network: QuantisedNetwork, program: Program, x: Any) -> None:
    expected, found = run_rows(program, encode_inputs(program, x)), network.run(x)
    for what, rows in expected.items():
        for name, values in rows.items():
            np.testing.assert_array_equal(found[what][name].numpy(), values, err_msg=f"{what} of {name}")


def require_outputs(network: QuantisedNetwork, program: Program, x: Any) -> None:
    expected, found = run_rows(program, encode_inputs(program, x)), network(x)
    for o in program.outputs:
        what = expected["v"][o.population][-1] if o.readout == "membrane" else expected["spikes"][o.population].sum(0)
        unit = network.neurons[o.population].membrane_unit.detach().numpy() if o.readout == "membrane" else 1.0
        np.testing.assert_allclose(found[o.name].detach().numpy(), what * unit, rtol=1e-6)


def moved(network: QuantisedNetwork, x: Any, steps: int = 2) -> bool:
    """Train a little, on no purpose but to move every number that has a gradient; whether there was any."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr=0.1) if parameters else None
    for _ in range(steps):
        loss = sum(_away(output) for output in network(x).values())
        if optimiser is None or not isinstance(loss, Tensor) or not loss.requires_grad:
            return False
        optimiser.zero_grad()
        loss.backward()
        assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in parameters)
        optimiser.step()
        network.clamp_()
    return True


def _away(output: Tensor) -> Tensor:
    """Squared distance from values that no output has by chance."""
    return (output - (torch.arange(output.numel()).reshape(output.shape) % 3)).square().mean()


def require_all(case: Case) -> None:
    program, x = case
    network = fake_quantise(program)
    require_equal(network, program, x)
    require_outputs(network, program, x)
    assert network.to_program().content_hash == program.content_hash
    if moved(network, x):
        trained = network.to_program()
        require_equal(network, trained, x)
        assert fake_quantise(trained).to_program().content_hash == trained.content_hash


@settings(max_examples=100)
@given(programs_of(ALL))
def test_forward_equals_the_oracle_before_and_after_training(case: Case) -> None:
    require_all(case)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=1000)
@given(programs_of(ALL))
def test_forward_equals_the_oracle_on_many_programs(case: Case) -> None:
    require_all(case)


@settings(max_examples=10)
@given(programs_of(ALL))
def test_the_same_training_ends_in_the_same_program(case: Case) -> None:
    program, x = case
    first, second = fake_quantise(program), fake_quantise(program)
    moved(first, x)
    moved(second, x)
    assert first.to_program().content_hash == second.to_program().content_hash


@settings(max_examples=10)
@given(programs_of(ALL))
def test_input_is_refused_as_by_the_integer_backends(case: Case) -> None:
    program, x = case
    network = fake_quantise(program)
    name = next(iter(x))
    for wrong in (
        {**x, "unknown": x[name]},
        {**x, name: x[name][..., :0]},
        {**x, name: x[name].astype(float) + np.nan},
    ):
        with pytest.raises(InputError):
            encode_inputs(program, wrong)
        with pytest.raises(InputError):
            network(wrong)


def one_neuron(**more: Any) -> Program:
    """Two graded inputs, one neuron."""
    registers: dict[str, Any] = {"vth": np.array([9, 9], np.int32), "dv": 300} | more
    neuron = Population("n", (2,), 4095, bias_mant=np.zeros(2, np.int32), level=1, **registers)
    q = Projection("q", "in", "n", np.array([[250, 3], [-6, 90]], np.int16) // 2 * 2, unit=np.array([0.0, 0.5]))
    return make_program((Input("in", (2,), "graded", bits=4),), (neuron,), (q,), (Output("out", "n", "spike_count"),))


def test_rows_of_which_the_program_knows_no_unit_run_and_train_as_the_others() -> None:
    program, x = one_neuron(membrane_unit=np.array([0.0, 2.0**-9])), np.full((3, 1, 2), 13)
    network = fake_quantise(program)
    require_equal(network, program, x)
    assert network.run(x)["spikes"]["n"].sum(0).min() > 0
    network(x).sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in network.parameters() if p.grad is not None)


def test_integers_of_any_width_and_mixed_precision_change_nothing() -> None:
    program, x = one_neuron(), np.full((3, 1, 2), 13)
    network = fake_quantise(program)
    for dtype in (np.uint8, np.uint16, np.uint32, np.int16):
        require_equal(network, program, x.astype(dtype))
    with torch.autocast("cpu"):
        require_equal(network, program, x)


def test_numbers_that_diverged_are_no_program() -> None:
    network = fake_quantise(one_neuron())
    with torch.no_grad():
        network.weights["q"].values[0, 1] = torch.nan
    with pytest.raises(CheckFailed, match="diverged"):
        network.to_program()


def test_another_device_is_refused_because_its_products_may_round() -> None:
    port, neuron = Input("in", (1,)), Population("n", (1,), 4095, 0, 1, np.zeros(1, np.int32), 1)
    q = Projection("q", "in", "n", np.ones((1, 1), np.int16), sign_mode="excitatory")
    network = fake_quantise(make_program((port,), (neuron,), (q,), (Output("out", "n", "spike_count"),)))
    with pytest.raises(UnsupportedOp, match="CPU"):
        network.to("meta")(np.ones((1, 1, 1)))
