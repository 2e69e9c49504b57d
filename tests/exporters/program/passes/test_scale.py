"""Scales and roundings against the error that they leave in sums of the calibration's events."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphs import chain
from spikewright.exporters.program.grid import on_grid
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.passes.linear import Dense, LinearMap, Sparse
from spikewright.exporters.program.passes.moments import Apart, Together, moments_of
from spikewright.exporters.program.passes.network import Synapses
from spikewright.exporters.program.passes.rounding import compensated
from spikewright.exporters.program.passes.windows import Convolution, Pooling
from spikewright.exporters.program.program import Program

SEEDS = st.integers(0, 2**32 - 1)


def correlated(rng: np.random.Generator, rows: int, size: int) -> np.ndarray:
    """Binary events that come in bundles, as strokes of a digit do."""
    common = rng.random((rows, 3)) @ rng.random((3, size))
    return (common + 0.3 * rng.random((rows, size)) > np.median(common) + 0.15).astype(float)


def error_of(program: Program, weight: np.ndarray, x: np.ndarray) -> float:
    """Mean square, in thresholds, of what is wrong in the sums of one row of events."""
    (p,), (n,) = program.projections, program.populations
    rows = p.weights * np.reshape(p.unit, (-1, 1)) / np.reshape(64 * n.vth * n.membrane_unit, (-1, 1))
    return float((((rows - weight) @ x.reshape(-1, x.shape[-1]).T) ** 2).mean())


@pytest.mark.parametrize("rows", ["fold", "registers"])
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, bits=st.integers(2, 8))
def test_squared_error_is_never_worse_than_the_largest_weight(rows: str, seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.standard_t(3, (10, 24)) * 0.2
    x = correlated(rng, 8 * 20, 24).reshape(8, 20, 24)
    found = {
        scale: lower(chain([weight]), x, weight_bits=bits, scale=scale, rows=rows, rounding="nearest")
        for scale in ("squared_error", "max")
    }
    best, widest = (error_of(found[scale], weight, x) for scale in ("squared_error", "max"))
    assert best <= widest * 1.01 + 1e-9


def test_at_few_bits_every_step_pays() -> None:
    """Four bits: clipping, registers and compensation each take a good part of the error away."""
    rng = np.random.default_rng(0)
    weight = rng.standard_t(4, (20, 60)) * 0.1
    x = correlated(rng, 8 * 60, 60).reshape(8, 60, 60)
    ways = [("max", "fold", "nearest"), ("squared_error", "fold", "nearest"), ("squared_error", "registers", "nearest")]
    ways.append(("squared_error", "registers", "compensated"))
    errors = [
        error_of(lower(chain([weight]), x, weight_bits=4, scale=s, rows=r, rounding=q), weight, x) for s, r, q in ways
    ]
    assert all(better < 0.8 * worse for worse, better in pairwise(errors))


def test_a_percentile_clips_what_it_says() -> None:
    weight = np.random.default_rng(1).normal(0, 0.3, (30, 40))
    (p,) = (program := lower(chain([weight]), scale="percentile:90", rounding="nearest")).projections
    clipped = np.abs(p.weights) == 254
    assert clipped.mean() == pytest.approx(0.1, abs=0.01)
    assert "% of them clipped" in next(loss.what for loss in program.losses if loss.kind == "weights")


def maps(rng: np.random.Generator) -> dict[str, LinearMap]:
    full = rng.normal(size=(4, 18))
    return {
        "dense": Dense(full),
        "convolution": Convolution(rng.normal(size=(4, 1, 3, 2)), (2, 3, 3), (1, 1), (1, 0), groups=2),
        "pooling": Pooling(np.array([0.5]), (2, 3, 3), kernel=(2, 2)),
    }


@pytest.mark.parametrize("name", ["dense", "convolution", "pooling"])
def test_mean_squares_of_sums(name: str) -> None:
    """Against the sums themselves; windows take a sample of places, so that theirs is near."""
    rng = np.random.default_rng(3)
    weight, x = maps(rng)[name], correlated(rng, 600, 18)
    moments = moments_of(Synapses("s", "a", "b", weight), x, None)
    assert isinstance(moments, Together)
    off = weight.with_values(rng.normal(size=weight.values.shape))
    sums = off.apply(x) ** 2
    by_row = {"dense": sums, "convolution": sums.reshape(600, 4, -1), "pooling": sums.reshape(600, 1, -1)}[name]
    exact = by_row.mean(0).reshape(by_row.shape[1], -1).mean(1)
    np.testing.assert_allclose(moments.mean_square(off.values), exact, rtol=1e-5 if name == "dense" else 0.15)


def test_mean_squares_of_sparse_rows_and_of_events_that_nobody_knows() -> None:
    rng = np.random.default_rng(4)
    weight = Sparse.of(sparse.random_array((5, 18), density=0.4, rng=rng))
    x = (rng.random((20_000, 18)) < rng.random(18)).astype(float)  # uncorrelated
    moments = moments_of(Synapses("s", "a", "b", weight), x, None)
    off = weight.with_values(rng.normal(size=weight.values.shape))
    assert isinstance(moments, Apart)
    np.testing.assert_allclose(moments.mean_square(off.values), (off.apply(x) ** 2).mean(0), rtol=0.05)
    unknown = moments_of(Synapses("s", "a", "b", weight), None, None).mean_square(off.values)
    np.testing.assert_allclose(unknown, np.bincount(weight.row, off.values**2, 5))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 8), st.sampled_from(["mixed", "excitatory", "inhibitory"]))
def test_compensated_rounding_stays_on_the_grid_and_leaves_no_row_worse(seed: int, bits: int, mode: str) -> None:
    rng = np.random.default_rng(seed)
    bits = max(bits, 2) if mode == "mixed" else bits
    sign = {"mixed": rng.choice([-1, 1], (6, 40)), "excitatory": 1, "inhibitory": -1}[mode]
    values, x = np.abs(rng.normal(0, 80, (6, 40))) * sign, correlated(rng, 300, 40)
    moments = moments_of(Synapses("s", "a", "b", Dense(values)), x, None)
    found, nearest = (
        compensated(values, np.ones((6, 1)), m, bits, mode) for m in (moments, Together(np.eye(40)[None]))
    )
    assert on_grid(found, bits, mode)
    before, after = (((q - values) @ x.T).__pow__(2).mean(1) for q in (nearest, found))
    assert (after <= before * 1.001 + 1e-6).all() and after.sum() < before.sum()
