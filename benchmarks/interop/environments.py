"""One virtual environment per framework, made once in a cache folder outside the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

TORCH = ("torch==2.13.0",)
PYTHON = "python3.11"
LIMIT_S = 900


@dataclass(frozen=True)
class Framework:
    """What is installed where.

    Attributes
    ----------
    name : str
        Folder of the fixtures; the generator is ``<name>_nets.py``.
    alone : tuple of str
        Requirements installed without what they ask for: those that would pull torchvision and with it another torch.
    rest : tuple of str
        Requirements installed as usual, before `alone`.
    packages : tuple of str
        Whose versions a result states.
    torch : bool
        Whether it computes with torch, which is installed first.
    python : str
        Interpreter that the environment is made of.
    """

    name: str
    alone: tuple[str, ...]
    rest: tuple[str, ...] = field(default=("nir==1.0.8", "nirtorch==2.6.0"))
    packages: tuple[str, ...] = ()
    torch: bool = True
    python: str = PYTHON


FRAMEWORKS = (
    Framework("snntorch", ("snntorch==1.0.0",), packages=("snntorch", "nir", "nirtorch", "torch")),
    Framework(
        "spikingjelly",
        ("spikingjelly==2.0.0",),
        ("nir==1.0.8", "nirtorch==2.6.0", "loguru", "tqdm", "matplotlib", "scipy"),
        ("spikingjelly", "nir", "nirtorch", "torch"),
    ),
    Framework("norse", ("norse==1.1.0",), packages=("norse", "nir", "nirtorch", "torch")),
    Framework(
        "sinabs",
        ("sinabs==3.1.3",),
        ("nir==1.0.4", "nirtorch==2.0.2", "pbr", "matplotlib"),
        ("sinabs", "nir", "nirtorch", "torch"),
    ),
    Framework(
        "rockpool",
        ("rockpool==3.1.0",),
        ("nir==1.0.8", "nirtorch==2.6.0", "scipy", "numba"),
        ("rockpool", "nir", "nirtorch", "torch"),
    ),
    Framework(
        "spyx",
        ("spyx==1.0.0",),
        ("nir==1.0.8", "jax==0.10.2", "flax==0.12.8", "optax", "grain", "jax-tqdm"),
        ("spyx", "nir", "jax", "flax"),
        torch=False,  # it computes with JAX
    ),
)
SIMULATORS = (
    Framework("brian2", ("setuptools",), ("brian2==2.11.0",), ("brian2",), torch=False, python="python3.13"),
    Framework("nest", (), ("nest-simulator==3.10.0",), ("nest",), torch=False),
)
"""Simulators of networks that are written for them, not read from NIR files."""


def cache_folder() -> Path:
    """Where environments live: ``$SPIKEWRIGHT_CACHE_DIR/interop``, else the user's own place for caches."""
    if chosen := os.environ.get("SPIKEWRIGHT_CACHE_DIR"):
        return Path(chosen) / "interop"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spikewright" / "interop"


def make(framework: Framework, cache: Path) -> Path:
    """Return the Python of the framework's environment; an environment of the same recipe is taken as it is.

    Raises
    ------
    RuntimeError
        If something does not install, with the last lines of what pip said.
    """
    folder = cache / framework.name
    marker, python = folder / "recipe.json", folder / "bin" / "python"
    recipe = json.dumps([TORCH, framework.rest, framework.alone])
    if marker.is_file() and marker.read_text() == recipe:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    # Where pyenv holds the interpreters, it has to be told which; elsewhere nobody reads the variable.
    _run([framework.python, "-m", "venv", str(folder)], PYENV_VERSION=framework.python.removeprefix("python"))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if framework.torch:
        _run([*pip, *TORCH, "numpy", "h5py"])
    _run([*pip, *framework.rest])
    if framework.alone:
        _run([*pip, "--no-deps", *framework.alone])
    marker.write_text(recipe)
    return python


def _run(command: list[str], **variables: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=os.environ | variables)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and "WARNING" not in line]
        raise RuntimeError(" ".join(lines[-3:]))
