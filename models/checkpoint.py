"""A network in one file: safetensors tensors, and the configuration as JSON in the same file's header.

One file cannot fall apart into tensors and configuration of different runs, and it holds no pickle.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import InputError
from .files import atomic_file
from .networks import EIMLP, EIMLPConfig

FORMAT = "spikewright.checkpoint"
FORMAT_VERSION = 1


def save_checkpoint(model: EIMLP, config: EIMLPConfig, path: str | os.PathLike[str]) -> None:
    """Write `model` to one safetensors file, atomically.

    Parameters
    ----------
    model : EIMLP
        Exact or frozen, annealed or not (`EIMLP.frozen` and `EIMLP.annealed` are stored).
    config : EIMLPConfig
        What the model was built from.
    path : path
        File to write, by habit ``*.safetensors``.

    Raises
    ------
    InputError
        If the folder does not exist, or if the tensors of `model` are not those of a network of this `config`.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    _require_match(tensors, EIMLP(config, model.frozen, model.annealed), "the model to save")
    header = {"version": FORMAT_VERSION, "network": config.to_dict(), "frozen": model.frozen}
    if model.annealed:  # a file without this entry holds circuits that divide
        header["annealed"] = True
    with atomic_file(path) as temporary:
        save_file(tensors, temporary, metadata={FORMAT: json.dumps(header)})


def load_checkpoint(path: str | os.PathLike[str]) -> EIMLP:
    """Read a network that `save_checkpoint` wrote; exact or frozen, in the stored precision.

    Returns
    -------
    EIMLP
        In evaluation mode. Its configuration is ``model.config``, its kind ``model.frozen``.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or version, or if its tensors do not fit its configuration.
    ConfigError
        If the stored configuration cannot be built.
    """
    source = Path(path)
    if not source.is_file():
        raise InputError(f"There is no checkpoint file {source}.")
    try:
        with safe_open(source, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise InputError(f"{source} is not a readable safetensors file ({error}). Write it again.") from error
    config, frozen, annealed = _read_header(metadata, source)
    model = EIMLP(config, frozen, annealed)
    _require_match(tensors, model, str(source))
    if any(tensor.dtype == torch.float64 for tensor in tensors.values()):
        model = model.double()
    model.load_state_dict(tensors)
    return model.eval()


def _read_header(metadata: dict[str, str], source: Path) -> tuple[EIMLPConfig, bool, bool]:
    try:
        header = json.loads(metadata[FORMAT])
        version, network, frozen = header["version"], dict(header["network"]), bool(header["frozen"])
        annealed = bool(header.get("annealed", False))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{source} is a safetensors file, but its header holds no complete {FORMAT!r} entry. "
            "Only files of save_checkpoint say how to build their network."
        ) from error
    if version != FORMAT_VERSION:
        raise InputError(f"{source} has checkpoint version {version}, this program reads {FORMAT_VERSION}.")
    return EIMLPConfig.from_dict(network), frozen, annealed


def _require_match(tensors: dict[str, Tensor], model: EIMLP, where: str) -> None:
    expected = model.state_dict()
    violations = [f"tensor {name} is missing" for name in expected if name not in tensors]
    for name, tensor in tensors.items():
        if name not in expected:
            violations.append(f"tensor {name} does not belong to this network")
        elif tensor.shape != expected[name].shape:
            violations.append(f"tensor {name} has shape {tuple(tensor.shape)}, not {tuple(expected[name].shape)}")
        elif not bool(torch.isfinite(tensor).all()):
            violations.append(f"tensor {name} holds infinity or NaN")
    if violations:
        raise InputError(f"The tensors of {where} do not fit its configuration.", violations)
