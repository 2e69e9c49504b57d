"""Placements cover every neuron once, keep every limit, and open no core too early."""

from collections import Counter
from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinds import programs_of
from listing import synapses_of
from samples import a_chip, a_program
from spikewright.exporters.program.program import Population, Program, Projection
from spikewright.models.errors import CapacityError, ConfigError
from spikewright.simulators.placement import Core, Placement, check_fit, place
from spikewright.simulators.placement.fitting import draft
from strategies import programs

PER_CORE = ("neurons", "synaptic_memory_bits", "in_axons", "out_axons")


def loads(
    program: Program, cores: list[tuple[str, int, int]], core: tuple[str, int, int], limit: float
) -> dict[str, int]:
    """What one core of at most `limit` neurons holds, counted synapse by synapse."""
    name, start, stop = core
    axons = bits = 0
    for q in program.into(name):
        rows = Counter(pre for post, pre, _, _ in synapses_of(program, q) if start <= post < stop)
        own_delay = 6 * isinstance(q.delay, np.ndarray)
        for synapses in rows.values():
            axons += 1
            if q.kind == "dense":
                bits += 64 * ceil((stop - start) * (q.weight_bits + own_delay) / 64)
            else:
                bits += 64 * ceil(synapses * (q.weight_bits + ceil(log2(limit)) + own_delay) / 64)
    reached = {
        (pre, target, first)
        for q in program.projections
        if q.source == name
        for post, pre, _, _ in synapses_of(program, q)
        for target, first, last in cores
        if target == q.target and first <= post < last and start <= pre < stop
    }
    out = len(reached)
    return {"neurons": stop - start, "synaptic_memory_bits": bits, "in_axons": axons, "out_axons": out}


def tight_chips() -> st.SearchStrategy:
    return st.builds(
        a_chip,
        neurons=st.integers(1, 9),
        synaptic_memory_bits=st.integers(1, 20).map(lambda words: 64 * words),
        in_axons=st.integers(1, 30),
        out_axons=st.integers(1, 20),
    )


@settings(max_examples=100)
@given(programs(feedback=True) | programs_of(), tight_chips())
def test_cores_cover_every_neuron_once_and_break_no_rule_that_smaller_cores_could_keep(drawn: tuple, chip) -> None:
    program, _ = drawn
    placement = draft(program, chip)
    for p in program.populations:
        mine = placement.cores[placement.cores_of(p.name)]
        assert [core.start for core in mine] == [0, *(core.stop for core in mine[:-1])] and mine[-1].stop == p.size
        assert {core.population for core in mine} == {p.name}
    assert [core.index for core in placement.cores] == list(range(len(placement.cores)))
    cores = [(core.population, core.start, core.stop) for core in placement.cores]
    limits = {name: chip.limits[name].value for name in PER_CORE}
    for core in placement.cores:
        assert core.loads == loads(program, cores, (core.population, core.start, core.stop), limits["neurons"])
        alone = loads(program, cores, (core.population, core.start, core.start + 1), limits["neurons"])
        for name, limit in limits.items():
            assert core.loads[name] <= limit or alone[name] > limit
    if all(core.loads[name] <= limit for core in placement.cores for name, limit in limits.items()):
        assert all(f.ok for f in check_fit(program, chip) if f.rule.endswith("per_core"))


@settings(max_examples=100)
@given(programs(), tight_chips())
def test_a_core_is_full_before_the_next_one_opens(drawn: tuple, chip) -> None:
    program, _ = drawn
    limits = {name: chip.limits[name].value for name in PER_CORE}
    placement = draft(program, chip)
    cores = [(core.population, core.start, core.stop) for core in placement.cores]
    # Behind a cycle, cores may have been divided again; that shows in their levels.
    settled = max((program.level(q.target) for q in program.projections if q.source == q.target), default=0)
    for core, following in zip(placement.cores, placement.cores[1:], strict=False):
        if core.population != following.population or program.level(core.population) <= settled:
            continue
        alone = loads(program, cores, (core.population, core.start, core.start + 1), limits["neurons"])
        larger = loads(program, cores, (core.population, core.start, core.stop + 1), limits["neurons"])
        assert any(larger[name] > limit >= alone[name] for name, limit in limits.items())


def wide(pre: int, post: int) -> Program:
    source = a_program().inputs[0]
    return a_program(
        inputs=(type(source)("in", (pre,)),),
        populations=(Population("a", (post,), 4095, 2048, 10, np.zeros(post, np.int32), level=1),),
        projections=(Projection("in-a", "in", "a", np.full((post, pre), 2, np.int16)),),
    )


def test_loihis_limits_decide_where_cores_end() -> None:
    cores = place(wide(1, 2500)).cores
    assert [(core.start, core.stop) for core in cores] == [(0, 1024), (1024, 2048), (2048, 2500)]
    # 1,000 rows of n weights of 8 bit in 16,384 words: 16 words a row, 128 neurons
    assert [core.stop for core in place(wide(1000, 300)).cores] == [128, 256, 300]
    assert place(wide(1000, 300)).cores[0].loads["synaptic_memory_bits"] == 1000 * 16 * 64


def test_no_core_holds_neurons_of_two_populations_and_inputs_have_no_core() -> None:
    program = a_program(
        populations=tuple(Population(n, (2,), 4095, 2048, 10, np.zeros(2, np.int32), level=1) for n in "ab")
    )
    assert [core.population for core in place(program).cores] == ["a", "b"]


def test_five_cores_take_two_tiles() -> None:
    placement = place(wide(1, 5), a_chip(cores_per_tile=4, neurons=1))
    assert placement.tile_of_core.tolist() == [0, 0, 0, 0, 1] and placement.tiles == 2
    assert placement.core_of("a").tolist() == [0, 1, 2, 3, 4]
    assert placement.occupancy["neurons"] == 1 and placement.occupancy["cores"] == 5 / 800


def test_a_chip_without_limits_takes_every_population_on_one_core() -> None:
    placement = place(wide(3, 5000), "horowitz-45nm")
    assert [(c.start, c.stop) for c in placement.cores] == [(0, 5000)] and placement.tiles == 0
    assert placement.occupancy == {} and check_fit(wide(3, 5000), "horowitz-45nm") == []


def test_layouts_tell_placements_apart() -> None:
    program = wide(3, 5)
    davies = place(program)
    assert davies.layout == place(program, "loihi1-nahuku-fit").layout
    assert davies.layout != place(program, a_chip(cores_per_tile=4)).layout, "another mesh"
    assert place(program, a_chip(neurons=2)).layout != place(program, a_chip()).layout, "other cores"
    assert davies.layout != place(wide(4, 5)).layout, "another program"
    assert isinstance(davies, Placement) and isinstance(davies.cores[0], Core)


def test_an_unknown_strategy_or_chip_is_refused() -> None:
    with pytest.raises(ConfigError, match="known are sequential"):
        place(a_program(), strategy="spectral")
    with pytest.raises(ConfigError, match="unknown"):
        place(a_program(), "loihi9")
    with pytest.raises(CapacityError):
        place(wide(1, 5), a_chip(neurons=1, cores=4))
