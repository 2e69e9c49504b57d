"""State of an unfinished run of `finetune`: one safetensors file, no pickle."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ...exporters.quantization import QuantisedNetwork
from ...models.errors import InputError
from ...models.files import atomic_file
from .finetuning_recipe import Recipe

FORMAT = "spikewright.finetune"
FORMAT_VERSION = 1
Values = tuple[float, float]
"""Loss and accuracy of an epoch."""


def save_state(
    path: str | os.PathLike[str],
    network: QuantisedNetwork,
    optimiser: torch.optim.Optimizer,
    recipe: Recipe,
    samples: int,
    history: list[Values],
) -> None:
    """Write everything from which `load_state` goes on, atomically."""
    tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
    tensors |= {
        f"optimiser/{number}/{name}": value
        for number, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    header = {**_identity(network, recipe, samples), "history": history}
    copies = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    with atomic_file(path) as temporary:
        save_file(copies, temporary, metadata={FORMAT: json.dumps(header)})


def load_state(
    path: str | os.PathLike[str],
    network: QuantisedNetwork,
    optimiser: torch.optim.Optimizer,
    recipe: Recipe,
    samples: int,
) -> list[Values]:
    """Put a run's state into `network` and `optimiser`; the history of its epochs, empty where there is no file.

    Raises
    ------
    InputError
        If the file is damaged, or of a run with another program, recipe or number of samples.
    """
    if not Path(path).is_file():
        return []
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[FORMAT])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        history = [(float(loss), float(accuracy)) for loss, accuracy in header["history"]]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no checkpoint of finetune ({error!r}). Remove it to start anew.") from error
    wanted = json.loads(json.dumps(_identity(network, recipe, samples)))
    if other := [
        f"{name} {header.get(name)!r}, here {value!r}" for name, value in wanted.items() if header.get(name) != value
    ]:
        raise InputError(f"{path} is of another run; remove it to start anew:", other)
    state: dict[int, dict[str, Any]] = {}
    for name in [name for name in tensors if name.startswith("optimiser/")]:
        _, number, field = name.split("/")
        state.setdefault(int(number), {})[field] = tensors.pop(name)
    try:
        network.load_state_dict({name.removeprefix("network/"): value for name, value in tensors.items()})
    except RuntimeError as error:
        raise InputError(f"{path} does not fit the network: {error}. Remove it to start anew.") from error
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return history


def _identity(network: QuantisedNetwork, recipe: Recipe, samples: int) -> dict[str, Any]:
    return {
        "version": FORMAT_VERSION,
        "program": network.program.content_hash,
        "recipe": asdict(recipe),
        "samples": samples,
    }
