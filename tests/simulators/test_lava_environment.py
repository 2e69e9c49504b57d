"""Finding and making the Lava environment, with small scripts in the place of interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spikewright.models.errors import BackendUnavailable, InputError
from spikewright.simulators import lava_environment, python310
from spikewright.simulators.lava_environment import STATE_FILE, create_lava_environment, find_lava_python, is_ready
from spikewright.simulators.python310 import find_python310


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def lava_python(path: Path) -> Path:
    return script(path, 'echo "3.10 0.10.0 1.26.4 1.15.3"')


# Answers what is asked for: its version, and after `-m venv FOLDER` there is such an environment.
MAKER = """case "$1 $2" in
"-m venv") mkdir -p "$3/bin"
           printf '#!/bin/sh\\ncase "$1" in -c) echo "3.10 0.10.0";; *) exit %d;; esac\\n' > "$3/bin/python"
           chmod 755 "$3/bin/python"; echo made >> "$3/../log";;
*) echo 3.10;;
esac"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """A computer with neither Lava nor Python 3.10."""
    for variable in ("SPIKEWRIGHT_LAVA_PYTHON", "SPIKEWRIGHT_PYTHON310", "PYENV_ROOT", "PYENV_VERSION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    monkeypatch.setattr(python310.shutil, "which", lambda name: _which(tmp_path / "bin", name))
    monkeypatch.chdir(tmp_path)
    # The checkout's own environment, if it has one, is not part of this computer.
    monkeypatch.setattr(lava_environment, "__file__", str(tmp_path / "package" / "simulators" / "lava_environment.py"))


def _which(folder: Path, name: str) -> str | None:
    found = folder / name if "/" not in name else Path(name)
    return str(found) if found.exists() else None


def test_nothing_found_names_the_command():
    with pytest.raises(
        BackendUnavailable, match=r"python -m spikewright\.simulators\.lava_environment .*data"
    ) as error:
        find_lava_python()
    assert error.value.exit_code == 4


def test_the_variable_comes_first_and_is_never_passed_over(tmp_path, monkeypatch):
    lava_python(tmp_path / ".venv-lava" / "bin" / "python")
    mine = lava_python(tmp_path / "mine" / "python")
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", str(mine))
    assert find_lava_python() == mine
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", str(script(tmp_path / "old", 'echo "3.11 0.10.0"')))
    with pytest.raises(BackendUnavailable, match="old"):
        find_lava_python()


def test_the_current_folder_comes_before_the_users_own(tmp_path):
    own = lava_python(tmp_path / "data" / "spikewright" / "lava" / "bin" / "python")
    assert find_lava_python() == own
    here = lava_python(tmp_path / ".venv-lava" / "bin" / "python")
    assert find_lava_python() == here


def test_a_half_made_environment_is_not_taken(tmp_path):
    lava_python(tmp_path / ".venv-lava" / "bin" / "python")
    (tmp_path / ".venv-lava" / STATE_FILE).touch()
    assert not is_ready(tmp_path / ".venv-lava")
    with pytest.raises(BackendUnavailable):
        find_lava_python()


def test_a_python_on_the_path_counts_only_if_it_runs(tmp_path, monkeypatch):
    script(tmp_path / "bin" / "python3.10", "exit 127")
    with pytest.raises(BackendUnavailable, match=r"Python 3\.10"):
        find_python310()
    pyenv = script(tmp_path / "home" / ".pyenv" / "versions" / "3.10.13" / "bin" / "python", "echo 3.10")
    assert find_python310() == pyenv
    working = script(tmp_path / "bin" / "python3.10", "echo 3.10")
    assert find_python310() == working
    monkeypatch.setenv("SPIKEWRIGHT_PYTHON310", str(pyenv))
    assert find_python310() == pyenv
    monkeypatch.setenv("SPIKEWRIGHT_PYTHON310", sys.executable if sys.version_info[:2] != (3, 10) else "/nowhere")
    with pytest.raises(BackendUnavailable, match="SPIKEWRIGHT_PYTHON310"):
        find_python310()


def test_conda_and_uv_are_asked(tmp_path):
    conda = script(tmp_path / "envs" / "ten" / "bin" / "python", "echo 3.10")
    script(tmp_path / "bin" / "conda", f"""echo '{{"envs": ["/nowhere", "{conda.parent.parent}"]}}'""")
    assert find_python310() == conda
    managed = script(tmp_path / "uv-python", "echo 3.10")
    script(tmp_path / "bin" / "uv", f"echo {managed}")
    assert find_python310() == managed


def test_uv_installs_one_as_the_last_way(tmp_path):
    managed = tmp_path / "uv-python"
    install = f"printf '#!/bin/sh\\necho 3.10\\n' > {managed}; chmod 755 {managed}"
    script(tmp_path / "bin" / "uv", f'case "$2" in install) {install};; *) test -e {managed} && echo {managed};; esac')
    assert find_python310() == managed


def test_making_one_is_whole_and_done_once(tmp_path):
    script(tmp_path / "bin" / "python3.10", MAKER % 0)
    folder = tmp_path / "lava"
    assert create_lava_environment(folder) == folder / "bin" / "python"
    assert is_ready(folder)
    create_lava_environment(folder)
    assert (tmp_path / "log").read_text() == "made\n"
    (folder / STATE_FILE).write_text("lava-nc==0.9\n")
    create_lava_environment(folder)
    assert (tmp_path / "log").read_text() == "made\nmade\n"


def test_a_failed_installation_is_never_taken_for_an_environment(tmp_path):
    script(tmp_path / "bin" / "python3.10", MAKER % 3)
    folder = tmp_path / "lava"
    with pytest.raises(BackendUnavailable, match="-m pip install"):
        create_lava_environment(folder)
    assert not is_ready(folder)
    script(tmp_path / "bin" / "python3.10", MAKER % 0)
    create_lava_environment(folder)
    assert is_ready(folder)


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "lava").mkdir()
    (tmp_path / "lava" / "thesis.txt").touch()
    with pytest.raises(InputError, match="Nothing was changed"):
        create_lava_environment(tmp_path / "lava")
    assert (tmp_path / "lava" / "thesis.txt").exists()
    made_by_hand = lava_python(tmp_path / "by-hand" / "bin" / "python")
    assert create_lava_environment(tmp_path / "by-hand") == made_by_hand


def test_the_command_exits_4_without_a_python310(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path / "bin"), "SPIKEWRIGHT_PYTHON310": "/nowhere/python"}
    command = [sys.executable, "-m", "spikewright.simulators.lava_environment", str(tmp_path / "lava")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 4
    assert "SPIKEWRIGHT_PYTHON310" in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "lava").exists()


def test_the_module_starts_without_heavy_packages():
    code = "import sys; import spikewright.simulators.lava_environment; print(*sys.modules)"
    modules = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not modules & {"numpy", "torch", "nir", "h5py"}
