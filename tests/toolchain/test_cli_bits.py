"""How to quantise, on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from ei_nets import trained

from graphs import chain
from spikewright.exporters.nir.files import write_nir
from spikewright.models.errors import ConfigError
from spikewright.toolchain.cli.options import weight_bits
from spikewright.toolchain.runs import save_run


def test_bits_of_all_or_by_name() -> None:
    assert weight_bits("") is None and weight_bits("4") == 4
    assert weight_bits("hidden1.lif=4, readout=8") == {"hidden1.lif": 4, "readout": 8}
    for text in ("four", "a=", "=4", "a=4,b", "-1", "4.5"):
        with pytest.raises(ConfigError, match="no NAME=BITS; give 4, or"):
            weight_bits(text)


def test_export_says_how_it_quantised(run) -> None:
    rng = np.random.default_rng(0)
    write_nir(chain([rng.normal(0, 0.5, (4, 3)), rng.normal(0, 0.5, (2, 4))]), "g.nir")
    words = ["--bits", "n1=4", "--scale", "max", "--rows", "registers", "--rounding", "nearest", "--ei", "static"]
    code, out, _ = run("export", "g.nir", "--to", "program", "--out", "a", "--json", *words)
    settings = json.loads(out)["settings"]
    assert code == 0 and settings["weight_bits"] == ["n1=4,others=8", "argument"]
    chosen = {"scale": "max", "rows": "registers", "rounding": "nearest", "ei": "static"}
    assert {name: settings[name] for name in chosen} == {name: [value, "argument"] for name, value in chosen.items()}
    code, _, error = run("export", "g.nir", "--bits", "n3=4", "--out", "b")
    assert code == 2 and "'n3' is no population and no projection; populations are n1, n2" in error


def test_every_command_lowers_to_the_program_that_export_wrote(run, tmp_path: Path) -> None:
    save_run(*trained(), tmp_path / "run")
    words = ["--bits", "4", "--scale", "max", "--rows", "registers", "--rounding", "nearest", "--ei", "dynamic"]
    code, out, _ = run("export", "run", *words, "--to", "program", "--out", "made", "--json")
    assert code == 0
    assert json.loads(out)["stage"][0] == "exact"
    few = ("--data", "digits", "--samples", "4", "--quiet")
    results = [
        run("check", "run", *words, "--json"),
        run("simulate", "run", *words, *few, "--backend", "oracle", "--json"),
        run("compare", "run", *words, *few, "--targets", "run_graph,oracle", "--no-effects", "--json"),
    ]
    hashes = {json.loads(text)["program_hash"] for _, text, _ in results}
    assert hashes == {json.loads(out)["program_hash"]}
    code, out, error = run("evaluate", "run", *words, *few[:-1], "--targets", "oracle")
    assert (code, "network: exact (--ei dynamic: its circuits divide)" in error) == (0, True)


def test_auto_follows_the_chip_that_is_placed_on(run, tmp_path: Path) -> None:
    save_run(*trained(), tmp_path / "run")
    words = ("run", "--scale", "max", "--rounding", "nearest", "--json")

    def lowered(*more: str) -> str:
        return json.loads(run("check", *words, *more)[1])["program_hash"]

    auto = [lowered("--ei", "auto", "--chip", chip) for chip in ("loihi1-davies2018", "loihi2-microcode")]
    assert auto == [lowered("--ei", ei) for ei in ("static", "dynamic")]
