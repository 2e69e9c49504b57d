"""A model from the user's own code, with the user's own weights. Both may fail in any way, and that is told plainly."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..models.errors import InputError


def load_user_model(text: str, weights: str | None) -> Any:
    """Call the function that `text` names and load `weights` into the module it returns.

    Parameters
    ----------
    text : str
        ``package.module:function`` or ``file.py:function``.
    weights : str or None
        safetensors file, or a .pt file of a state dict, which is read with ``weights_only``.

    Returns
    -------
    nn.Module

    Raises
    ------
    InputError
        If the code cannot be imported or raises, returns no module, or the weights do not fit.
    """
    from torch import nn

    place, _, name = text.rpartition(":")
    build = getattr(_import(place), name, None)
    if not callable(build):
        raise InputError(f"{place} has no function {name!r}.")
    try:
        model = build()
    except (Exception, SystemExit) as error:  # the user's own code may raise anything
        raise InputError(f"{text} raised {type(error).__name__}: {error}") from error
    if not isinstance(model, nn.Module):
        raise InputError(f"{text} returned a {type(model).__name__}, not an nn.Module.")
    if weights is not None:
        _load_weights(model, Path(weights))
    return model


def _import(place: str) -> Any:
    path = Path(place).resolve()
    if place.endswith(".py") and not path.is_file():
        raise InputError(f"There is no file {place}.")
    try:
        with _searched(Path.cwd()):
            return _import_file(path) if place.endswith(".py") else importlib.import_module(place)
    except (Exception, SystemExit) as error:  # the user's own code may raise anything
        raise InputError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error


def _import_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"spikewright_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no loader for {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up while it is being executed
    try:
        with _searched(path.parent):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


@contextmanager
def _searched(folder: Path) -> Iterator[None]:
    """Find modules in `folder`, as ``python my.py`` and ``python -m package`` would."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _load_weights(model: Any, path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    if not path.is_file():
        raise InputError(f"There is no weights file {path}.")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state)
    except Exception as error:  # a foreign file may fail at any place of either reader
        raise InputError(f"{path} cannot be read as safetensors or as a state dict of torch: {error}") from error
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise InputError(f"The weights in {path} do not fit the model: {error}") from error
