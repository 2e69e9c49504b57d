"""How to quantise, on the command line."""

import json

import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.files import write_nir
from spikewright.models.errors import ConfigError
from spikewright.toolchain.cli.options import weight_bits


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
