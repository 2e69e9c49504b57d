"""The public surface, and what using a part of it must not drag in."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from samples import a_program

ROOT = Path(__file__).parents[2]
FLOORS = ("models", "exporters", "simulators", "toolchain")


def test_every_public_name_is_there_and_documented() -> None:
    import spikewright.exporters
    import spikewright.models
    import spikewright.simulators
    import spikewright.toolchain

    for floor in (spikewright.models, spikewright.exporters, spikewright.simulators, spikewright.toolchain):
        for name in dir(floor):
            assert getattr(floor, name).__doc__, f"{floor.__name__}.{name}"
    with pytest.raises(AttributeError, match="fly"):
        _ = spikewright.toolchain.fly


def test_running_a_saved_program_imports_no_training_stack(tmp_path: Path) -> None:
    a_program().save(tmp_path / "p.program")
    np.save(tmp_path / "x.npy", np.ones((3, 2, 3)))
    code = (
        "import sys; from spikewright.toolchain.cli import main;"
        "code = main(['simulate', 'p.program', '--data', 'x.npy', '--json']);"
        "heavy = {'torch', 'nir', 'lightning', 'snntorch', 'sklearn', 'matplotlib', 'lava', 'scipy.sparse'};"
        "heavy &= set(sys.modules);"
        "sys.exit(code or (str(heavy) if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_package_is_installed() -> None:
    listed = (ROOT / "pyproject.toml").read_text()
    for floor in FLOORS:
        for init in (ROOT / floor).rglob("__init__.py"):
            package = ".".join(("spikewright", *init.parent.relative_to(ROOT).parts))
            if "runner" not in package:
                assert f'"{package}"' in listed, package


def test_every_folder_of_code_is_a_package() -> None:
    for floor in FLOORS:
        for file in (ROOT / floor).rglob("*.py"):
            assert (file.parent / "__init__.py").exists() or file.parent.name == "runner", file
