"""Data sets as input of a network and as splits for training."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from spikewright.models.encoders import direct_code, rate_code
from spikewright.models.errors import InputError
from spikewright.toolchain.data import events_to_frames, load_events, load_samples, load_split
from spikewright.toolchain.data.digits import load_digits
from spikewright.toolchain.data.samples import CALIBRATION_SAMPLES


def test_digits_are_coded_as_before() -> None:
    digits = load_digits("writer")
    samples = load_samples("digits:writer", 5, 30)
    assert samples.name == "digits:writer:0"
    assert np.array_equal(samples.x, rate_code(digits.x_test, 5)[:, :30])
    assert np.array_equal(samples.calibration, rate_code(digits.x_train, 5))
    assert np.array_equal(samples.y, digits.y_test[:30])
    assert samples.x.dtype == np.uint8
    direct = load_samples("digits:writer", 5, 30, encode="direct")
    assert np.array_equal(direct.x, direct_code(digits.x_test[:30], 5))
    assert direct.x.dtype == np.float32


def test_samples_take_the_shape_of_the_network() -> None:
    flat, square = load_samples("digits", 3, 5), load_samples("digits", 3, 5, shape=(1, 8, 8))
    assert square.x.shape == (3, 5, 1, 8, 8)
    assert square.calibration.shape == (3, 1400, 1, 8, 8)
    assert np.array_equal(flat.x, square.x.reshape(3, 5, 64))
    with pytest.raises(InputError, match=r"64 values; the network's input is \(784,\), 784 values"):
        load_samples("digits", 3, 5, shape=(784,))


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("mnist:val", r"not of the form mnist\[:test\|train\]"),
        ("cifar10:test:0", r"not of the form cifar10\[:test\|train\]"),
        ("tonic", r"not of the form tonic:NAME\[:test\|train\]"),
        ("tonic:SHD:valid", r"not of the form tonic:NAME"),
        ("digits:writer:x", r"not of the form digits"),
        ("mnits", "neither a known set .*mnist, .*nor a .npy or .npz file"),
    ],
)
def test_names_that_mean_nothing(spec: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        load_samples(spec)


@pytest.mark.parametrize("given", [{"steps": 0}, {"limit": -1}])
def test_no_steps_or_samples(given: dict[str, int]) -> None:
    with pytest.raises(InputError, match="there must be at least one"):
        load_samples("digits", **given)


def test_an_unknown_encoding() -> None:
    with pytest.raises(InputError, match="known are rate, direct"):
        load_samples("digits", encode="phase")


def test_a_part_is_held_out_for_choosing() -> None:
    whole, split = load_split("digits:stratified:3"), load_split("digits:stratified:3", validation=200)
    assert (len(split.y_train), len(split.y_validation), len(split.y_test)) == (1200, 200, 397)
    assert np.array_equal(np.concatenate([split.x_train, split.x_validation]), whole.x_train)
    assert np.array_equal(np.concatenate([split.y_train, split.y_validation]), whole.y_train)
    assert np.array_equal(split.x_test, whole.x_test)
    assert (split.name, len(whole.y_validation)) == ("digits:stratified:3", 0)
    for count in (-1, 1400):
        with pytest.raises(InputError, match="choose 0 to 1399"):
            load_split("digits:stratified:3", validation=count)


def test_what_cannot_be_trained_on() -> None:
    with pytest.raises(InputError, match="known are digits, mnist, fashion-mnist, cifar10"):
        load_split("nmnist")


def test_real_images_as_input(real) -> None:
    real("mnist")
    samples = load_samples("mnist", 4, 600, shape=(784,))
    split = load_split("mnist", validation=5000)
    assert (samples.name, samples.count) == ("mnist:test", 600)
    assert np.array_equal(samples.x, rate_code(split.x_test[:600].reshape(600, 784), 4))
    first = split.x_train[:CALIBRATION_SAMPLES].reshape(-1, 784)
    assert np.array_equal(samples.calibration, rate_code(first, 4))
    assert (split.x_train.shape, len(split.y_validation)) == ((55_000, 1, 28, 28), 5000)
    assert (split.x_test.dtype, split.y_test.dtype) == (np.float32, np.int64)


def test_real_events_as_input(real) -> None:
    real("nmnist-small")
    spikes = load_samples("nmnist-small:train", 6, 10)
    counts = load_samples("nmnist-small", 6, 10, encode="direct", shape=(2 * 34 * 34,))
    test = load_events("nmnist-small", "test")
    frames = events_to_frames(islice(test, 10), test.sensor, steps=6, count=True)
    assert np.array_equal(counts.x, frames.reshape(6, 10, -1))
    assert counts.x.max() > 1
    assert spikes.x.shape == (6, 10, 2, 34, 34)
    assert np.array_equal(spikes.x, spikes.calibration[:, :10])
    assert np.array_equal(spikes.calibration.reshape(6, CALIBRATION_SAMPLES, -1), counts.calibration > 0)
    assert list(counts.y[:3]) == [7, 2, 1]


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        if name == "x.npy":
            np.save(file, np.ones((2, 2, 40)))
        else:
            np.savez_compressed(file, x=np.arange(160).reshape(2, 2, 40))
    whole, refused = path.read_bytes(), 0
    for place in range(0, len(whole), 2):
        path.write_bytes(whole[:place] + b"(" + whole[place + 1 :])
        try:
            load_samples(str(path))
        except InputError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 50


def test_a_known_set_is_a_file_too_if_it_ends_so(tmp_path: Path) -> None:
    np.save(tmp_path / "mnist.npy", np.ones((2, 3, 4), np.uint8))
    assert load_samples(str(tmp_path / "mnist.npy")).x.shape == (2, 3, 4)
