"""Dense projections on the engine: rows of weights one step after the other, and several steps by chunks of weights."""

from dataclasses import replace

import numpy as np
import pytest

from agreement import assert_same_bits, assert_same_by_core
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine import packing
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.processor import has_matrix_unit
from spikewright.simulators.engine.shapes import AHEAD_LEAST, AHEAD_PRE
from spikewright.simulators.run import simulate

pytestmark = pytest.mark.usefixtures("unit")
UNITS = [
    pytest.param(True, marks=pytest.mark.skipif(not has_matrix_unit(), reason="this processor has no matrix unit")),
    False,
]


@pytest.fixture(params=UNITS, ids=["tiles", "events"])
def unit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the engine may use the matrix unit."""
    monkeypatch.setattr(packing, "has_matrix_unit", lambda: request.param)
    return request.param


def dense(pre: int, post: int, largest: int, **fields: object) -> Program:
    """Random weights, a tenth of them zero, onto LIF neurons that spike now and then, and a readout."""
    rng = np.random.default_rng(0)
    bias = rng.integers(-3, 4, post).astype(np.int32)
    populations = (
        Population("a", (post,), 4095, 700, rng.integers(20, 30_000, post).astype(np.int32), bias, level=1),
        Population("b", (3,), 4095, 700, 4000, np.zeros(3, np.int32), level=2),
    )
    projections = (
        Projection("up", "in", "a", weights(rng, post, pre, largest), **fields),
        Projection("out", "a", "b", weights(rng, 3, post, 100)),
    )
    return make_program((Input("in", (pre,)),), populations, projections, (Output("out", "b", "membrane"),))


def weights(rng: np.random.Generator, post: int, pre: int, largest: int) -> np.ndarray:
    return (rng.integers(-largest, largest + 1, (post, pre)) * 2 * (rng.random((post, pre)) < 0.9)).astype(np.int16)


def events(program: Program, rates: list[float]) -> dict[str, np.ndarray]:
    rng, rate = np.random.default_rng(1), np.array(rates)[:, None, None]
    return {"in": (rng.random((len(rates), 3, program.inputs[0].size)) < rate).astype(np.uint8)}


CHANGING = [0.9] * 3 + [0.0] * 2 + [1.0] * 9 + [0.01] * 120 + [0.6] * 30


@pytest.mark.parametrize(
    ("pre", "post", "fields"),
    [
        (300, 70, {}),
        (300, 130, {"delay": 2}),
        (130, 64, {"weight_exp": 3}),
        (150, 40, {"weight_exp": -1}),
        (AHEAD_PRE, 20, {"delay": 1}),
        (AHEAD_PRE + 1, 20, {}),
    ],
)
def test_rates_that_change_agree(pre: int, post: int, fields: dict) -> None:
    """Windows of rows are summed at once where events are many, also more than 16 bits hold, else one by one."""
    program = dense(pre, post, 127, **fields)
    x = events(program, CHANGING)
    many = x["in"].sum(2)
    assert (many > AHEAD_LEAST).any() and (many < AHEAD_LEAST).any() and (many == 0).any()
    assert assert_same_bits(program, x) > 0
    assert_same_by_core(program, x, 11)


def test_windows_are_for_sources_that_are_known_and_for_few_enough_rows() -> None:
    """A tiled projection, where there is a matrix unit, and one that sums with another have none."""
    few, many = dense(AHEAD_PRE, 20, 100), dense(AHEAD_PRE + 1, 20, 100)
    window = [prepare(program, None).tables.projections["window"] for program in (few, many)]
    tiled = prepare(few, None).tables.projections["tile"][0] >= 0
    assert bool(window[0][0]) is not tiled and window[1][0] == 0


def test_weights_of_16_bits_agree_on_two_threads() -> None:
    program = dense(200, 70, 100)
    odd = np.abs(program.projections[0].weights) + 1
    wide = replace(program.projections[0], weights=odd.astype(np.int16), sign_mode="excitatory")
    x = events(program, CHANGING[:40])
    for own in (program, replace(program, projections=(wide, program.projections[1]))):
        assert assert_same_bits(own, x, threads=2) > 0


def test_streams_agree() -> None:
    """Windows begin where a population does, before the first row of the input."""
    program = dense(300, 70, 100, delay=1)
    x = events(program, CHANGING[:25])["in"]
    engine, oracle = (
        simulate(program, x, backend=name, samples="stream", record=("spikes", "state"))
        for name in ("engine", "oracle")
    )
    for name, spikes in oracle.spikes.items():
        np.testing.assert_array_equal(engine.spikes[name], spikes)
        np.testing.assert_array_equal(engine.state[name]["v"], oracle.state[name]["v"])
