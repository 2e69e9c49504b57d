"""`chips` and `check` as a user types them, and the costs that `simulate` shows."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from samples import a_program
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.chips.profile import list_chips


def too_large() -> Program:
    """Graded input with 5,000 in-axons for every core, on more cores than a chip has, and a delay of 63."""
    populations = tuple(
        Population(name, (size,), 4095, 2048, 10, np.zeros(size, np.int32), level=level)
        for level, (name, size) in enumerate((("a", 2900), ("b", 2900)), 1)
    )
    projections = (
        Projection("in-a", "in", "a", np.full((2900, 5000), 2, np.int16)),
        Projection("a-b", "a", "b", np.full((2900, 2900), 2, np.int16), delay=63),
    )
    return make_program(
        (Input("in", (5000,), "graded", 1.0, 8),), populations, projections, (Output("o", "b", "membrane"),)
    )


def test_chips_lists_the_profiles_and_shows_every_number_of_one(run) -> None:
    code, out, _ = run("chips")
    assert code == 0 and all(name in out for name in list_chips())
    code, out, _ = run("chips", "--json")
    rows = {row["name"]: row for row in json.loads(out)["chips"]}
    assert code == 0 and set(rows) == set(list_chips())
    assert rows["horowitz-45nm"]["cores"] is None and rows["loihi1-davies2018"]["cores"] == 128
    code, out, _ = run("chips", "loihi1-davies2018")
    assert code == 0 and "23.6 pJ" in out and "1,048,576 bit" in out and "1.16 ns" in out and "arXiv 2601.10035" in out
    code, out, _ = run("chips", "loihi1-davies2018", "--json", "--out", "chip.json")
    content = json.loads(out)
    assert json.loads(Path("chip.json").read_text()) == content
    assert len(content["numbers"]) == 24
    assert all({"value", "unit", "kind", "source"} == set(number) for number in content["numbers"].values())
    assert content["abilities"]["refractory"]["value"] and not content["abilities"]["soft_reset"]["value"]
    out = run("chips", "loihi1-davies2018")[1]
    assert "soft reset" in out and "binary" in out
    assert run("chips", "loihi9")[0] == 2


def test_what_a_profile_says_is_shown_as_it_stands(run, tmp_path: Path) -> None:
    text = files("spikewright.simulators.chips").joinpath("loihi1-davies2018.toml").read_text()
    odd = "see [/ref], [bold]1[/bold] and :warning:"
    (tmp_path / "mine.toml").write_text(text.replace("Davies et al. 2018: 1,024 compartments per core", odd))
    code, out, err = run("chips", "mine.toml")
    assert code == 0 and odd in out, err


def test_check_shows_the_rules_and_what_is_used(run) -> None:
    a_program().save("p.program")
    code, out, err = run("check", "p.program")
    assert code == 0 and not err
    assert "synaptic memory per core" in out and "62 steps" in out
    assert "192 bit" in out and "1,048,576 bit" in out
    assert "Used of the chip: 1 core on 1 tile, 0.7 % of 128 cores." in out
    assert "mean over the used cores: neurons 0.1 % of 1,024 neurons; synaptic memory under 0.1 % of 1,048,576" in out
    code, out, _ = run("check", "p.program", "--chip", "loihi1-nahuku-fit", "--json")
    content = json.loads(out)
    assert code == 0 and content["fits"] and content["chip"] == "loihi1-nahuku-fit" and content["cores"] == 1
    assert all(rule["ok"] and rule["actual"] <= rule["limit"] for rule in content["rules"])
    assert content["occupancy"]["neurons"] == 2 / 1024
    code, out, _ = run("check", "p.program", "--chip", "horowitz-45nm")
    assert code == 0 and "every network fits" in out and "cores  " not in out
    content = json.loads(run("check", "p.program", "--chip", "horowitz-45nm", "--json")[1])
    assert content["cores"] is content["tiles"] is content["populations"]["a"]["cores"] is None
    assert run("check", "p.program", "--chip", "loihi9")[0] == 2


def test_a_network_that_does_not_fit_is_told_every_broken_rule_with_exit_code_3(run) -> None:
    too_large().save("p.program")
    code, out, err = run("check", "p.program", "--json")
    content = json.loads(out)
    assert code == 3 and not content["fits"]
    broken = {(rule["rule"], rule["where"]) for rule in content["rules"] if not rule["ok"]}
    assert broken == {
        ("in_axons_per_core", "a"),
        ("cores_per_chip", ""),
        ("graded_input", "in"),
        ("synaptic_delay", "a-b"),
    }
    assert err.startswith("error: This network does not fit loihi1-davies2018:") and err.count("\n  - ") == 4
    assert "4,096 in-axons" in err and "needs 5,000" in err and "Traceback" not in err
    code, out, err = run("check", "p.program")
    assert code == 3 and "NO" in out and err.count("\n  - ") == 4


def test_check_lowers_a_graph_and_sees_graded_input(run) -> None:
    pytest.importorskip("nir")
    from graphs import chain
    from spikewright.exporters.nir.files import write_nir

    rng = np.random.default_rng(0)
    write_nir(chain([rng.normal(size=(5, 20))]), "g.nir")
    assert run("check", "g.nir", "--bits", "4")[0] == 0
    np.save("grey.npy", rng.random((4, 3, 20)))
    code, _, err = run("check", "g.nir", "--data", "grey.npy")
    assert code == 3 and "carries no value" in err


def test_simulate_prices_every_profile_that_takes_the_network_and_says_why_others_do_not(run) -> None:
    a_program().save("p.program")
    np.save("x.npy", np.ones((3, 2, 3)))
    code, out, _ = run("simulate", "p.program", "--data", "x.npy", "--json")
    content = json.loads(out)
    assert set(content["energy"]) == {*list_chips()} - {"loihi2-microcode"} and content["not_priced"] == {}
    cost = content["energy"]["loihi1-davies2018"]
    assert cost["total_pj"] == pytest.approx(sum(cost["energy_pj"].values()))
    for component, count in cost["counts"].items():
        assert cost["energy_pj"][component] == pytest.approx(count * cost["sources"][component]["value"])
    assert cost["latency_bounds_ns"][0] == cost["latency_ns"] <= cost["latency_bounds_ns"][1]
    assert content["energy"]["horowitz-45nm"]["latency_ns"] is None
    assert content["energy"]["horowitz-45nm"]["cores"] is None and cost["cores"] == 1
    code, out, _ = run("simulate", "p.program", "--data", "x.npy")
    assert code == 0 and "latency" in out and "Not included" in out and "23.6 pJ" in out
    a_program(inputs=(Input("in", (3,), "graded", 1.0, 8),)).save("graded.program")
    code, out, _ = run("simulate", "graded.program", "--data", "x.npy", "--json")
    content = json.loads(out)
    assert code == 0 and list(content["energy"]) == ["horowitz-45nm"]
    assert "carries no value" in content["not_priced"]["loihi1-davies2018"]
    code, _, err = run("simulate", "graded.program", "--data", "x.npy", "--chip", "loihi1-davies2018")
    assert code == 3 and "carries no value" in err, "a chip that was named has to take the network"
    code, _, err = run("simulate", "p.program", "--data", "x.npy", "--chip", "loihi2-microcode")
    assert code == 2 and "has no energies" in err
    code, out, _ = run("check", "p.program", "--chip", "loihi2-microcode")
    assert code == 0 and "8,192" in out


def test_a_chip_with_other_cores_is_priced_alone() -> None:
    from samples import a_chip
    from spikewright.simulators.placement import place
    from spikewright.simulators.run import simulate
    from spikewright.toolchain.describe import describe_costs
    from spikewright.toolchain.placing import Placements

    program = a_program()
    both = Placements({"first": place(program), "second": place(program, a_chip(neurons=1))}, {})
    found = describe_costs(simulate(program, np.ones((3, 1, 3)), place=both.counted), both)
    assert list(found["energy"]) == ["first"] and "--chip second" in found["not_priced"]["second"]
