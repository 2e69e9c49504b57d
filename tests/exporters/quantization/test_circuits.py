"""E-I circuits trained through the integers: their own parameters, one sign each, and back to the program."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from nir import NIRGraph

from spikewright.exporters.nir.trace import to_nir
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import Program
from spikewright.exporters.quantization import QuantisedNetwork, fake_quantise
from spikewright.models.ei import EILinear
from spikewright.models.errors import InputError
from spikewright.models.networks import EIMLP, EIMLPConfig
from spikewright.simulators.oracle import run_rows

pytestmark = pytest.mark.torch
STEPS = 5


@pytest.fixture(scope="module")
def exported() -> tuple[EIMLP, NIRGraph, np.ndarray]:
    torch.manual_seed(0)
    model = EIMLP(EIMLPConfig(sizes=(12, 16, 8, 4), steps=STEPS))
    x = (torch.rand(STEPS, 40, 12) < 0.4).float()
    with torch.no_grad():
        model(x)  # E-I Init
        for block in list(model.children())[:-1]:
            block.circuit.bias_e.uniform_(-0.2, 0.2)  # type: ignore[union-attr]
            block.lif.threshold.uniform_(0.3, 0.8)  # type: ignore[union-attr]
    return model, to_nir(model, x)[0], x.numpy()


def require_equal(network: QuantisedNetwork, program: Program, x: np.ndarray) -> None:
    expected, found = run_rows(program, encode_inputs(program, x)), network.run(x)
    for what, rows in expected.items():
        for name, values in rows.items():
            np.testing.assert_array_equal(found[what][name].numpy(), values, err_msg=f"{what} of {name}")


def train(network: QuantisedNetwork, x: np.ndarray, lr: float = 0.05, steps: int = 4) -> None:
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=lr)
    wanted = torch.arange(x.shape[1]) % 4
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(x), wanted).backward()
        optimiser.step()
        network.clamp_()


@pytest.mark.parametrize("rows", ["fold", "registers"])
@pytest.mark.parametrize("ei", ["dynamic", "static"])
def test_a_trained_circuit_equals_its_program(exported: tuple[EIMLP, NIRGraph, np.ndarray], ei: str, rows: str) -> None:
    model, graph, x = exported
    program = lower(graph, x, weight_bits=4, ei=ei, rows=rows)
    network = fake_quantise(program, graph, model)
    assert network.to_program().content_hash == program.content_hash
    require_equal(network, program, x)
    train(network, x)
    trained = network.to_program()
    assert trained.content_hash != program.content_hash
    require_equal(network, trained, x)


def test_circuits_keep_their_signs_and_the_model_that_was_given_its_values(
    exported: tuple[EIMLP, NIRGraph, np.ndarray],
) -> None:
    model, graph, x = exported
    given = {name: value.clone() for name, value in model.state_dict().items()}
    network = fake_quantise(lower(graph, x, ei="dynamic"), graph, model)
    train(network, x, lr=2.0)
    assert isinstance(network.model, EIMLP)
    circuits = [m for m in network.model.modules() if isinstance(m, EILinear)]
    weights = [w.detach() for c in circuits for w in (c.weight_ee, c.weight_ie, c.weight_ei)]
    assert min(float(weight.min()) for weight in weights) == 0.0  # so large a rate drives some across the bound
    assert all(bool((value == given[name]).all()) for name, value in model.state_dict().items())
    changed = {name for name, value in network.model.state_dict().items() if not bool((value == given[name]).all())}
    parts = ("weight_ee", "weight_ie", "weight_ei", "gain_i", "gain_e", "bias_e")
    assert {f"hidden1.circuit.{part}" for part in parts} | {
        "hidden2.lif.threshold",
        "readout.circuit.weight_ee",
    } <= changed


def test_what_follows_from_circuits_is_no_parameter_beside_them(exported: tuple[EIMLP, NIRGraph, np.ndarray]) -> None:
    model, graph, x = exported
    program = lower(graph, x, ei="dynamic")
    with_model, without = fake_quantise(program, graph, model), fake_quantise(program, graph)
    assert not any(w.values.requires_grad for w in with_model.weights.values())
    assert not with_model.neurons["hidden1.lif"].threshold.requires_grad
    assert all(w.values.requires_grad for w in without.weights.values())
    assert without.model is None


def test_a_copy_is_trained_by_itself(exported: tuple[EIMLP, NIRGraph, np.ndarray]) -> None:
    model, graph, x = exported
    network = fake_quantise(lower(graph, x, weight_bits=4, ei="dynamic"), graph, model)
    before = network.to_program().content_hash
    other = copy.deepcopy(network)
    train(other, x)
    assert network.to_program().content_hash == before != other.to_program().content_hash
    require_equal(other, other.to_program(), x)


def test_without_its_model_a_divisor_stays_positive(exported: tuple[EIMLP, NIRGraph, np.ndarray]) -> None:
    _, graph, x = exported
    program = lower(graph, x, weight_bits=4, ei="dynamic")
    network = fake_quantise(program, graph)
    train(network, x, lr=5.0)
    divisors = [w.values.detach() for name, w in network.weights.items() if name.endswith(".divisor")]
    assert min(float(values.min()) for values in divisors) == 0.0
    require_equal(network, network.to_program(), x)


def test_another_model_or_graph_is_refused(exported: tuple[EIMLP, NIRGraph, np.ndarray]) -> None:
    _, graph, x = exported
    program = lower(graph, x, ei="dynamic")
    with pytest.raises(InputError, match="no E-I circuit"):
        fake_quantise(program, graph, torch.nn.Linear(2, 2))
    with pytest.raises(InputError, match="Give the model"):
        fake_quantise(program, graph, EIMLP(EIMLPConfig(sizes=(12, 20, 8, 4), steps=STEPS)))
    torch.manual_seed(1)
    other = EIMLP(EIMLPConfig(sizes=(12, 20, 4), steps=STEPS))
    with torch.no_grad():
        other(torch.from_numpy(x))
    with pytest.raises(InputError, match=r"hidden1\.circuit") as caught:
        fake_quantise(program, to_nir(other, torch.from_numpy(x))[0])
    assert len(caught.value.violations) > 1
