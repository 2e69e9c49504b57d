"""Chip profiles: every number with its provenance, every mistake told at once."""

import re
from dataclasses import fields
from importlib import resources
from pathlib import Path

import pytest

from spikewright.models.errors import ConfigError
from spikewright.simulators.chips.chip import ABILITIES
from spikewright.simulators.chips.profile import Chip, Quantity, list_chips, load_chip

DAVIES = resources.files("spikewright.simulators.chips").joinpath("loihi1-davies2018.toml").read_text()


def quantities(chip: Chip) -> list[Quantity]:
    found = [q for table in (chip.limits, chip.energy, chip.time) for q in table.values()]
    found += [q for _, q in chip.barrier.points] if chip.barrier else []
    return found + (list(chip.mesh.sources.values()) if chip.mesh else [])


@pytest.mark.parametrize("name", list_chips())
def test_every_number_states_unit_source_and_kind(name: str) -> None:
    chip = load_chip(name)
    assert chip.name == name and chip.source and chip.not_included
    for quantity in quantities(chip):
        assert quantity.kind in ("specified", "simulated", "measured", "estimated")
        assert quantity.source and quantity.unit and len(fields(quantity)) == 4
    for ability in chip.abilities.values():
        assert ability.kind in ("specified", "estimated") and ability.source
    assert set(chip.abilities) == set(ABILITIES)
    assert {q.unit for q in chip.energy.values()} <= {"pJ"} and {q.unit for q in chip.time.values()} <= {"ns"}


def test_the_designers_profile_is_simulated_and_the_fit_is_estimated() -> None:
    davies, fit = load_chip("loihi1-davies2018"), load_chip("loihi1-nahuku-fit")
    assert {q.kind for q in davies.energy.values()} == {"simulated"}
    assert davies.energy["synaptic_op"].value == 23.6 and fit.energy["synaptic_op"].value == 35.5
    assert fit.energy["axon_out"].value == 111 and fit.energy["axon_in"].value == 0 and "spike" not in davies.energy
    assert davies.time["link"].kind == "estimated" and "assumption" in davies.time["link"].source
    for chip in (davies, fit):
        assert (chip.mesh.width, chip.mesh.height, chip.mesh.cores_per_tile) == (8, 4, 4)
        assert all("2601.10035" in q.source for q in chip.mesh.sources.values())
        assert {name: q.value for name, q in chip.limits.items()} == {
            "cores": 128,
            "neurons": 1024,
            "synaptic_memory_bits": 16384 * 64,
            "in_axons": 4096,
            "out_axons": 4096,
            "synaptic_delay": 62,
        }


def test_operation_counts_have_neither_cores_nor_time() -> None:
    chip = load_chip("horowitz-45nm")
    assert chip.mesh is None and not chip.limits and not chip.time and chip.barrier is None
    assert all(ability.value for ability in chip.abilities.values())
    assert {name: q.value for name, q in chip.energy.items()} == {"synaptic_op": 0.9, "synaptic_mac": 4.6}
    assert any("memory access" in text for text in chip.not_included)


def test_loihi_1_has_fixed_neurons_and_loihi_2_programs_them_but_nobody_published_prices() -> None:
    for name in ("loihi1-davies2018", "loihi1-nahuku-fit"):
        assert [ability for ability in ABILITIES if load_chip(name).has(ability)] == ["refractory"]
    chip = load_chip("loihi2-microcode")
    assert all(map(chip.has, ABILITIES)) and chip.limits["neurons"].value == 8192
    assert chip.energy == chip.time == {} and chip.barrier is None


def test_barriers_grow_with_the_tiles() -> None:
    davies, fit = load_chip("loihi1-davies2018").barrier, load_chip("loihi1-nahuku-fit").barrier
    assert [davies.at(tiles).value for tiles in (1, 32, 40)] == [113, 465, 465]
    assert davies.at(16).value == pytest.approx(113 + 15 / 31 * (465 - 113)) and "linear" in davies.at(16).source
    assert [fit.at(tiles).value for tiles in (1, 2, 3, 4, 28, 29, 32)] == [600, 1000, 1000, 1400, 1400, 1800, 1800]


def test_an_unknown_chip_is_told_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="Did you mean loihi1-davies2018"):
        load_chip("loihi1-davis2018")


