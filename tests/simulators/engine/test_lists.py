"""Lists of synapses: every width of a target and of a sum, at the edges of each, against the oracle."""

from dataclasses import replace

import numpy as np
import pytest

from agreement import assert_same_bits, assert_same_by_core
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.simulators.engine import listing
from spikewright.simulators.engine.listing import NEAR, list_bytes
from spikewright.simulators.engine.order import images
from spikewright.simulators.engine.packing import pack
from spikewright.simulators.engine.prepared import prepare
from spikewright.simulators.engine.shapes import WIDE_SUM_BITS


def compressed(weights: np.ndarray, keep: np.ndarray) -> dict:
    """Fields of the sparse projection that stores `weights` (post, pre) where `keep`, zeros too."""
    post, pre = np.nonzero(keep)
    indptr = np.searchsorted(post, np.arange(len(weights) + 1)).astype(np.int32)
    return {"weights": weights[keep].astype(np.int16), "indices": pre.astype(np.int32), "indptr": indptr}


@pytest.fixture(params=["expanded", "listed"])
def both_forms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dense lists as bits and bytes where the processor can expand them, and as targets."""
    if request.param == "listed":
        monkeypatch.setattr(listing, "can_expand", lambda: False)
    elif not listing.can_expand():
        pytest.skip("this processor has no AVX-512 VBMI2")


def one_layer(projection: Projection, pre: int, post: int, shape: tuple[int, ...] | None = None) -> Program:
    bias = np.zeros(post, np.int32)
    bias[::7] = 64
    population = Population("a", shape or (post,), 4095, 900, 300, bias, level=1)
    return make_program((Input("in", (pre,)),), (population,), (projection,), (Output("out", "a", "spike_count"),))


@pytest.mark.parametrize(
    ("sign_mode", "low", "high", "step"),
    [("mixed", -256, 254, 2), ("excitatory", 0, 255, 1), ("inhibitory", -255, 0, 1)],
)
@pytest.mark.parametrize("each", [False, True])
@pytest.mark.usefixtures("both_forms")
def test_extreme_weights_stored_zeros_and_delays_by_synapse(
    sign_mode: str, low: int, high: int, step: int, each: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces that end inside rows, before empty rows and behind them."""
    monkeypatch.setattr(listing, "PIECE", 7)
    rng = np.random.default_rng(0)
    shape = (131, 40)
    weights = rng.choice([low, low + step, 0, high - step, high], shape)
    keep = rng.random(shape) < 0.3
    keep[[0, 1, 50, 129, 130]] = False
    q = Projection("q", "in", "a", kind="sparse", sign_mode=sign_mode, **compressed(weights, keep))
    for exponent in (-7, 0, 7):
        delay = rng.integers(0, 3, q.weights.shape).astype(np.int16) if each else 1
        program = one_layer(replace(q, weight_exp=exponent, delay=delay), 40, 131)
        x = {"in": (rng.random((6, 2, 40)) < 0.4).astype(np.uint8)}
        assert_same_bits(program, x)
        for neurons in (10, 64, 131):
            assert_same_by_core(program, x, neurons)


@pytest.mark.parametrize(("fan_in", "wide"), [(4095, False), (4096, True)])
@pytest.mark.usefixtures("both_forms")
def test_sums_in_32_bits_and_beyond(fan_in: int, wide: bool) -> None:
    """Every weight at its lowest, every source at once: the largest sum and the largest count; and none at all."""
    weights = np.full((3, fan_in), -256)
    weights[1] = np.where(np.arange(fan_in) % 2, 254, -254)
    q = Projection("q", "in", "a", kind="sparse", **compressed(weights, np.ones(weights.shape, bool)))
    program = one_layer(q, fan_in, 3)
    assert (prepare(program, None).tables.projections["sum_bits"][0] == WIDE_SUM_BITS) == wide
    x = np.zeros((5, 1, fan_in), np.uint8)
    x[0], x[2, :, :2], x[4, :, 1] = 1, 1, 1  # row 2 brings sums of zero, which count as well
    assert_same_bits(program, {"in": x})


@pytest.mark.usefixtures("both_forms")
def test_a_few_events_and_many_and_every_remainder() -> None:
    """Four sources are added at once, and 252 before sums of 16 bits overflow."""
    weights = np.where(np.random.default_rng(0).random((130, 600)) < 0.5, -256, 254)
    q = Projection("q", "in", "a", kind="sparse", weight_exp=-3, **compressed(weights, weights != 0))
    x = np.zeros((9, 1, 600), np.uint8)
    for row, events in enumerate((0, 1, 2, 3, 5, 252, 253, 505, 600)):
        x[row, :, 600 - events :] = 1
    program = one_layer(q, 600, 130)
    assert_same_bits(program, {"in": x})
    (part,) = pack(program, q, images(program), ahead=False)
    tables = prepare(program, None).tables
    assert part.lists is not None and part.lists.expands == bool(tables.present.size)
    held = tables.starts, tables.near, tables.far, tables.present, tables.listed
    assert list_bytes(part.lists) == sum(array.nbytes for array in held)


@pytest.mark.parametrize("post", [NEAR, NEAR + 1])
def test_the_last_target_that_16_bits_tell_and_the_next(post: int) -> None:
    last = np.array([0, 1, post - 2, post - 1])
    indptr = np.searchsorted(last, np.arange(post + 1)).astype(np.int32)
    indices, weights = np.array([0, 1, 0, 1], np.int32), np.array([254, 2, -256, 254], np.int16)
    q = Projection("q", "in", "a", weights, kind="sparse", indptr=indptr, indices=indices)
    program = one_layer(q, 2, post)
    (part,) = pack(program, q, images(program), ahead=False)
    tables = prepare(program, None).tables
    assert part.lists is not None
    held = tables.starts, tables.near, tables.far, tables.listed
    assert list_bytes(part.lists) == sum(array.nbytes for array in held)
    assert tables.near.size == (4 if post == NEAR else 0)
    assert_same_bits(program, {"in": np.array([[[1, 0]], [[0, 1]], [[1, 1]]], np.uint8)})


def test_narrow_columns_of_a_program_are_taken_as_they_are() -> None:
    """A program may hold its columns in 16 bits; it is the same program, and as fast."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-128, 128, (90, 60)) * 2
    q = Projection("q", "in", "a", kind="sparse", **compressed(weights, rng.random((90, 60)) < 0.2))
    narrow = replace(q, indices=q.indices.astype(np.uint16))
    programs = [one_layer(p, 60, 90) for p in (q, narrow)]
    assert programs[0].content_hash == programs[1].content_hash
    assert_same_bits(programs[1], {"in": (rng.random((6, 2, 60)) < 0.3).astype(np.uint8)})
