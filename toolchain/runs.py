"""The folder a training run leaves: both networks, the configuration and the measured accuracies."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..models.checkpoint import load_checkpoint, save_checkpoint
from ..models.errors import InputError
from ..models.files import atomic_folder
from ..models.networks import EIMLP
from .config import TrainConfig
from .training import TrainResult

MARKER = "run.json"
EXACT, FROZEN = "exact.safetensors", "frozen.safetensors"


@dataclass(frozen=True)
class Run:
    """A training run read back: exact and frozen network, configuration and metrics."""

    exact: EIMLP
    frozen: EIMLP
    config: TrainConfig
    metrics: dict[str, Any]


def save_run(result: TrainResult, config: TrainConfig, folder: str | os.PathLike[str]) -> None:
    """Write a run folder, whole or not at all; an earlier run there is replaced, anything else is refused."""
    with atomic_folder(folder, MARKER) as temporary:
        save_checkpoint(result.model, config.network, temporary / EXACT)
        save_checkpoint(result.frozen, config.network, temporary / FROZEN)
        content = {"schema_version": 1, "config": config.to_dict(), "metrics": result.metrics}
        (temporary / MARKER).write_text(json.dumps(content, indent=2) + "\n")


def load_run(folder: str | os.PathLike[str]) -> Run:
    """Read a run folder.

    Raises
    ------
    InputError
        If it is no run folder, or damaged.
    """
    path = Path(folder) / MARKER
    try:
        content = json.loads(path.read_text())
        config, metrics = TrainConfig.from_dict(content["config"]), dict(content["metrics"])
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} is no run folder: it holds no {MARKER}. Make one with spikewright train."
        ) from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged: {error}.") from error
    return Run(load_checkpoint(Path(folder) / EXACT), load_checkpoint(Path(folder) / FROZEN), config, metrics)
