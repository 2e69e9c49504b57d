"""Fine-tuning through the integers: it mends what few bits broke, and an interrupted run goes on as if it never was."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nir import NIRGraph
from torch import Tensor, nn

from spikewright.exporters.nir.trace import to_nir
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import Program
from spikewright.exporters.quantization import QuantisedNetwork, fake_quantise
from spikewright.models.encoders import rate_code
from spikewright.models.errors import CheckFailed, ConfigError, InputError
from spikewright.models.neurons import LIF, MeanReadout
from spikewright.simulators.run import simulate
from spikewright.toolchain.data.digits import load_digits
from spikewright.toolchain.quantisation.finetuning import evaluate, finetune
from spikewright.toolchain.quantisation.finetuning_recipe import Recipe

pytestmark = pytest.mark.torch
STEPS = 4


def encoder(x: Tensor) -> Tensor:
    return rate_code(x, STEPS)


@pytest.fixture(scope="module")
def digits() -> Any:
    return load_digits()


@pytest.fixture(scope="module")
def network(digits: Any) -> nn.Sequential:
    """A perceptron with 24 hidden neurons, trained for a second."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 24), LIF(24, share="layer"), nn.Linear(24, 10), MeanReadout())
    x, y = encoder(torch.from_numpy(digits.x_train)), torch.from_numpy(digits.y_train)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimiser.step()
    return network


@pytest.fixture(scope="module")
def ternary(digits: Any, network: nn.Sequential) -> tuple[Program, NIRGraph]:
    x = rate_code(digits.x_train[:200], STEPS)
    graph, _ = to_nir(network, torch.from_numpy(x))
    return lower(graph, x, weight_bits=2, scale="max"), graph


def test_a_few_epochs_mend_ternary_weights(
    digits: Any, network: nn.Sequential, ternary: tuple[Program, NIRGraph]
) -> None:
    program, graph = ternary
    quantised = fake_quantise(program, graph)
    before = evaluate(quantised, digits.x_test, digits.y_test, encoder)
    seen: list[tuple[int, int, float]] = []
    done = finetune(
        quantised,
        digits.x_train,
        digits.y_train,
        encoder,
        Recipe(epochs=3, lr=0.03, batch_size=64),
        teacher=network,
        progress=lambda *step: seen.append(step),
    )
    after = evaluate(quantised, digits.x_test, digits.y_test, encoder)
    exact = evaluate(network, digits.x_test, digits.y_test, encoder)
    assert after > before + 0.05
    assert after > exact - 0.05
    assert [epoch.loss for epoch in done.epochs] == sorted((epoch.loss for epoch in done.epochs), reverse=True)
    assert [step[:2] for step in seen] == [(n, 66) for n in range(1, 67)]
    trained = quantised.to_program()
    assert {q.weight_bits for q in trained.projections} == {2}
    found = simulate(trained, rate_code(digits.x_test, STEPS).astype(np.uint8)).predict()
    assert float((found == digits.y_test).mean()) == after


def test_an_interrupted_run_goes_on_as_if_it_never_was(
    digits: Any, ternary: tuple[Program, NIRGraph], tmp_path: Path
) -> None:
    def noisy(x: Tensor) -> Tensor:
        return (torch.rand(STEPS, *x.shape) < x).float()

    def run(network: QuantisedNetwork, **options: Any) -> Any:
        return finetune(network, digits.x_train[:300], digits.y_train[:300], noisy, Recipe(epochs=3), **options)

    class Interrupt(Exception):
        pass

    def stop(done: int, steps: int, loss: float) -> None:
        if done == 5:  # in the middle of the second epoch
            raise Interrupt

    path, state = tmp_path / "run.safetensors", torch.get_rng_state()
    whole, broken, resumed = (fake_quantise(*ternary) for _ in range(3))
    expected = run(whole)
    with pytest.raises(Interrupt):
        run(broken, progress=stop, checkpoint=path)
    found = run(resumed, checkpoint=path)
    assert found.resumed == 1
    assert found.epochs == expected.epochs
    assert resumed.to_program().content_hash == whole.to_program().content_hash
    assert all(bool((a == b).all()) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))
    assert bool((torch.get_rng_state() == state).all())
    assert run(fake_quantise(*ternary), checkpoint=path).resumed == 3


