"""What the README shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.files import write_nir

README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.mark.lava
def test_python_example_runs_as_it_stands(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "exported").mkdir()
    write_nir(chain([rng.normal(0, 0.1, (30, 784)), rng.normal(0, 0.5, (10, 30))]), tmp_path / "exported/network.nir")
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "network.program").is_file() and (tmp_path / "report.html").is_file()
    assert re.match(r"\[.*\] \d+ nJ and \d+ us per sample", done.stdout)


def test_every_command_is_listed() -> None:
    from spikewright.toolchain.cli.main import app

    table = README.split("## Commands")[1].split("## ")[0]
    for command in app.registered_commands:
        assert f"`{command.name}`" in table, command.name


def test_two_commands_do_all_set_up() -> None:
    (block,) = re.findall(r"## Start\n\n```\n(.*?)```", README, re.DOTALL)
    assert block.split("\n") == ["make demo", "make test", ""]
