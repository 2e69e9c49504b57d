"""Quantisation-aware training: a few epochs through the integers, from the float network's weights.

A plain loop, so that what a run needs to go on after an interruption is one safetensors file; it then ends in the same
numbers as a run that was never interrupted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from torch.nn.utils import clip_grad_norm_

from ...exporters.quantization import QuantisedNetwork
from ...models.copying import copy_module
from ...models.errors import CheckFailed, InputError
from ...models.files import writable_file
from .finetuning_recipe import Epoch, FineTuning, Recipe
from .finetuning_state import load_state, save_state

Encoder = Callable[[Tensor], Tensor]
"""Samples (B, ...) to rows (T, B, *input_shape); it may draw from torch's global generator."""
Progress = Callable[[int, int, float], None]
"""Called after every step with the steps done, the steps of the whole run, and the loss."""


def finetune(
    network: QuantisedNetwork,
    x: Any,
    y: Any,
    encoder: Encoder | None = None,
    recipe: Recipe | None = None,
    teacher: nn.Module | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> FineTuning:
    """Train `network` in place.

    Parameters
    ----------
    network : QuantisedNetwork
        With one output. Start from float weights (give `fake_quantise` the graph): integers have lost what lay between.
    x : array or Tensor
        Samples: (samples, ...) for the encoder; without one (T, samples, *input_shape), encoded already.
    y : (samples,) array or Tensor
        Classes.
    encoder : callable, optional
        Runs on every batch anew, so that it may also deform or dim the samples.
    recipe : Recipe, optional
    teacher : nn.Module, optional
        Float network whose logits, for the same rows, the network should give; by habit the one that was exported.
        A copy in float32 and evaluation mode is asked.
    progress : callable, optional
    checkpoint : path, optional
        Written after every epoch. If it is there, the run goes on behind its last epoch.

    Raises
    ------
    InputError
        If samples, classes and teacher do not go together, or the checkpoint is of another run.
    CheckFailed
        If a loss or gradient becomes infinite or undefined.
    """
    recipe = recipe or Recipe()
    x, y = torch.as_tensor(x), torch.as_tensor(y).long()
    _require_samples(network, x, y, axis=0 if encoder is not None else 1)
    if teacher is not None:
        teacher = copy_module(teacher).float().eval()
    optimiser = torch.optim.Adam(_groups(network, recipe.lr))
    history: list[Epoch] = []
    if checkpoint is not None:
        writable_file(checkpoint)
        history = [Epoch(*values) for values in load_state(checkpoint, network, optimiser, recipe, len(y))]
    resumed = len(history)
    network.train()
    with torch.random.fork_rng(devices=[]):
        for epoch in range(resumed, recipe.epochs):
            run = _Epoch(network, optimiser, recipe, teacher, epoch, progress)
            history.append(run.over(x, y, encoder))
            if checkpoint is not None:
                save_state(checkpoint, network, optimiser, recipe, len(y), [(e.loss, e.accuracy) for e in history])
    network.eval()
    return FineTuning(recipe, tuple(history), resumed)


def _require_samples(network: QuantisedNetwork, x: Tensor, y: Tensor, axis: int) -> None:
    if y.ndim != 1 or x.ndim <= axis or x.shape[axis] != len(y) or not len(y):
        raise InputError(f"Samples {tuple(x.shape)} and classes {tuple(y.shape)} do not go together along axis {axis}.")
    outputs = network.program.outputs
    if len(outputs) != 1:
        raise InputError(f"The program has {len(outputs)} outputs; train a network with one.")
    (lowest, highest), classes = y.aminmax(), network.program.source(outputs[0].population).size
    if lowest < 0 or highest >= classes:
        raise InputError(f"Classes are {lowest}..{highest}; the network knows 0..{classes - 1}.")


@torch.no_grad()
def evaluate(network: nn.Module, x: Any, y: Any, encoder: Encoder | None = None, batch_size: int = 500) -> float:
    """Share of samples whose largest output is the right class; `x`, `y` and `encoder` as in `finetune`."""
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    axis = 0 if encoder is not None else 1
    parts = [part if encoder is None else encoder(part) for part in x.split(batch_size, axis)]
    return (torch.cat([network(part).argmax(1) for part in parts]) == y).double().mean().item()


def _groups(network: QuantisedNetwork, lr: float) -> list[dict[str, Any]]:
    """Every trained tensor with its rate; one that starts at zero is taken for one of the size of a threshold."""
    sizes = {
        parameter: 1.0 if name.rpartition(".")[2].startswith("log_scale") else _rms(parameter)
        for name, parameter in network.named_parameters()
        if parameter.requires_grad
    }
    return [{"params": [parameter], "lr": lr * size, "start": lr * size} for parameter, size in sizes.items()]


def _rms(values: Tensor) -> float:
    return float(values.detach().square().mean().sqrt()) or 1.0 if values.numel() else 1.0


@dataclass(frozen=True, eq=False)
class _Epoch:
    """One pass over the samples in a random order."""

    network: QuantisedNetwork
    optimiser: torch.optim.Optimizer
    recipe: Recipe
    teacher: nn.Module | None
    number: int
    progress: Progress | None

    def over(self, x: Tensor, y: Tensor, encoder: Encoder | None) -> Epoch:
        """Train on all samples; their order follows from seed and epoch alone, so that a run can go on."""
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.number)
        batches = torch.randperm(len(y)).split(self.recipe.batch_size)
        total, right = 0.0, 0
        for done, rows in enumerate(batches):
            self._set_rate((self.number + done / len(batches)) / self.recipe.epochs)
            shown = x[:, rows] if encoder is None else encoder(x[rows])
            loss, found = self._step(shown, y[rows])
            total, right = total + loss * len(rows), right + int((found == y[rows]).sum())
            if self.progress is not None:
                self.progress(self.number * len(batches) + done + 1, self.recipe.epochs * len(batches), loss)
        return Epoch(total / len(y), right / len(y))

    def _set_rate(self, share: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = group["start"] * 0.5 * (1 + math.cos(math.pi * share))

    def _step(self, shown: Tensor, y: Tensor) -> tuple[float, Tensor]:
        logits = self.network(shown)
        loss = cross_entropy(logits, y, label_smoothing=self.recipe.label_smoothing)
        if self.teacher is not None:
            with torch.no_grad():
                wanted = self.teacher(shown.float())
            if wanted.shape != logits.shape:
                raise InputError(f"The teacher gives {tuple(wanted.shape)}, the network {tuple(logits.shape)}.")
            apart = kl_div(log_softmax(logits, 1), softmax(wanted, 1), reduction="batchmean")
            loss = (1 - self.recipe.distillation) * loss + self.recipe.distillation * apart
        self.optimiser.zero_grad()
        loss.backward()
        trained = [p for group in self.optimiser.param_groups for p in group["params"]]
        norm = clip_grad_norm_(trained, self.recipe.gradient_clip)
        if not bool(loss.isfinite() & norm.isfinite()):
            raise CheckFailed(
                f"Training diverged in epoch {self.number + 1}: the loss is {loss.item()}, the norm of its gradient "
                f"{norm.item()}. Lower the lr."
            )
        self.optimiser.step()
        self.network.clamp_()
        return loss.item(), logits.detach().argmax(1)