def test_a_checkpoint_of_another_run_is_refused(digits: Any, ternary: tuple[Program, NIRGraph], tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    data = digits.x_train[:20], digits.y_train[:20], encoder
    finetune(fake_quantise(*ternary), *data, Recipe(epochs=1), checkpoint=path)
    with pytest.raises(InputError, match="another run"):
        finetune(fake_quantise(*ternary), *data, Recipe(epochs=2), checkpoint=path)
    path.write_bytes(b"no safetensors")
    with pytest.raises(InputError, match="no checkpoint"):
        finetune(fake_quantise(*ternary), *data, Recipe(epochs=1), checkpoint=path)


def test_encoded_rows_train_as_their_samples_do(digits: Any, ternary: tuple[Program, NIRGraph]) -> None:
    x, y = digits.x_train[:50], digits.y_train[:50]
    first, second = fake_quantise(*ternary), fake_quantise(*ternary)
    finetune(first, x, y, encoder, Recipe(epochs=1))
    finetune(second, rate_code(x, STEPS), y, None, Recipe(epochs=1))
    assert first.to_program().content_hash == second.to_program().content_hash
    assert evaluate(first, x, y, encoder) == evaluate(second, rate_code(x, STEPS), y)


def test_what_cannot_be_trained_is_refused(digits: Any, ternary: tuple[Program, NIRGraph]) -> None:
    with pytest.raises(ConfigError) as caught:
        Recipe(epochs=0, lr=-1, batch_size=0, gradient_clip=0, distillation=2, label_smoothing=1)
    assert len(caught.value.violations) == 6
    with pytest.raises(InputError, match="go together"):
        finetune(fake_quantise(*ternary), digits.x_train, digits.y_train[:5], encoder)
    with pytest.raises(InputError, match=r"Classes are 0\.\.10; the network knows 0\.\.9"):
        finetune(fake_quantise(*ternary), digits.x_train[:2], [0, 10], encoder)
    with pytest.raises(InputError, match="The teacher gives"):
        few = nn.Sequential(MeanReadout(), nn.Linear(64, 3))
        finetune(fake_quantise(*ternary), digits.x_train[:9], digits.y_train[:9], encoder, teacher=few)
    with pytest.raises(CheckFailed, match="diverged"):
        teacher = nn.Sequential(MeanReadout(), nn.Linear(64, 10))
        nn.init.constant_(teacher[1].bias, float("inf"))
        finetune(fake_quantise(*ternary), digits.x_train[:9], digits.y_train[:9], encoder, teacher=teacher)


def test_a_gradient_that_is_no_number_ends_the_run(digits: Any, ternary: tuple[Program, NIRGraph]) -> None:
    """A neuron whose membrane is no number stays silent, so the loss alone would not tell."""
    network = fake_quantise(*ternary)
    network.weights["0"].values.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(CheckFailed, match="norm of its gradient nan"):
        finetune(network, digits.x_train[:9], digits.y_train[:9], encoder, Recipe(epochs=1))


def test_the_teacher_is_asked_as_a_copy(digits: Any, network: nn.Sequential, ternary: tuple[Program, NIRGraph]) -> None:
    """In float32 and evaluation mode, whatever mode and dtype the given one is in, which stays as it is."""
    data = digits.x_train[:40], digits.y_train[:40], encoder, Recipe(epochs=1)
    plain = copy.deepcopy(network).eval()
    given = nn.Sequential(*copy.deepcopy(network), nn.Dropout(0.9)).double().train()
    first, second = fake_quantise(*ternary), fake_quantise(*ternary)
    finetune(first, *data, teacher=plain)
    finetune(second, *data, teacher=given)
    assert first.to_program().content_hash == second.to_program().content_hash
    assert given.training and next(given.parameters()).dtype == torch.float64
