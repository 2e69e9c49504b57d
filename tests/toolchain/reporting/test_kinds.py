"""`inspect`, `check` and `report` take programs of every kind, and say what is special about each part."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings

from kinds import programs_of
from samples import a_chip, a_program, able
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.placement import place
from spikewright.simulators.pricing import price
from spikewright.simulators.run import simulate
from spikewright.toolchain.reporting import readable, report
from spikewright.toolchain.reporting.network import describe_program, describe_weights
from spikewright.toolchain.reporting.schema import json_schema

WIDE = able(a_chip(synaptic_delay=63, in_axons=10**6, out_axons=10**6, synaptic_memory_bits=10**9))


def every_kind(*outputs: Output) -> Program:
    """Every kind of population, projection and input in one program, with what each can have."""
    lif = {"du": 4095, "dv": 100, "vth": 10}
    image = (2, 4, 4)

    def population(name: str, shape: tuple[int, ...], level: int, **changes: object) -> Population:
        return Population(
            name, shape, **lif | {"bias_mant": np.zeros(int(np.prod(shape)), np.int32)} | changes, level=level
        )

    relay = {"du": 4095, "dv": 0, "vth": 0, "kind": "relay"}
    populations = (
        population("conv", (4, 2, 2), 1, refractory=2),
        population("pool", (2, 2, 2), 1, kind="threshold", dv=4096),
        population("relay", image, 1, **relay),
        population("soft", (3,), 2, reset="subtract", vth=np.array([5, 6, 7])),
        population("signed", (3,), 2, kind="ternary", vth_low=-10),
        population("gain", (3,), 3, kind="ei_gain", reciprocal_bits=3, quotient_exp=4, divisor_min=2),
        population("out", (2,), 4, kind="readout", vth=2**17 - 1),
    )
    kernel = np.arange(36, dtype=np.int16).reshape(4, 1, 3, 3) * 2
    one = {"indptr": np.arange(33, dtype=np.int32), "indices": np.arange(32, dtype=np.int32), "kind": "sparse"}
    some = {"indptr": np.array([0, 1, 1, 3], np.int32), "indices": np.array([0, 1, 2], np.int32), "kind": "sparse"}
    none = {"indptr": np.zeros(4, np.int32), "indices": np.zeros(0, np.int32), "kind": "sparse"}
    window = {"kind": "convolution", "stride": (2, 2), "padding": (1, 1), "groups": 2}
    projections = (
        Projection("in-conv", "in", "conv", kernel, **window),
        Projection("in-pool", "in", "pool", np.array([8], np.int16), kind="pooling", kernel=(2, 2), stride=(2, 2)),
        Projection("in-relay", "in", "relay", np.ones(32, np.int16), sign_mode="excitatory", delay=1, **one),
        Projection("conv-soft", "conv", "soft", np.full((3, 16), 2, np.int16), delay=np.arange(48).reshape(3, 16)),
        Projection("relay-signed", "relay", "signed", np.full((3, 32), -2, np.int16)),
        Projection("bias-signed", "bias", "signed", np.full((3, 1), 4, np.int16), weight_exp=-1),
        Projection("soft-gain", "soft", "gain", np.array([2, 0, 4], np.int16), **some),
        Projection("signed-gain", "signed", "gain", np.full((3, 3), 2, np.int16), port="divisor"),
        Projection("soft-gain 0", "soft", "gain", np.zeros(0, np.int16), **none),
        Projection("gain-out", "gain", "out", np.full((2, 3), 2, np.int16)),
        Projection("out-signed", "out", "signed", np.zeros((3, 2), np.int16), delay=3),
    )
    outputs = outputs or (Output("class", "out", "membrane"), Output("signs", "signed", "spike_count"))
    return make_program((Input("in", image), Input("bias", (1,), "bias")), populations, projections, outputs)


def test_registers_kinds_and_forms_in_words() -> None:
    found = describe_program(every_kind())
    populations, projections = ({part["name"]: part for part in found[p]} for p in ("populations", "projections"))
    assert populations["soft"]["vth"] == [5, 7] and readable.register(populations["soft"]["vth"]) == "5 to 7"
    assert populations["conv"]["vth"] == 10 and readable.register(10) == "10"
    assert {name: readable.kind(p) for name, p in populations.items()} == {
        "conv": "lif, rests 2 rows",
        "pool": "threshold",
        "relay": "relay",
        "soft": "lif, resets by subtraction",
        "signed": "ternary, lower threshold -10",
        "gain": "ei_gain, reciprocal of 3 bits, quotient x 2^4, divisor from 2",
        "out": "readout",
    }
    forms = {name: readable.form(q) for name, q in projections.items()}
    assert forms["in-conv"] == "convolution 4x1x3x3, stride 2x2, padding 1x1, 2 groups"
    assert forms["in-pool"] == "pooling 2x2, stride 2x2" and forms["signed-gain"] == "dense 3x3, to the divisor"
    assert forms["soft-gain"] == "sparse 3" and projections["soft-gain"]["synapses"] == 2
    # Along either side of 4, windows of 3 at stride 2 and padding 1 see 2 and 3 places; one meets the zero weight.
    assert projections["in-conv"]["synapses"] == 4 * (2 + 3) ** 2 - 1
    assert [projections["conv-soft"][key] for key in ("min_delay", "delay", "hops")] == [0, 47, 47]
    assert projections["soft-gain 0"]["weight_range"] == [0, 0] and projections["soft-gain 0"]["zeros_share"] == 0


def test_the_weights_of_a_kernel_are_counted_once() -> None:
    held = describe_weights(every_kind())["in-conv"]
    assert held["values"] == list(range(0, 72, 2)) and held["synapses"] == [1] * 36 and held["zeros_share"] == 1 / 36


@pytest.mark.parametrize("record", [(), ("spikes",)])
def test_a_report_of_every_kind_follows_the_schema_and_makes_a_page(record: tuple) -> None:
    program = every_kind()
    placement = place(program, WIDE)
    x = {"in": np.random.default_rng(0).integers(0, 2, (5, 3, 2, 4, 4))}
    trace = simulate(program, x, backend="oracle", record=record, place=placement)
    made = report(trace, price(trace, placement))
    content = json.loads(made.to_json())
    jsonschema.Draft202012Validator(json_schema()).validate(content)
    page = made.to_html()
    assert "convolution 4x1x3x3, stride 2x2" in page and "0 to 47" in page and "lif, resets by subtraction" in page


@settings(max_examples=60)
@given(programs_of())
def test_reports_of_random_programs_follow_the_schema(drawn: tuple) -> None:
    program, x = drawn
    placement = place(program, WIDE)
    trace = simulate(program, x, backend="oracle", place=placement)
    jsonschema.Draft202012Validator(json_schema()).validate(
        json.loads(report(trace, price(trace, placement)).to_json())
    )


def test_inspect_and_check_print_every_kind(run, tmp_path: Path) -> None:
    every_kind().save(tmp_path / "p.program")
    code, out, err = run("inspect", str(tmp_path / "p.program"))
    assert code == 0, err
    for text in ("convolution 4x1x3x3", "stride 2x2", "5 to 7", "0 to 47", "rests 2 rows", "input bias: 1, bias"):
        assert text in " ".join(out.split()), text
    code, out, _ = run("inspect", str(tmp_path / "p.program"), "--json")
    assert code == 0 and {p["name"]: p["vth"] for p in json.loads(out)["populations"]}["soft"] == [5, 7]
    code, out, err = run("check", str(tmp_path / "p.program"))
    for text in ("resets by subtraction", "is ternary", "divides one sum", "keeps nothing", "has 1 of them"):
        assert code == 3 and text in err, text
    assert run("check", str(tmp_path / "p.program"), "--chip", "loihi2-microcode")[0] == 0
    a_program().save(tmp_path / "q.program")
    assert "sparse" not in run("inspect", str(tmp_path / "q.program"))[1]


def test_report_takes_a_program_of_every_kind(run, tmp_path: Path) -> None:
    every_kind(Output("class", "out", "membrane")).save(tmp_path / "p.program")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 2, (5, 3, 2, 4, 4)))
    words = ("report", "p.program", "--data", "x.npy", "--chip", "horowitz-45nm", "--targets", "oracle,engine")
    code, _, err = run(*words)
    assert code == 0, err
    content = json.loads(Path("report.json").read_text())
    assert content["activity"]["backend"] == "engine" and content["comparison"]["not_run"] == {}
    assert all(pair["mismatches"] == 0 for pair in content["comparison"]["pairs"])
    assert run(*words, "--backend", "oracle")[0] == 0
    assert json.loads(Path("report.json").read_text())["activity"]["backend"] == "oracle"
