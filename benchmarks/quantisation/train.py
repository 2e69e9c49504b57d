"""Float references: trained once per seed, kept as safetensors, and trained anew where the file is absent."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from spikewright.models.annealing import share_at
from spikewright.models.ei import anneal_divisors, clamp_constraints
from spikewright.models.encoders import rate_code
from spikewright.models.files import atomic_file
from spikewright.models.freezing import freeze_gain
from spikewright.models.neurons import LIF
from spikewright.toolchain.data.jitter import jitter

from .data import CALIBRATION, Part, images
from .nets import PIXELS, STEPS
from .recipes import RECIPES, Recipe

CACHE = Path(__file__).parents[1] / "cache"
TUNED_EPOCHS = {"ei_digits": 10, "ei_mnist": 1}
"""Passes over the data of a network whose gain is frozen or being annealed, from the exact network on."""
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
"""The same recipe ends in other bits on another device; the results say which it was."""


def encoded(x: Tensor, kind: str, steps: int) -> Tensor:
    """Input rows (T, B, ...) of intensities (B, pixels); `kind` as in `Recipe.input`."""
    if kind == "direct":
        return x.expand(steps, *x.shape)
    return rate_code(x if kind == "spikes" else x.reshape(-1, 1, PIXELS, PIXELS), steps)


def logits(model: nn.Module, x: Tensor, kind: str, steps: int) -> Tensor:
    """Logits (B, classes) of intensities (B, pixels); `kind` as in `Recipe.input`.

    The first circuit of an input that never changes is computed once, not in every step.
    """
    if kind != "direct":
        return model(encoded(x, kind, steps))
    first, *rest = model.children()
    current = first.circuit(x)
    x = first.lif(current.expand(steps, *current.shape))
    for block in rest:
        x = block(x)
    return x


def trained(name: str, seed: int, recipe: Recipe | None = None, cache: Path = CACHE) -> nn.Module:
    """Network `name` of this seed in evaluation mode, from the cache or trained.

    An interrupted run goes on at its last whole epoch, and ends as if it had never been interrupted.
    """
    path = _path(name, seed, recipe, cache)
    recipe = recipe or RECIPES[name]
    torch.manual_seed(seed)
    model = recipe.build()
    if recipe.input == "direct":
        logits(model, images(recipe.data).train[0][: recipe.batch], "direct", 1)  # E-I Init
    return _run(model, path, recipe, seed)


def trained_on(name: str, seed: int) -> str:
    """Device that the last epoch of a network in the cache ran on."""
    with safe_open(_path(name, seed), framework="pt") as file:
        return file.metadata()["device"]


def tuned(name: str, seed: int) -> nn.Module:
    """The E-I network `name` with its gains frozen, trained further as ordinary layers."""
    recipe = replace(RECIPES[name], steps=(STEPS,) * TUNED_EPOCHS[name], lr=0.02)
    example = encoded(images(recipe.data).train[0][:CALIBRATION], "direct", 1)
    path = CACHE / f"{name}-{RECIPES[name].digest()}-tuned-{recipe.digest()}-seed{seed}.safetensors"
    return _run(freeze_gain(trained(name, seed), example), path, recipe, seed)


def annealed(name: str, seed: int) -> nn.Module:
    """The E-I network `name`, trained further while its divisors become constant."""
    recipe = replace(RECIPES[name], steps=(STEPS,) * TUNED_EPOCHS[name], lr=0.05)
    path = CACHE / f"{name}-{RECIPES[name].digest()}-annealed-{recipe.digest()}-seed{seed}.safetensors"
    model = trained(name, seed)
    anneal_divisors(model, 0.0)
    return _run(model, path, recipe, seed, anneal=True)


def _path(name: str, seed: int, recipe: Recipe | None = None, cache: Path = CACHE) -> Path:
    return cache / f"{name}-{(recipe or RECIPES[name]).digest()}-seed{seed}.safetensors"


def _run(model: nn.Module, path: Path, recipe: Recipe, seed: int, anneal: bool = False) -> nn.Module:
    model.to(DEVICE)
    optimiser = _optimiser(model, recipe)
    done = _load(path, model, optimiser) if path.exists() else 0
    for epoch in range(done, len(recipe.steps)):
        begin = perf_counter()
        loss = _epoch(model, optimiser, recipe, epoch, seed, anneal)
        _save(path, model, optimiser, epoch + 1)
        print(f"{path.stem} epoch {epoch + 1}: loss {loss:.4f}, {perf_counter() - begin:.0f} s", file=sys.stderr)
    return model.cpu().eval()


@torch.no_grad()
def accuracy(model: nn.Module, part: Part, kind: str, steps: int = STEPS) -> float:
    """Share of images whose largest logit is the right class."""
    x, y = part
    found = torch.cat([logits(model, rows, kind, steps).argmax(1) for rows in x.split(500)])
    return (found == y).double().mean().item()


def _epoch(
    model: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe, epoch: int, seed: int, anneal: bool
) -> float:
    torch.manual_seed(1000 * seed + epoch)
    model.train()
    x, y = images(recipe.data).train
    batches = torch.randperm(len(x)).split(recipe.batch)
    total = torch.zeros((), device=DEVICE)
    for number, rows in enumerate(batches):
        step, steps = epoch * len(batches) + number, len(recipe.steps) * len(batches)
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * 0.5 * (1 + math.cos(math.pi * step / steps))
        if anneal:
            anneal_divisors(model, share_at(step, steps))
        optimiser.zero_grad()
        shown = jitter(x[rows], *recipe.jitter).to(DEVICE)
        found = logits(model, shown, recipe.input, recipe.steps[epoch])
        loss = cross_entropy(found, y[rows].to(DEVICE), label_smoothing=recipe.smoothing)
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        clamp_constraints(model)
        total += loss.detach()
    return total.item() / len(batches)


def _optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    thresholds = [m.threshold for m in model.modules() if isinstance(m, LIF)]
    known = {id(threshold) for threshold in thresholds}
    weights = [p for p in model.parameters() if id(p) not in known]
    low = recipe.lr * recipe.threshold_lr
    groups = [{"params": weights, "lr": recipe.lr, "initial_lr": recipe.lr}]
    groups += [{"params": thresholds, "lr": low, "initial_lr": low, "weight_decay": 0.0}]
    if recipe.optimiser == "adam":
        return torch.optim.Adam(groups)
    return torch.optim.SGD(groups, momentum=0.9, weight_decay=5e-4)


def _save(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, epochs: int) -> None:
    tensors = {f"model.{n}": t.contiguous() for n, t in model.state_dict().items()}
    tensors |= {f"optimiser.{n}": t.contiguous() for n, t in _moments(optimiser)}
    path.parent.mkdir(parents=True, exist_ok=True)
    device = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "CPU"
    with atomic_file(path) as temporary:
        save_file(tensors, temporary, metadata={"epochs": str(epochs), "device": device})


def _load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    with safe_open(path, framework="pt") as file:
        epochs = int(file.metadata()["epochs"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    model.load_state_dict({n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")})
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, moment = name.split(".")
            state.setdefault(int(index), {})[moment] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return epochs


def _moments(optimiser: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    for index, moments in optimiser.state_dict()["state"].items():
        for name, tensor in moments.items():
            if isinstance(tensor, Tensor):
                yield f"{index}.{name}", tensor
