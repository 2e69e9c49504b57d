"""Populations at which little arrives sleep, 64 neurons at a time, and wake as if they never had."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreement import assert_same_bits, assert_same_by_core, assert_same_counts, laid_out
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine.execute import run_engine
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.run import simulate

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
SIZES = st.sampled_from([64, 127, 128, 200, 513, 1000])


def lists(
    rng: np.random.Generator, name: str, source: tuple[str, int], target: tuple[str, int], fan: int, delay: int = 0
) -> Projection:
    """Synapses from every neuron of the source onto `fan` of the target's, in compressed rows."""
    (pre, n), (post, m) = source, target
    exists = np.zeros((m, n), bool)
    for column in exists.T:
        column[rng.choice(m, min(fan, m), replace=False)] = True
    rows, indices = np.nonzero(exists)
    weights = (2 * rng.integers(-40, 127, rows.size)).astype(np.int16)
    weights[weights == 0] = 2
    indptr = np.searchsorted(rows, np.arange(m + 1))
    return Projection(name, pre, post, weights, kind="sparse", delay=delay, indptr=indptr, indices=indices)


def population(name: str, size: int, level: int, vth: int = 60, **changes: object) -> Population:
    return Population(name, (size,), 4095, 410, vth, np.zeros(size, np.int32), level, **changes)  # type: ignore[arg-type]


def two_layers(
    rng: np.random.Generator, sizes: tuple[int, int], fan: int, reset: str, delay: int, readout: str
) -> Program:
    """Lists, a dense projection beside them, and recurrent lists."""
    n, m = sizes
    inputs = "in", 40
    dense = (2 * rng.integers(-60, 60, (m, n))).astype(np.int16)
    return make_program(
        (Input("in", (40,)),),
        (population("a", n, 1, reset=reset), population("b", m, 2, 300, reset=reset)),
        (
            lists(rng, "in-a", inputs, ("a", n), fan, delay),
            lists(rng, "a-a", ("a", n), ("a", n), 2, 1),
            Projection("a-b", "a", "b", dense),
            lists(rng, "b-b", ("b", m), ("b", m), fan, 1 + delay),
        ),
        (Output("a", "a", "spike_count"), Output("b", "b", readout)),  # type: ignore[arg-type]
    )


def few(rng: np.random.Generator, steps: int, samples: int, rate: float) -> np.ndarray:
    """Spikes in some rows, and none at all in others."""
    rows = rng.random((steps, samples, 1)) < 0.3
    return ((rng.random((steps, samples, 40)) < rate) & rows).astype(np.uint8)


@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(SIZES, SIZES),
    st.sampled_from([1, 3, 20]),
    st.sampled_from(["zero", "subtract"]),
    st.integers(0, 2),
    st.sampled_from([0.01, 0.05, 0.5]),
    st.sampled_from(["membrane", "spike_count"]),
)
def test_spikes_counts_and_membranes_are_the_oracles(
    seed: int, sizes: tuple[int, int], fan: int, reset: str, delay: int, rate: float, readout: str
) -> None:
    rng = np.random.default_rng(seed)
    program = two_layers(rng, sizes, fan, reset, delay, readout)
    x = few(rng, 40, 3, rate)
    assert_same_bits(program, x)
    assert_same_by_core(program, x, 70)
    events = encode_inputs(program, x)
    assert_same_counts(run_engine(program, events, threads=2, runners=2), run_engine(program, events, threads=3))
    stream, expected = (simulate(program, x, backend, samples="stream") for backend in ("engine", "oracle"))
    assert_same_counts(stream, expected)


def asleep(program: Program, x: np.ndarray, **options: object) -> set[str]:
    """Populations of a program that sleep at the end of a run on one thread."""
    simulate(program, x, threads=1, **options)  # type: ignore[arg-type]
    ((workspace,),) = prepare(program, options.get("place"), 1)._spare.values()  # type: ignore[arg-type]
    arrays = workspace[0].arrays
    assert not arrays.few.any()
    flags = arrays.asleep[len(program.inputs) :]
    return {p.name for p, flag in zip(program.populations, flags, strict=True) if flag}


def test_who_sleeps() -> None:
    rng = np.random.default_rng(0)
    program = make_program(
        (Input("in", (40,)),),
        (population("lists", 1000, 1), population("dense", 300, 1), population("small", 100, 1)),
        (
            lists(rng, "l", ("in", 40), ("lists", 1000), 3),
            Projection("d", "in", "dense", np.full((300, 40), 2, np.int16)),
            lists(rng, "s", ("in", 40), ("small", 100), 3),
        ),
        (Output("o", "lists", "spike_count"),),
    )
    x = np.zeros((9, 1, 40), np.uint8)
    x[:4] = 1
    assert asleep(program, x) == {"lists", "dense"}
    x[8, 0, :2] = 1  # 6 synapses of 1000 neurons are few, and a dense row reaches everybody
    assert asleep(program, x) == {"lists"}
    x[8, 0, :3] = 1  # 9 are not
    assert asleep(program, x) == set()
    x[8] = 0
    assert asleep(program, x, record=("spikes",), place=laid_out(program, 70)) == {"lists", "dense"}
    assert asleep(program, x, record=("state",)) == set()


@pytest.mark.parametrize("changes", [{"du": 4000}, {"bias_mant": np.r_[np.zeros(999, np.int32), 1]}])
def test_who_does_not_only_decay_never_sleeps(changes: dict) -> None:
    rng = np.random.default_rng(0)
    registers = {"du": 4095, "dv": 410, "vth": 60, "bias_mant": np.zeros(1000, np.int32)} | changes
    program = make_program(
        (Input("in", (40,)),),
        (Population("p", (1000,), level=1, **registers),),
        (lists(rng, "q", ("in", 40), ("p", 1000), 3),),
        (Output("o", "p", "spike_count"),),
    )
    x = few(rng, 20, 2, 0.02)
    x[-1] = 0
    assert asleep(program, x) == set()
    assert_same_bits(program, x)
