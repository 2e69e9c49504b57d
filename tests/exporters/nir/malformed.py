"""Files that are no NIR graphs, each broken in one way; `MALFORMED` maps names to what makes one at a path."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np

Make = Callable[[Path], None]
TEXT = h5py.string_dtype()


def sound(path: Path) -> None:
    """Write the file from which most others are made: input, fc (3, 4), lif (3), output."""
    nodes = {
        "input": nir.Input({"input": np.array([4])}),
        "fc": nir.Affine(np.arange(12.0).reshape(3, 4), np.zeros(3)),
        "lif": nir.LIF(np.full(3, 1e-3), np.ones(3), np.zeros(3), np.ones(3), v_reset=np.zeros(3)),
        "output": nir.Output({"output": np.array([3])}),
    }
    nir.write(path, nir.NIRGraph(nodes, [("input", "fc"), ("fc", "lif"), ("lif", "output")]))


def _edited(edit: Callable[[h5py.File], None]) -> Make:
    def make(path: Path) -> None:
        sound(path)
        with h5py.File(path, "a") as file:
            edit(file)

    return make


def _with(values: dict[str, Any]) -> Make:
    """Replace datasets under /node; None removes."""

    def edit(file: h5py.File) -> None:
        for name, value in values.items():
            if name in file["node"]:
                del file["node"][name]
            if value is not None:
                file["node"][name] = value

    return _edited(edit)


def _edges(*pairs: tuple[str, str]) -> Make:
    return _with({"edges": np.array(pairs, TEXT)})


def _truncated(share: float) -> Make:
    def make(path: Path) -> None:
        sound(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(share * len(data))])

    return make


def _overwritten(signature: bytes) -> Make:
    def make(path: Path) -> None:
        sound(path)
        data = path.read_bytes()
        assert signature in data
        path.write_bytes(data.replace(signature, b"\xff" * len(signature)))

    return make


def _huge(name: str, shape: tuple[int, ...], **settings: Any) -> Make:
    def edit(file: h5py.File) -> None:
        if name in file["node"]:
            del file["node"][name]
        file["node"].create_dataset(name, shape, "f8", **settings)

    return _edited(edit)


def _bomb(file: h5py.File) -> None:
    del file["node/nodes/fc/weight"]
    weight = file.create_dataset("node/nodes/fc/weight", (1 << 12, 1 << 12), "f8", chunks=(16, 1 << 12), compression=9)
    weight[:] = 0.0


def _bombs(file: h5py.File) -> None:
    """Each of them below the sizes from which one alone would be refused."""
    for n in range(12):
        file["node/nodes/fc"].create_dataset(f"ballast{n}", (1 << 20,), "f8", fillvalue=1.0)


def _lying_length(where: str) -> Make:
    """A string that says it has 2 GB."""

    def make(path: Path) -> None:
        sound(path)
        with h5py.File(path) as file:
            at = file[where].id.get_offset()
        data = bytearray(path.read_bytes())
        data[at + 3] = 0x7F
        path.write_bytes(data)

    return make


def _lying_length_in_a_chunk(file: h5py.File) -> None:
    texts = file["node"].create_dataset("metadata/notes", data=np.array(["note"], TEXT), chunks=(1,), compression=9)
    reference = bytearray(zlib.decompress(texts.id.read_direct_chunk((0,))[1]))
    reference[3] = 0x7F
    texts.id.write_direct_chunk((0,), zlib.compress(reference))


def _text_in(layout: int) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(layout)
        kind = h5py.h5t.py_create(TEXT, logical=True)
        h5py.h5d.create(file["node/nodes/lif"].id, b"note", kind, h5py.h5s.create(h5py.h5s.SCALAR), plan)

    return edit


def _shared_text(path: Path) -> None:
    """A thousand references to one long string."""
    sound(path)
    with h5py.File(path, "a") as file:
        text = file["node"].create_dataset("metadata/text", data=np.array(["x" * 60_000] + [""] * 999, TEXT))
        at = text.id.get_offset()
    data = path.read_bytes()
    path.write_bytes(data[:at] + data[at : at + 16] * 1000 + data[at + 16_000 :])


def _many_edges(file: h5py.File) -> None:
    del file["node/edges"]
    edges = file["node"].create_dataset("edges", (600_000, 2), TEXT, chunks=(600_000, 2), compression=9)
    edges[:2] = [("input", "fc"), ("fc", "lif")]


def _string_bomb(file: h5py.File) -> None:
    del file["node/edges"]
    file["node"].create_dataset("edges", data=np.array([("x" * 3_000_000, "fc")] * 20, TEXT))


def _deep(file: h5py.File) -> None:
    group = file["node/nodes"]
    for _ in range(200):
        group = group.create_group("a")


def _soft(where: str, target: str) -> Make:
    return _edited(lambda file: file.__setitem__(where, h5py.SoftLink(target)))


def _hard(file: h5py.File) -> None:
    file["node/nodes/fc/again"] = file["node/nodes"]


def _sub(path: Path) -> None:
    """A sub-graph with two inputs, fed by an edge that does not say which."""

    def port(kind: Any) -> nir.NIRNode:
        return kind(np.array([2]))

    nodes = {"a": port(nir.Input), "b": port(nir.Input), "s": nir.Scale(np.ones(2)), "o": port(nir.Output)}
    inner = nir.NIRGraph(nodes, [("a", "s"), ("b", "s"), ("s", "o")], type_check=False)
    outer = {"input": port(nir.Input), "sub": inner, "output": port(nir.Output)}
    nir.write(path, nir.NIRGraph(outer, [("input", "sub"), ("sub", "output")], type_check=False))


def _foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros(3)


def _keras(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["node/model_weights/dense/kernel"] = np.zeros((3, 3))


CONV = {
    "nodes/fc/type": "Conv2d",
    "nodes/fc/weight": np.ones((3, 1, 2, 2)),
    "nodes/fc/stride": 1,
    "nodes/fc/padding": 0,
    "nodes/fc/dilation": 1,
    "nodes/fc/groups": 1,
    "nodes/input/shape": np.array([1, 4, 4]),
}

MALFORMED: dict[str, Make] = {
    "empty file": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not a NIR file"),
    "a folder's worth of zeros": lambda path: path.write_bytes(bytes(4096)),
    **{f"truncated at {share:.0%}": _truncated(share) for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999)},
    **{f"without {s.decode()}": _overwritten(s) for s in (b"TREE", b"HEAP", b"SNOD", b"GCOL")},
    "foreign hdf5": _foreign,
    "foreign hdf5 with a node": _keras,
    "node in another file": _edited(lambda f: (f.pop("node"), f.__setitem__("node", h5py.ExternalLink("b.nir", "/")))),
    "single node": lambda path: nir.write(path, nir.Linear(np.eye(2))),
    "unknown type": _with({"nodes/lif/type": "Telepathy"}),
    "type is a number": _with({"nodes/lif/type": 3.0}),
    "no type": _with({"nodes/lif/type": None}),
    "no edges": _with({"edges": None}),
    "no nodes": _with({"nodes": None}),
    "edges are numbers": _with({"edges": np.zeros((3, 2))}),
    "edges of three": _with({"edges": np.array([("input", "fc", "lif")], TEXT)}),
    "edges to nowhere only": _edges(("x", "y")),
    "node is a dataset": _with({"nodes/fc": None, "nodes/spare": np.zeros(3)}),
    "missing weight": _with({"nodes/fc/weight": None}),
    "missing tau": _with({"nodes/lif/tau": None}),
    "weight is text": _with({"nodes/fc/weight": "heavy"}),
    "weight is complex": _with({"nodes/fc/weight": np.ones((3, 4), complex)}),
    "weight of rank 0": _with({"nodes/fc/weight": 1.0}),
    "weight is empty": _with({"nodes/fc/weight": np.zeros((3, 0))}),
    "weight transposed": _with({"nodes/fc/weight": np.ones((4, 3)), "nodes/fc/bias": np.zeros(4)}),
    "weight is a group": _with({"nodes/fc/weight": None, "nodes/fc/weight/deeper": np.zeros(3)}),
    "wrong bias": _with({"nodes/fc/bias": np.zeros(2)}),
    "wrong neuron count": _with({"nodes/lif/tau": np.full(5, 1e-3)}),
    "wrong output shape": _with({"nodes/output/shape": np.array([7])}),
    "input shape is text": _with({"nodes/input/shape": "wide"}),
    "negative input shape": _with({"nodes/input/shape": np.array([-4])}),
    "NaN weight": _with({"nodes/fc/weight": np.full((3, 4), np.nan)}),
    "infinite tau": _with({"nodes/lif/tau": np.full(3, np.inf)}),
    "tau of zero": _with({"nodes/lif/tau": np.zeros(3)}),
    "negative threshold": _with({"nodes/lif/v_threshold": -np.ones(3)}),
    "conv with stride 0": _with({**CONV, "nodes/fc/stride": 0}),
    "conv with padding text": _with({**CONV, "nodes/fc/padding": "reflect"}),
    "conv with groups 2": _with({**CONV, "nodes/fc/groups": 2}),
    "conv larger than its input": _with({**CONV, "nodes/input/shape": np.array([1, 1, 1])}),
    "conv with three strides": _with({**CONV, "nodes/fc/stride": np.array([1, 1, 1])}),
    "cycle without neurons": _with(
        {
            "nodes/loop/type": "Scale",
            "nodes/loop/scale": np.ones(3),
            "edges": np.array([("input", "fc"), ("fc", "loop"), ("loop", "loop"), ("loop", "output")], TEXT),
        }
    ),
    "no way in": _edges(("lif", "lif")),
    "huge dataset": _huge("nodes/fc/weight", (1 << 20, 1 << 20)),
    "huge dataset in chunks": _huge("nodes/fc/weight", (1 << 30, 1 << 10), chunks=(64, 64), compression="gzip"),
    "huge never written": _huge("nodes/fc/weight", (1 << 14, 1 << 13)),
    "huge unknown field": _huge("nodes/fc/ballast", (1 << 40,)),
    "huge chunk": _huge("nodes/fc/weight", (3, 4), chunks=(1 << 14, 1 << 13), maxshape=(None, None)),
    "huge shape behind a scalar": _with(
        {
            "nodes/input/shape": np.array([1 << 20, 1 << 20]),
            "nodes/fc/type": "Scale",
            "nodes/fc/scale": 1.0,
            "nodes/lif/tau": 1e-3,
            "nodes/output/shape": np.array([1 << 20, 1 << 20]),
            **{f"nodes/lif/{field}": 1.0 for field in ("r", "v_leak", "v_threshold", "v_reset")},
        }
    ),
    "compressed bomb": _edited(_bomb),
    "many small datasets never written": _edited(_bombs),
    "length of a type": _lying_length("node/nodes/lif/type"),
    "length of an edge": _lying_length("node/edges"),
    "length in a chunk": _edited(_lying_length_in_a_chunk),
    "compact text": _edited(_text_in(h5py.h5d.COMPACT)),
    "text filled with text": _edited(
        lambda file: file["node"].create_dataset("metadata/notes", (9,), TEXT, fillvalue="x", chunks=(3,)) and None
    ),
    "one text for many": _shared_text,
    "600,000 edges": _edited(_many_edges),
    "100,000 edges to nowhere": _edges(*((f"a{n}", f"b{n}") for n in range(100_000))),
    "edge to a name of 30,000 characters": _edges(("input", "fc"), ("a." * 15_000, "fc"), ("fc", "output")),
    "edge to nowhere": _edges(("input", "fc"), ("fc", "lfi"), ("fc", "lif"), ("lif", "output")),
    "spikewright's metadata are text": _with({"metadata/spikewright": "hello"}),
    "metadata are no UTF-8": _with({"metadata/note": np.bytes_(b"\xff\xfe")}),
    "long strings": _edited(_string_bomb),
    "type that is no UTF-8": _with({"nodes/lif/type": np.bytes_(b"\xff\xfe")}),
    "name with a line break": _with({"nodes/a\nb/type": "Input"}),
    "name of 5000 characters": _with({"nodes/" + "n" * 5000 + "/type": "Input"}),
    "slash beside a dot": _with({"nodes/a/b/type": "Input", "nodes/a.b/type": "Input"}),
    "nested 200 deep": _edited(_deep),
    "soft link to itself": _soft("node/nodes/self", "/node/nodes/self"),
    "soft link to its parent": _soft("node/nodes/fc/up", "/node"),
    "soft link to nowhere": _soft("node/nodes/fc/gone", "/nowhere"),
    "hard link to its parent": _edited(_hard),
    "link to another file": _edited(lambda f: f.__setitem__("node/nodes/far", h5py.ExternalLink("/etc/passwd", "/"))),
    "data in another file": _edited(
        lambda f: f["node/nodes/fc"].create_dataset("more", (4,), "f8", external=[("other.raw", 0, 32)]) and None
    ),
    "sub-graph with two inputs": _sub,
}
