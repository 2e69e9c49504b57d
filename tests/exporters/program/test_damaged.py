"""Nothing in a program file is believed: whatever is wrong with it, one typed error says so, at once and cheaply."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from spikewright.exporters.program.file import load_program
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.errors import InputError

LIMIT_S, LIMIT_BYTES = 1.0, 200e6
DAMAGED = "no program file, or a damaged one"


def a_mixed_program() -> Program:
    """Dense, sparse and convolution, a register per neuron, delays per synapse."""
    kernel = np.array([[[[2, -4], [6, 8]]]], np.int16)
    registers = {"du": 4095, "dv": 2048, "vth": 10}
    populations = (
        Population("a", (1, 3, 3), **registers, bias_mant=np.zeros(9, np.int32), level=1),
        Population("b", (2,), 100, np.array([1, 2]), 10, np.zeros(2, np.int32), level=2),
    )
    projections = (
        Projection("in-a", "in", "a", kernel, kind="convolution"),
        Projection("a-b", "a", "b", np.full((2, 9), 2, np.int16), delay=np.arange(18).reshape(2, 9)),
        Projection(
            "in-b",
            "in",
            "b",
            np.array([2, 4, 6], np.int16),
            kind="sparse",
            indptr=np.array([0, 1, 3], np.int32),
            indices=np.array([5, 0, 15], np.int32),
        ),
    )
    return make_program((Input("in", (1, 4, 4)),), populations, projections, (Output("o", "b", "spike_count"),))


class Parts:
    """A file in its parts, to be changed and put together again."""

    def __init__(self, data: bytes) -> None:
        length = int.from_bytes(data[:8], "little")
        self.header: dict[str, Any] = json.loads(data[8 : 8 + length])
        self.metadata = self.header["__metadata__"]
        self.program: dict[str, Any] = json.loads(self.metadata["program"])
        self.body = bytearray(data[8 + length :])

    def array(self, name: str, kind: str) -> np.ndarray:
        first, last = self.header[name]["data_offsets"]
        return np.frombuffer(memoryview(self.body)[first:last], kind)

    def drop(self, name: str) -> None:
        """Take an array out, with its bytes."""
        first, last = self.header.pop(name)["data_offsets"]
        del self.body[first:last]
        for entry in self.header.values():
            if "data_offsets" in entry and entry["data_offsets"][0] >= last:
                entry["data_offsets"] = [offset - (last - first) for offset in entry["data_offsets"]]

    def add(self, name: str, array: np.ndarray, kind: str) -> None:
        first = len(self.body)
        self.body += array.tobytes()
        self.header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [first, len(self.body)]}

    def item(self, part: str, name: str) -> dict[str, Any]:
        return next(item for item in self.program[part] if item["name"] == name)

    def bytes(self) -> bytes:
        if "program" in self.metadata:
            self.metadata["program"] = json.dumps(self.program)
        header = json.dumps(self.header).encode()
        return struct.pack("<Q", len(header)) + header + bytes(self.body)


def original(folder: Path) -> bytes:
    a_mixed_program().save(folder / "whole")
    return (folder / "whole").read_bytes()


Change = Callable[[Parts], object]
WEIGHTS, DELAYS = "projections/a-b/weights", "projections/a-b/delay"
INDICES, INDPTR = "projections/in-b/indices", "projections/in-b/indptr"


def retyped(name: str, old: str, new: np.dtype | str, kind: str) -> Change:
    """Change that stores an array in another type."""

    def change(p: Parts) -> None:
        shape = p.header[name]["shape"]
        values = p.array(name, old).reshape(shape).astype(new)
        p.drop(name)
        p.add(name, values, kind)

    return change


def put(name: str, kind: str, at: int, value: int) -> Change:
    return lambda p: p.array(name, kind).__setitem__(at, value)


def offsets(name: str, change: Callable[[list[int]], list[int]]) -> Change:
    return lambda p: p.header[name].update(data_offsets=change(p.header[name]["data_offsets"]))


def field(part: str, item: str, **values: Any) -> Change:
    return lambda p: p.item(part, item).update(values)


CHANGES: dict[str, tuple[Change, str]] = {
    "offsets overlap": (offsets(WEIGHTS, lambda o: [o[0] - 4, o[1] - 4]), DAMAGED),
    "offsets beyond the end": (offsets(WEIGHTS, lambda o: [o[0] + 10**6, o[1] + 10**6]), DAMAGED),
    "offsets negative": (offsets(WEIGHTS, lambda o: [-8, o[1]]), DAMAGED),
    "shape and bytes differ": (lambda p: p.header[WEIGHTS].update(shape=[3, 9]), DAMAGED),
    "shape declared huge": (lambda p: p.header[WEIGHTS].update(shape=[2**40, 9]), DAMAGED),
    "shape that overflows": (lambda p: p.header[WEIGHTS].update(shape=[2**63, 2**63]), DAMAGED),
    "a type unknown to safetensors": (lambda p: p.header[WEIGHTS].update(dtype="I17"), DAMAGED),
    "weights in 32 bits": (retyped(WEIGHTS, "<i2", "<i4", "I32"), "'weights' is of type int32, must be int16"),
    "weights without a sign": (retyped(WEIGHTS, "<i2", "<u2", "U16"), "'weights' is of type uint16"),
    "weights as floats": (retyped(WEIGHTS, "<i2", "<f4", "F32"), "'weights' is of type F32"),
    "weights that are no number": (
        lambda p: retyped(WEIGHTS, "<i2", "<f4", "F32")(p) or put(WEIGHTS, "<f4", 0, np.nan)(p),
        "'weights' is of type F32",
    ),
    "weights as bfloat16": (retyped(WEIGHTS, "<i2", "<i2", "BF16"), "'weights' is of type BF16"),
    "array missing": (lambda p: p.drop(WEIGHTS), "lacks the field or array 'weights'"),
    "delay array missing": (lambda p: p.drop(DELAYS), "lacks the field or array 'delay'"),
    "array too many": (lambda p: p.add("projections/c/weights", np.zeros(2, "<i2"), "I16"), "belongs to nothing"),
    "array of no part": (lambda p: p.add("spare", np.zeros(2, "<i2"), "I16"), "'spare' belongs to nothing"),
    "array for a scalar": (
        lambda p: p.add("populations/a/bias_exp", np.zeros(2, "<i4"), "I32"),
        "'populations/a/bias_exp' belongs to nothing",
    ),
    "field and array": (field("populations", "b", dv=3), "has 'dv' as a field and as an array"),
    "weights off the grid": (put(WEIGHTS, "<i2", 3, 3), "off the grid"),
    "weights changed on the grid": (put(WEIGHTS, "<i2", 3, 4), "does not have the hash"),
    "delays out of range": (put(DELAYS, "<i2", 3, 64), "delay spans 0..64"),
    "register out of range": (field("populations", "a", du=5000), "du = 5000"),
    "register of a neuron out of range": (put("populations/b/dv", "<i4", 1, -1), "dv spans -1"),
    "register changed": (field("populations", "a", du=4000), "does not have the hash"),
    "register a fraction": (field("populations", "a", du=1.5), "du = 1.5"),
    "register true": (field("populations", "a", du=True), "du = True"),
    "indices out of range": (put(INDICES, "<i4", 2, 16), "indices spans 0..16"),
    "indices negative": (put(INDICES, "<i4", 0, -1), "indices spans -1"),
    "indices that do not ascend": (put(INDICES, "<i4", 2, 0), "must ascend"),
    "indptr that falls": (put(INDPTR, "<i4", 1, 4), "indptr must rise"),
    "indptr beyond the synapses": (put(INDPTR, "<i4", 2, 2**30), "indptr must rise"),
    "unknown kind of population": (field("populations", "a", kind="hodgkin"), "kind 'hodgkin'"),
    "unknown kind of projection": (field("projections", "a-b", kind="pickle"), "kind 'pickle'"),
    "unknown field": (field("populations", "a", tau=3), "unknown field 'tau'"),
    "field missing": (lambda p: p.item("populations", "a").pop("reset"), "lacks the field or array 'reset'"),
    "part missing": (lambda p: p.program.pop("outputs"), "describes"),
    "unknown part": (lambda p: p.program.update(learning=[]), "describes"),
    "part of another form": (lambda p: p.program.update(projections="none"), "does not parse"),
    "item of another form": (lambda p: p.program.update(populations=[3]), "does not parse"),
    "description of another form": (lambda p: setattr(p, "program", [1, 2]), "damaged|describes"),
    "settings of another form": (lambda p: p.program.update(settings={"dt_s": 3}), "does not parse"),
    "loss of an older form": (lambda p: p.program.update(losses=[{"node": "a", "what": "b"}]), "lacks the field"),
    "name with a slash": (field("outputs", "o", name="o/p"), "holds '/'"),
    "name of a list": (field("outputs", "o", name=["o"]), "holds '/' or a control character|does not parse"),
    "names twice": (lambda p: p.program["outputs"].append(p.program["outputs"][0]), "used 2 times"),
    "population declared huge": (field("populations", "a", shape=[1, 10**6, 10**6]), r"bias_mant is int32 \(9,\)"),
    "input declared huge": (field("inputs", "in", shape=[1, 10**9, 10**9]), "window|must be int"),
    "numbers of 5,000 digits": (field("populations", "a", level=10**4000), "level|does not parse"),
    "description missing": (lambda p: p.metadata.pop("program"), "damaged"),
    "hash missing": (lambda p: p.metadata.pop("hash"), "does not have the hash"),
    "older version": (lambda p: p.metadata.update(version="0"), "format 0, this version reads 2. Export the network"),
    "newer version": (lambda p: p.metadata.update(version="99"), "format 99"),
    "version missing": (lambda p: p.metadata.pop("version"), "format None"),
    "foreign format": (lambda p: p.metadata.update(format="pt"), "no spikewright program"),
    "metadata missing": (lambda p: p.header.pop("__metadata__"), "no spikewright program"),
}


def refused(path: Path, message: str) -> None:
    """Loading fails with an `InputError` that matches, within the limits of time and memory."""
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(InputError, match=message):
        load_program(path)
    assert time.perf_counter() - started < LIMIT_S
    assert tracemalloc.get_traced_memory()[1] < LIMIT_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    change, message = CHANGES[name]
    parts = Parts(original(tmp_path))
    change(parts)
    (tmp_path / "p").write_bytes(parts.bytes())
    refused(tmp_path / "p", message)


def test_an_unchanged_file_survives_being_taken_apart(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(Parts(original(tmp_path)).bytes())
    assert load_program(tmp_path / "p").content_hash == a_mixed_program().content_hash


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 9, 100, 0.25, 0.5, 0.75, 0.99, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: float) -> None:
    data = original(tmp_path)
    (tmp_path / "p").write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    refused(tmp_path / "p", DAMAGED)


def test_a_file_with_more_behind_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(original(tmp_path) + b"\0" * 8)
    refused(tmp_path / "p", DAMAGED)


@pytest.mark.parametrize("length", [0, 1, 2**20, 99_999_999, 2**32, 2**63, 2**64 - 1])
def test_a_header_that_lies_about_its_length_is_refused(tmp_path: Path, length: int) -> None:
    (tmp_path / "p").write_bytes(struct.pack("<Q", length) + original(tmp_path)[8:])
    refused(tmp_path / "p", DAMAGED)


@pytest.mark.parametrize(
    "header",
    [b"no JSON at all", b"[1, 2]", b'"text"', b"3", b"null", b"{", b"\xff\xfe{}", b"[" * 100_000, b"{}"],
    ids=lambda text: repr(text[:12]),
)
def test_a_header_of_another_form_is_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "p").write_bytes(struct.pack("<Q", len(header)) + header)
    refused(tmp_path / "p", f"{DAMAGED}|no spikewright program")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 50_000, "", "NaN", "3", '{"inputs": [}'])
def test_a_description_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    metadata = {"format": "spikewright-program", "version": "2", "hash": "0", "program": text}
    save_file({}, tmp_path / "p", metadata=metadata)
    refused(tmp_path / "p", "is damaged|describes")


def test_keys_given_twice_are_refused(tmp_path: Path) -> None:
    parts = Parts(original(tmp_path))
    text = json.dumps(parts.program).replace('"du": 4095', '"du": 1, "du": 4095', 1)
    data = parts.bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"]["program"] = text
    twice = json.dumps(header).encode()
    (tmp_path / "p").write_bytes(struct.pack("<Q", len(twice)) + twice + data[8 + length :])
    refused(tmp_path / "p", "'du' is given twice")
    entry = json.dumps({WEIGHTS: header[WEIGHTS]})[1:-1].encode()
    twice = data[8 : 8 + length][:-1] + b", " + entry + b"}"
    (tmp_path / "p").write_bytes(struct.pack("<Q", len(twice)) + twice + data[8 + length :])
    refused(tmp_path / "p", "damaged")


def test_other_files_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "no file")
    refused(tmp_path, "no file")
    path = tmp_path / "p"
    save_file({"w": np.zeros(3)}, path)
    refused(path, "no spikewright program")
    for data in (b"", b"a text, and no more\n", pickle.dumps({"weights": [1, 2]}), b"\x89HDF\r\n\x1a\n" + b"\0" * 600):
        path.write_bytes(data)
        refused(path, DAMAGED)


def test_flipped_bits_are_refused_or_touch_nothing_that_counts(tmp_path: Path) -> None:
    """Bits of every part of the file: what still loads is the same program, with another note at most."""
    data, program = original(tmp_path), a_mixed_program()
    rng = np.random.default_rng(0)
    length = 8 + int.from_bytes(data[:8], "little")
    places = [*range(64), *rng.integers(8 * 8, 8 * length, 400), *rng.integers(8 * length, 8 * len(data), 200)]
    started, loaded = time.perf_counter(), 0
    for bit in places:
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        (tmp_path / "p").write_bytes(flipped)
        try:
            found = load_program(tmp_path / "p")
        except InputError:
            continue
        loaded += 1
        assert found.content_hash == program.content_hash
    assert loaded < len(places) / 10 and time.perf_counter() - started < LIMIT_S * len(places) / 10


def test_a_huge_claim_takes_no_memory_from_the_system(tmp_path: Path) -> None:
    """Counted by the system, in a process of its own: 200 MB of addresses more than the imports take."""
    parts = Parts(original(tmp_path))
    parts.item("populations", "a")["shape"] = [10**9]
    parts.item("populations", "a")["kind"] = "relay"
    (tmp_path / "p").write_bytes(parts.bytes())
    code = (
        "import resource\nfrom spikewright.exporters.program.file import load_program\n"
        "from spikewright.models.errors import InputError\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + {int(LIMIT_BYTES)},) * 2)\n"
        "try: load_program('p')\nexcept InputError as error: print(error)"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc to tell how much memory the imports take")
    out = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert "bias_mant" in out.stdout and "relay" in out.stdout, out.stderr