def test_every_mistake_of_a_profile_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nnot_included = "much"\nclock = 1\n[energy.neuron]\nvalue = 1\n[energy.spike]\nvalue = 1.0\n'
        'unit = "nJ"\nkind = "guessed"\nsource = ""\n[energy.hop_ew]\nvalue = 1.0\n[limits.neurons]\nvalue = 0.5\n'
        'unit = "neurons"\nkind = "specified"\nsource = "me"\n[mesh.width]\nvalue = 1\nunit = "tiles"\n'
        'kind = "specified"\nsource = "me"\n[abilities.ternary]\nvalue = true\n[abilities.stateless]\nvalue = 0\n'
        'kind = "specified"\nsource = "me"\n[abilities.refractory]\nvalue = true\nkind = "guessed"\nsource = "me"\n'
        '[abilities.wings]\nvalue = true\n[time.link]\nvalue = -1.0\nunit = "ns"\nkind = "measured"\nsource = "me"\n'
        '[barrier]\nbetween = "curves"\npoints = [{tiles = 2}, {tiles = 1}]\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_chip(str(path))
    for part in (
        "'title' must be given as str",
        "'source' must be given",
        "abilities.soft_reset is missing: whether a spike can take the threshold off",
        "abilities.ternary must state value, kind and source",
        "abilities.stateless: value is 0, must be true or false",
        "abilities.refractory: the kind must be one of",
        "abilities.wings is unknown",
        "'not_included' must be a list",
        "'clock' is unknown",
        "energy.synaptic_op is missing",
        "energy.neuron is unknown",
        "energy.spike: the unit must be pJ and the kind one of",
        "energy.spike: the source must be named",
        "energy.hop_ew must state value, unit, kind and source",
        "limits.neurons: value is 0.5, must be a whole number",
        "mesh.height is missing",
        "time.link: value is -1.0, must be a number >= 0",
        "time.synaptic_op is missing",
        "barrier.between is 'curves'",
        "tiles are [2, 1], must be ascending",
        "barrier.points[0] must state",
    ):
        assert any(part in violation for violation in caught.value.violations), part


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"(graded_spikes\]\n)value = false", r'\1value = "false"', "graded_spikes: value is 'false'"),
        (r"(?s)\[abilities.*?\[limits", "[limits", "abilities.ternary is missing: whether a neuron has a second"),
        (r"(?s)\[abilities.*?\[limits", "abilities = 1\n[limits", "'abilities' must be given as dict"),
        (r"(?s)\[energy.*?\[time", "[time", "time needs energy"),
        ("value = 23.6", 'value = "x"', "must be a number"),
        ("value = 23.6", "value = nan", "must be a number"),
        ("value = 23.6", "value = true", "must be a number"),
        ('unit = "pJ"', 'unit = "nJ"', "unit must be pJ"),
        ("value = 128", "value = 129", "limits.cores is 129, but the mesh has places for 128"),
        (r"(?s)\[limits.cores\].*?\n\n", "", "mesh needs limits.cores"),
        (r"(?s)\[mesh.width\].*?\[energy", "[energy", "limits need a mesh"),
        (r"(?s)\[barrier\].*", "", "time needs a mesh and a barrier"),
        (r"(?s)\[time\..*?\[barrier\]", "[barrier]", "a barrier needs times"),
        (r"(?s)\[limits.*?\[energy", "[energy", "within_tile, hop_ew, hop_ns needs a mesh"),
    ],
)
def test_bad_profiles(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    changed = re.sub(old, new, DAVIES)
    assert changed != DAVIES
    path.write_text(changed)
    with pytest.raises(ConfigError, match=message):
        load_chip(str(path))


def test_files_that_are_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_chip(str(path))
    path.write_text("not = [toml")
    with pytest.raises(ConfigError, match="no valid TOML"):
        load_chip(str(path))
    path.write_text('energy = 3\nlimits = "none"\nbarrier = 4\n')
    with pytest.raises(ConfigError, match="'energy' must be given as dict") as caught:
        load_chip(str(path))
    assert "barrier must have points" in str(caught.value) and "'limits' must be given as dict" in str(caught.value)
    path.write_text(DAVIES)
    assert load_chip(str(path)) == load_chip("loihi1-davies2018")
