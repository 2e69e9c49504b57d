"""The straight-through gradients: those of the float network where nothing is rounded, and what rounding adds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spikewright.exporters.nir.trace import to_nir
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.population import VTH_MAX, Population
from spikewright.exporters.program.ports import Input, Output
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.projection import Projection
from spikewright.exporters.quantization import fake_quantise
from spikewright.models.errors import NumericRangeError
from spikewright.models.neurons import LIF, MeanReadout
from spikewright.simulators.run import simulate

pytestmark = pytest.mark.torch
STEPS, BATCH, INPUTS, HIDDEN, CLASSES = 4, 3, 6, 5, 4


def dyadic_network(reset: str) -> nn.Sequential:
    """Thresholds 1, halved membranes and weights that are whole units of 2**-7, 127 of them the largest."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(INPUTS, HIDDEN),
        LIF(HIDDEN, tau=2.0, threshold=1.0, share="layer", reset=reset),  # type: ignore[arg-type]
        nn.Linear(HIDDEN, CLASSES),
        MeanReadout(),
    )
    with torch.no_grad():
        for layer in (network[0], network[2]):
            layer.weight.copy_(torch.randint(-127, 128, layer.weight.shape) / 128)
            layer.weight.view(-1)[0], layer.weight.view(-1)[-1] = 127 / 128, -127 / 128
            layer.bias.copy_(torch.randint(-20, 21, layer.bias.shape) / 128)
    return network


