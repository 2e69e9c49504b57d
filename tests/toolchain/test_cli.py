"""Commands as a user types them: results, exit codes, one-paragraph errors, nothing half-written."""

import json
import subprocess
import sys
from os import times
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
import torch

import strangers
from graphs import chain
from samples import layered
from spikewright.exporters.nir.files import write_nir
from spikewright.simulators.run import simulate

pytestmark = pytest.mark.torch
BUILD = f"{Path(strangers.__file__)}:tutorial"


@pytest.fixture
def stranger(tmp_path: Path) -> list:
    torch.manual_seed(1)
    torch.save(strangers.tutorial().state_dict(), tmp_path / "w.pt")
    return [BUILD, "--weights", "w.pt", "--example", "1,20"]


def grey(tmp_path: Path) -> str:
    np.save(tmp_path / "grey.npy", np.random.default_rng(0).random((7, 3, 20)))
    return "grey.npy"


def binary(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    x = np.repeat((rng.random((1, 30, 20)) < 0.5).astype(np.float32), 7, axis=0)
    np.savez(tmp_path / "x.npz", x=x, y=rng.integers(0, 5, 30))
    return "x.npz"


def test_a_strangers_network_leaves_as_nir_program_and_lava_folder(run, stranger, tmp_path: Path) -> None:
    code, out, _ = run("export", *stranger, "--out", "made")
    assert code == 0, out
    assert {p.name for p in (tmp_path / "made").iterdir()} == {"network.nir", "network.program", "lava", "export.json"}
    assert (tmp_path / "made/lava/run.py").is_file()
    assert "wrote nir" in out and "loss" in out
    binary(tmp_path)
    code, out, _ = run("simulate", "made/network.program", "--data", "x.npz", "--json")
    content = json.loads(out)
    assert code == 0 and content["schema_version"] == 1
    assert set(content["energy"]) == {"horowitz-45nm", "loihi1-davies2018", "loihi1-nahuku-fit"}
    assert 0 < content["activity"]["sparsity"] < 1
    code, out, _ = run("compare", *stranger, "--data", "x.npz", "--targets", "torch,run_graph,oracle", "--json")
    pairs = json.loads(out)["pairs"]
    assert code == 0 and pairs[0]["mismatches"] == 0 and pairs[1]["spike_agreement"] > 0.98
    code, out, _ = run("evaluate", *stranger, "--data", "x.npz", "--json")
    assert code == 0 and set(json.loads(out)["accuracy"]) == {"torch", "run_graph", "oracle", "engine"}


def test_a_module_is_not_given_inputs_by_name(run, stranger, tmp_path: Path) -> None:
    np.savez(tmp_path / "named.npz", **{"x/input": np.ones((7, 3, 20), np.uint8)})
    code, _, error = run("compare", *stranger, "--data", "named.npz", "--targets", "torch,oracle")
    assert (code, "A module takes one array x, given are inputs by name: input." in error) == (2, True)


def test_weights_may_be_safetensors_and_source_a_nir_file(run, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(dict(strangers.tutorial().state_dict()), tmp_path / "w.safetensors")
    code, out, _ = run("export", BUILD, "--weights", "w.safetensors", "--example", "1,20", "--to", "nir", "--out", "a")
    assert code == 0 and not (tmp_path / "a/lava").exists()
    code, out, _ = run("export", "a/network.nir", "--bits", "4", "--out", "b", "--json")
    assert code == 0 and json.loads(out)["settings"]["weight_bits"] == [4, "argument"]


LOWERING = (
    ("--bits", "8", "weight_bits"), ("--reset", "zero", "reset"), ("--dt", "1e-4", "dt_s"), ("--cycle", "hop", "cycle"),
)  # fmt: skip
WRITERS = [
    *([command, "nothing.nir", "--data", "nothing.npy"] for command in ("simulate", "compare", "evaluate", "check")),
    *(["inspect", "nothing.nir"], ["chips"], ["doctor"]),
]
"""Commands that write their JSON to a file; that it cannot be written is told before what else is wrong."""


def bad_inputs() -> list:
    return [
        (["simulate", "not.nir", "--data", "x.npz"], 2, "neither a NIR file"),
        (["simulate", "nothing.nir", "--data", "x.npz"], 2, "no file or folder nothing.nir"),
        (["export", BUILD, "--weights", "nan.pt", "--example", "1,20"], 2, "NaN or infinite"),
        (["export", BUILD, "--weights", "negative.pt", "--example", "1,20"], 2, "must be >= 0"),
        (["export", BUILD, "--weights", "other.pt", "--example", "1,20"], 2, "do not fit the model"),
        (["export", BUILD, "--weights", "not.nir", "--example", "1,20"], 2, "cannot be read"),
        (["export", BUILD, "--example", "1,20", "--chip", "loihi9"], 2, "Chip 'loihi9' is unknown"),
        (
            ["export", BUILD, "--example", "1,20", "--chip", "loihi1-davies2018", "--calibrate", "grey.npy"],
            3,
            "carry no value",
        ),
        (["export", BUILD, "--example", "1,twenty"], 2, "no shape"),
        (["export", BUILD], 2, "--example"),
        (["export", BUILD + "_default", "--example", "1,20"], 2, "--reset zero"),
        (["export", BUILD.replace("tutorial", "nobody"), "--example", "1,20"], 2, "no function 'nobody'"),
        (["export", BUILD, "--example", "1,20", "--to", "nir,netlist"], 2, "netlist is unknown"),
        (["export", BUILD, "--example", "1,20", "--out", "missing/folder"], 2, "does not exist"),
        (["simulate", "good.nir", "--data", "nothing.npy"], 2, "neither a known set"),
        (["simulate", "good.nir", "--data", "not.nir"], 2, "cannot be read as an array"),
        (["simulate", "good.nir", "--data", "x.npz", "--backend", "chip"], 2, "oracle, lava"),
        (["simulate", "good.nir", "--data", "x.npz", "--backend", "lava"], 4, "SPIKEWRIGHT_LAVA_PYTHON"),
        (["simulate", "good.nir", "--data", "torn.npz"], 2, "cannot be read as an array"),
        (["evaluate", "good.nir", "--data", "texts.npz"], 2, "one class per sample"),
        (["export", BUILD, "--example", "1,20", "--to", ""], 2, "known are nir, program, lava"),
        (["export", BUILD, "--example", "1,20", "--out", "."], 2, "current folder"),
        (["export", "leaving.py:build", "--example", "1,20"], 2, "raised SystemExit"),
        (["compare", "good.nir", "--data", "x.npz", "--targets", "oracle,oracle"], 2, "two different targets"),
        (["train", "--config", "bad.toml"], 2, "did you mean 'epochs'"),
        (["doctor", "--require", "chip"], 2, "Backend 'chip' is unknown"),
        (["simulate", "good.nir", "--data", "x.npz", "--dt", "0"], 2, "a time step is positive"),
        *(
            (["simulate", "p.program", "--data", "x.npz", *option], 2, f"nothing is left to lower with {name}")
            for *option, name in LOWERING
        ),
        *(
            ([command, "p.program", "--data", "x.npz", "--bits", "8"], 2, "nothing is left to lower with weight_bits")
            for command in ("compare", "evaluate", "check")
        ),
        (
            ["export", "p.program", "--to", "program", "--chip", "horowitz-45nm"],
            2,
            "nothing is left to lower with chip",
        ),
        *(([*words, "--out", "."], 2, "it is a folder") for words in WRITERS),
        *(([*words, "--out", "missing/file"], 2, "does not exist") for words in WRITERS),
        *(([command, "--out", "x.npz"], 2, "was not written by spikewright") for command in ("train", "demo")),
    ]


def files(folder: Path) -> list[Path]:
    """Everything in `folder` but the bytecode that Python may keep of a user's module."""
    return sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)


@pytest.mark.parametrize(("words", "code", "message"), bad_inputs())
def test_bad_input_is_one_paragraph_and_an_exit_code(run, tmp_path: Path, monkeypatch, words, code, message) -> None:
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")
    (tmp_path / "not.nir").write_text("these are no numbers")
    (tmp_path / "bad.toml").write_text("epoch = 3\n")
    write_nir(chain([np.random.default_rng(0).normal(size=(5, 20))]), tmp_path / "good.nir")
    layered((20, 6, 5)).save(tmp_path / "p.program")
    grey(tmp_path), binary(tmp_path)
    (tmp_path / "torn.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:200])
    np.savez(tmp_path / "texts.npz", x=np.ones((2, 3, 20)), y=np.array(["a", "b", "c"]))
    (tmp_path / "leaving.py").write_text("import sys\ndef build():\n    sys.exit(0)\n")
    state = strangers.tutorial().state_dict()
    torch.save({**state, "fc1.weight": torch.full((12, 20), float("nan"))}, tmp_path / "nan.pt")
    torch.save({**state, "lif1.threshold": torch.tensor(-1.0)}, tmp_path / "negative.pt")
    torch.save({"fc1.weight": torch.zeros(3)}, tmp_path / "other.pt")
    before = files(tmp_path)
    got, out, err = run(*words)
    assert got == code, err
    assert message in err and "Traceback" not in err and err.startswith("error: ")
    assert files(tmp_path) == before, "nothing may be written"
    got, out, err = run(*words, "--json")
    assert got == json.loads(out)["exit_code"] == code


def test_somebody_elses_folder_is_not_overwritten(run, stranger, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter1.tex").write_text("precious")
    code, _, err = run("export", *stranger, "--out", "thesis")
    assert code == 2 and "was not written by spikewright" in err
    assert [p.name for p in (tmp_path / "thesis").iterdir()] == ["chapter1.tex"]


def test_strict_comparison_wants_two_integer_backends(run, stranger, tmp_path: Path, monkeypatch) -> None:
    words = ["compare", *stranger, "--data", binary(tmp_path), "--strict"]
    code, _, err = run(*words, "--targets", "run_graph,oracle")
    assert code == 1 and "No two integer backends were compared." in err
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")
    code, out, _ = run(*words)
    assert code == 0 and "lava: not run. SPIKEWRIGHT_LAVA_PYTHON" in out, "oracle and engine are two"


def test_a_result_whose_answer_is_no_is_one_object_all_the_same(run, stranger, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", "/nowhere/python")
    code, out, err = run("doctor", "--require", "lava", "--json", "--out", "found.json")
    content = json.loads(out)
    assert code == 4 and not content["backends"]["lava"]["usable"] and err.startswith("error: lava: ")
    assert json.loads((tmp_path / "found.json").read_text()) == content
    words = ["compare", *stranger, "--data", binary(tmp_path), "--strict", "--quiet", "--json"]
    code, out, err = run(*words, "--targets", "run_graph,oracle")
    assert code == 1 and len(json.loads(out)["pairs"]) == 1 and err.startswith("error: No two integer backends")


def test_doctor_compiles_the_engine_ahead(run, tmp_path: Path) -> None:
    from spikewright.simulators.engine import keeping

    code, out, _ = run("doctor", "--warm-up", "--json")
    detail = json.loads(out)["backends"]["engine"]["detail"]
    assert code == 0 and detail.endswith(f"kernels compiled, in {keeping.kernel_file()}")


def test_doctor_says_that_the_engine_is_not_compiled(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SPIKEWRIGHT_CACHE_DIR", str(tmp_path))
    code, out, _ = run("doctor", "--json")
    assert code == 0 and "doctor --warm-up" in json.loads(out)["backends"]["engine"]["detail"]


def test_strict_comparison_names_integer_backends_that_differ(run, stranger, tmp_path: Path, monkeypatch) -> None:
    from spikewright.toolchain import targets

    def wrong(program, x, backend, **options):
        return simulate(program, x if backend == "oracle" else 0 * x, backend=backend, **options)

    monkeypatch.setattr(targets, "simulate", wrong)
    words = ["compare", *stranger, "--data", binary(tmp_path), "--strict", "--quiet", "--targets", "oracle,engine"]
    code, out, err = run(*words, "--json")
    assert code == 1 and json.loads(out)["pairs"][0]["mismatches"] > 0
    assert err.startswith("error: Integer backends differ: oracle and engine.")


def test_the_chain_says_100_percent_only_where_nothing_differs(run, capfd) -> None:
    from spikewright.toolchain.cli.render import comparison

    population = {"population": "a", "what": "spike", "slots": 10**8, "mismatches": 1, "alone": 1, "alone_backend": "b"}
    first = {"population": "a", "what": "spike", "step": 0, "sample": 0, "neuron": 0, "values": [0.0, 1.0]}
    pair = {"backends": ["a", "b"], "spike_agreement": 1 - 1e-8, "mismatches": 1, "same_prediction": 1 - 1e-6}
    pair |= {"populations": [population], "first_divergence": first}
    comparison({"samples": 1, "pairs": [pair], "not_run": {}, "effects": []})
    out = capfd.readouterr().out
    assert "99.99 %" in out and "99.9 %" in out and "100" not in out.replace("100000000", "")


def test_the_time_step_can_be_given_wherever_a_graph_is_lowered(run, tmp_path: Path) -> None:
    write_nir(chain([np.random.default_rng(0).normal(size=(5, 20))]), tmp_path / "g.nir")
    data = ["--data", binary(tmp_path), "--json"]

    def programs(*dt: str) -> list[str]:
        words = [
            ["simulate"],
            ["compare", "--targets", "oracle,engine"],
            ["check"],
            ["report", "--targets", "oracle,engine"],
        ]
        made = [json.loads(run(word, "g.nir", *rest, *data, *dt)[1]) for word, *rest in words]
        return [content.get("program_hash") or content["provenance"]["program_hash"] for content in made]

    (default,), (given,) = set(programs()), set(programs("--dt", "5e-5"))
    assert default != given
    assert run("evaluate", "g.nir", *data, "--dt", "5e-5")[0] == 0


def test_evaluate_tells_what_it_runs_unless_it_is_to_be_quiet(run, tmp_path: Path) -> None:
    layered((20, 6, 5)).save(tmp_path / "p.program")
    words = ["evaluate", "p.program", "--data", binary(tmp_path)]
    assert run(*words)[2] == "... oracle\n... engine\n" and run(*words, "--quiet")[2] == ""


def test_an_interrupted_command_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    text = "import os, signal, time\ndef build():\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
    (tmp_path / "long.py").write_text(text)
    words = ["export", "long.py:build", "--example", "1,20", "--out", "made"]
    command = [sys.executable, "-m", "spikewright.toolchain.cli.main", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 130 and "Traceback" not in done.stderr
    assert files(tmp_path) == [tmp_path / "long.py"]


def test_comparison_shows_where_errors_arise_and_what_each_loss_does(run, stranger, tmp_path: Path) -> None:
    words = ["compare", *stranger, "--data", binary(tmp_path), "--targets", "run_graph,oracle", "--bits", "3"]
    code, out, _ = run(*words)
    assert code == 0 and "accumulated" in out and "alone" in out
    assert "fc1: weights on 3 bits" in out and "all of them together" in out
    code, out, _ = run(*words, "--no-effects", "--json")
    content = json.loads(out)
    assert code == 0 and content["effects"] == []
    first, second = content["pairs"][0]["populations"]
    assert first["alone"] == first["mismatches"] and second["alone"] < second["mismatches"]


@pytest.mark.lava
def test_strict_comparison_of_oracle_and_lava(run, stranger, tmp_path: Path) -> None:
    assert run("compare", *stranger, "--data", binary(tmp_path), "--targets", "oracle,lava", "--strict")[0] == 0


def test_usage_errors_have_the_code_of_bad_input(run) -> None:
    assert run("simulate")[0] == 2
    assert run("fly")[0] == 2
    assert run("--help")[0] == 0


def seconds_of(*words: str) -> float:
    """Shortest of three runs of a command in a process of its own: of wall time, or of CPU time on a busy machine."""
    seconds = []
    for _ in range(3):
        start, used = perf_counter(), times()
        command = [sys.executable, "-m", "spikewright.toolchain.cli.main", *words]
        subprocess.run(command, check=True, capture_output=True)
        done = times()
        cpu_s = done.children_user + done.children_system - used.children_user - used.children_system
        seconds.append(min(perf_counter() - start, cpu_s))
    return min(seconds)


def test_help_is_quick() -> None:
    assert seconds_of("--help") < 0.5


def test_a_saved_program_of_the_demos_size_runs_in_two_seconds(tmp_path: Path) -> None:
    layered((64, 128, 64, 10)).save(tmp_path / "p.program")
    x = (np.random.default_rng(0).random((8, 397, 64)) < 0.3).astype(np.uint8)
    np.savez(tmp_path / "x.npz", x=x, y=np.zeros(397, int))
    assert seconds_of("simulate", str(tmp_path / "p.program"), "--data", str(tmp_path / "x.npz")) < 2


def test_modules_are_found_beside_the_user_and_may_hold_dataclasses(run, tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom torch import nn\n"
    text += "@dataclass\nclass Config:\n    n: int = 20\ndef build():\n    return nn.Linear(Config().n, 3)\n"
    (tmp_path / "mynet.py").write_text(text)
    assert run("export", "mynet.py:build", "--example", "1,20", "--out", "a")[0] == 0
    assert run("export", "mynet:build", "--example", "1,20", "--out", "b")[0] == 0


def test_subtractive_networks_can_be_evaluated_and_compared(run, tmp_path: Path) -> None:
    binary(tmp_path)
    source = [BUILD + "_default", "--example", "1,20", "--data", "x.npz", "--json"]
    assert run("evaluate", *source, "--targets", "torch,run_graph")[0] == 0
    assert run("evaluate", *source)[0] == 2
    code, out, _ = run("compare", *source, "--targets", "run_graph,oracle", "--reset", "zero")
    assert code == 0 and json.loads(out)["pairs"][0]["mismatches"] > 0


def test_a_dying_lava_run_is_an_error_even_where_a_missing_lava_is_not(run, tmp_path: Path, monkeypatch) -> None:
    dying = tmp_path / "python"
    dying.write_text('#!/bin/sh\ncase "$1" in -c) echo "3.10 0.10.0";; *) echo "out of luck" >&2; exit 9;; esac\n')
    dying.chmod(0o755)
    monkeypatch.setenv("SPIKEWRIGHT_LAVA_PYTHON", str(dying))
    write_nir(chain([np.random.default_rng(0).normal(size=(5, 20))]), tmp_path / "good.nir")
    code, _, err = run("compare", "good.nir", "--data", binary(tmp_path), "-q")
    assert code == 4 and "died" in err and "out of luck" in err and "Traceback" not in err