def example() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = (torch.rand(STEPS, BATCH, INPUTS, generator=generator) < 0.5).float()
    return x, torch.rand(BATCH, CLASSES, generator=generator)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_without_rounding_output_and_gradients_are_those_of_the_float_network(reset: str) -> None:
    network, (x, pull) = dyadic_network(reset), example()
    graph, _ = to_nir(network, x)
    quantised = fake_quantise(lower(graph, x.numpy(), scale="max"), graph)
    expected, found = network(x), quantised(x)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    (expected * pull).sum().backward()
    (found * pull).sum().backward()
    hidden, readout = quantised.neurons["1"], quantised.neurons["3"]
    # The mean over time is folded into the readout's weights and bias, which are so much smaller.
    for name, neurons, linear, share in (("0", hidden, network[0], 1), ("2", readout, network[2], STEPS)):
        for latent, weight in ((quantised.weights[name].values, linear.weight), (neurons.bias, linear.bias)):
            torch.testing.assert_close(latent.grad, weight.grad * share, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(hidden.threshold.grad, network[1].threshold.grad, rtol=1e-5, atol=1e-6)
    # What rounds nothing has no reason to change its scale.
    torch.testing.assert_close(hidden.log_scale.grad, torch.zeros(()), rtol=0, atol=1e-4)


def one_layer(weights: list[int], vth: int = VTH_MAX, kind: str = "readout", **registers: object) -> Program:
    """One neuron behind a spike input for each weight."""
    neuron = Population("n", (1,), 4095, 4095, vth, np.zeros(1, np.int32), 1, kind=kind, **registers)  # type: ignore[arg-type]
    q = Projection("q", "in", "n", np.array([weights], np.int16), weight_bits=4, unit=2.0**-8)
    return make_program((Input("in", (len(weights),)),), (neuron,), (q,), (Output("out", "n", "membrane"),))


def test_the_gradient_of_a_scale_is_its_rounding_error_and_the_limit_where_a_weight_is_clipped() -> None:
    """Esser et al., arXiv 1902.08153, equation 3, in units of the step."""
    network = fake_quantise(one_layer([32, -64, 224], membrane_unit=2.0**-14))
    values = network.weights["q"].values
    step = 32 * 2.0**-8
    with torch.no_grad():
        values.copy_(torch.tensor([[1.3 * step, -2.4 * step, 9.7 * step]]))
    network(torch.ones(1, 1, 3)).sum().backward()
    torch.testing.assert_close(network.neurons["n"].log_scale.grad, torch.tensor(((1 - 1.3) + (-2 + 2.4) + 7) * step))
    torch.testing.assert_close(values.grad, torch.tensor([[1.0, 1.0, 0.0]]))


def test_a_threshold_between_its_steps_pulls_at_the_scale() -> None:
    """The distance of the membrane from the rounded threshold, in float units, times the surrogate's derivative."""
    network = fake_quantise(one_layer([32], vth=3, kind="lif", membrane_unit=2.0**-8))
    neurons, values = network.neurons["n"], network.weights["q"].values
    with torch.no_grad():
        neurons.threshold.copy_(torch.tensor(3.25 * 64 * 2.0**-8))
        values.copy_(torch.tensor([[2.0 * 2.0**-8]]))  # rounds to 0
    distance = torch.tensor(-3.0 * 64 * 2.0**-8)
    sigmoid = torch.sigmoid(4 * distance)
    spikes = network.run(torch.ones(1, 1, 1))["spikes"]["n"]
    assert int(spikes) == 0
    record = network._run(torch.ones(1, 1, 1))
    record.events["n"].sum().backward()
    derivative = 4 * sigmoid * (1 - sigmoid)
    residual = (0 - 2.0) * 64 * 2.0**-8 - (3 - 3.25) * 64 * 2.0**-8
    torch.testing.assert_close(neurons.log_scale.grad, derivative * residual, rtol=1e-5, atol=0)
    torch.testing.assert_close(neurons.threshold.grad, -derivative, rtol=1e-5, atol=0)


def test_a_quotient_has_the_gradient_of_an_exact_division() -> None:
    neuron = Population(
        "n", (1,), 4095, 4095, 50, np.zeros(1, np.int32), 1, kind="ei_gain", reciprocal_bits=3, quotient_exp=6
    )
    up = Projection("up", "in", "n", np.array([[100, -20]], np.int16), unit=1.0)
    down = Projection(
        "down", "in", "n", np.array([[31, 9]], np.int16), sign_mode="excitatory", port="divisor", unit=1.0
    )
    ports = (Input("in", (2,), "graded", bits=3),), (neuron,), (up, down)
    network = fake_quantise(make_program(*ports, (Output("out", "n", "membrane"),)))
    x = torch.tensor([[[7, 3]]])
    numerator, divisor = 7 * 100.0 - 3 * 20.0, 7 * 31.0 + 3 * 9.0
    network(x).sum().backward()
    assert int(network.run(x)["spikes"]["n"]) == 1  # and so its membrane is reset: no gradient comes through it
    assert float(network.weights["up"].values.grad.abs().max()) == 0.0
    network.zero_grad()
    record = network._run(x)
    record.events["n"].sum().backward()
    q = int(np.floor(numerator * 64 / divisor))
    assert abs(q - 168) <= 1
    found = network.weights["up"].values.grad, network.weights["down"].values.grad
    torch.testing.assert_close(found[1] / found[0], torch.full((1, 2), -numerator / divisor), rtol=1e-5, atol=0)


def test_scales_thresholds_and_biases_get_gradients_and_move() -> None:
    network, (x, pull) = dyadic_network("zero"), example()
    graph, _ = to_nir(network, x)
    program = lower(graph, x.numpy(), weight_bits=3)
    quantised = fake_quantise(program, graph)
    optimiser = torch.optim.SGD(quantised.parameters(), lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        (quantised(x) * pull).sum().backward()
        assert not [name for name, p in quantised.named_parameters() if not p.grad.abs().max() > 0]
        optimiser.step()
        quantised.clamp_()
    trained = quantised.to_program()
    for before, after in zip(program.populations, trained.populations, strict=True):
        assert before.membrane_unit != after.membrane_unit
        assert not np.array_equal(before.bias_mant, after.bias_mant)
        assert (before.vth != after.vth) == (before.kind == "lif")
    kinds = {loss.kind for loss in trained.losses}
    assert {"weights", "threshold", "bias"} <= kinds


@pytest.mark.parametrize("sign", [1, -1])
def test_signs_of_synapses_are_kept(sign: int) -> None:
    rng = np.random.default_rng(0)
    neuron = Population("n", (4,), 4095, 0, VTH_MAX, np.zeros(4, np.int32), 1, kind="readout", membrane_unit=2.0**-14)
    edges = [
        Projection(f"{mode}", "in", "n", (one * rng.integers(0, 8, (4, 6)) * 16).astype(np.int16), -3, mode, 4)
        for mode, one in (("excitatory", 1), ("inhibitory", -1))
    ]
    network = fake_quantise(
        make_program((Input("in", (6,)),), (neuron,), tuple(edges), (Output("out", "n", "membrane"),))
    )
    optimiser = torch.optim.SGD((w.values for w in network.weights.values()), lr=1e3)
    excitatory, inhibitory = (network.weights[mode].values for mode in ("excitatory", "inhibitory"))
    for _ in range(3):
        optimiser.zero_grad()
        (sign * network((torch.rand(4, 2, 6) < 0.5).float())).sum().backward()
        optimiser.step()
        network.clamp_()
        assert float(excitatory.detach().min()) >= 0 >= float(inhibitory.detach().max())
    assert float((excitatory if sign > 0 else inhibitory).detach().abs().max()) == 0


def test_a_readout_keeps_room_for_its_membrane() -> None:
    """The scale is so much finer, as if training had gone there, that the whole register would not hold a sample."""
    neuron = Population(
        "n", (1,), 4095, 0, VTH_MAX, np.array([10], np.int32), 1, kind="readout", membrane_unit=2.0**-14
    )
    q = Projection("q", "in", "n", np.array([[32] * 20], np.int16), 2, unit=2.0**-6, weight_bits=4)
    program = make_program((Input("in", (20,)),), (neuron,), (q,), (Output("out", "n", "membrane"),))
    network, x = fake_quantise(program), torch.ones(30, 1, 20)
    network(x)
    network.clamp_()
    assert network.to_program().content_hash == program.content_hash
    with torch.no_grad():
        network.neurons["n"].log_scale.fill_(-1.5)
    with pytest.raises(NumericRangeError):
        simulate(network.to_program(), x.numpy())
    network.clamp_()
    membrane = simulate(network.to_program(), x.numpy(), backend="oracle").output["out"]
    np.testing.assert_array_equal(membrane, network.run(x)["v"]["n"][-1].numpy())


def test_a_readout_that_is_hardly_too_large_gets_room_though_no_weight_rounds_down_soon() -> None:
    """The sum passes the register by one step; each weight is a whole step, which no small change rounds to another."""
    neuron = Population("n", (1,), 4095, 0, VTH_MAX, np.zeros(1, np.int32), 1, kind="readout", membrane_unit=2.0**-14)
    q = Projection("q", "in", "n", np.array([[128] * 64], np.int16), 4, unit=2.0**-4, weight_bits=2)
    network = fake_quantise(make_program((Input("in", (64,)),), (neuron,), (q,), (Output("out", "n", "membrane"),)))
    x = torch.ones(1, 1, 64)
    network(x)
    with pytest.raises(NumericRangeError):
        simulate(network.to_program(), x.numpy())
    network.clamp_()
    simulate(network.to_program(), x.numpy(), backend="oracle")
