"""From an edge to a stock Lava process."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode
from scipy.sparse import csr_matrix

from .edges import Edge

SIGN_MODES = {"mixed": SignMode.MIXED, "excitatory": SignMode.EXCITATORY, "inhibitory": SignMode.INHIBITORY}
RELAYED_BITS = 24
"""Width of events that pass a relay."""


def synapses(projection: dict[str, Any], edge: Edge, source: list[int], size: int) -> AbstractProcess:
    """Create the process of an edge between a source of shape `source` and a population of `size` neurons."""
    kind = projection["kind"]
    if kind in ("convolution", "pooling"):
        return _convolution(projection, source)
    registers = {
        "weight_exp": projection["weight_exp"],
        "num_weight_bits": projection["weight_bits"],
        # Never left to Lava: it would guess the mode, and with it the grid, from the signs that happen to occur.
        "sign_mode": SIGN_MODES[projection["sign_mode"]],
        "num_message_bits": projection["message_bits"],
    }
    keep, weights = edge.keep, projection["weights"].astype(np.int32)
    if kind == "dense":
        registers["weights"] = np.where(keep, weights, 0)
        hops = np.broadcast_to(edge.hops, weights.shape)
        return DelayDense(delays=hops, **registers) if hops.any() else Dense(**registers)
    keep = np.broadcast_to(keep, weights.shape) & (weights != 0)
    post = np.repeat(np.arange(size), np.diff(projection["indptr"]))[keep]
    places, shape = (post, projection["indices"][keep]), (size, int(np.prod(source)))
    registers["weights"] = csr_matrix((weights[keep], places), shape)
    hops = np.broadcast_to(edge.hops, keep.shape)[keep]
    if not hops.any():
        return Sparse(**registers)
    return DelaySparse(delays=csr_matrix((hops, places), shape), **registers)


def identity(size: int) -> dict[str, Any]:
    """Return a projection that brings every event to the neuron of the same number, unchanged."""
    return {
        "kind": "sparse",
        "weights": np.ones(size, np.int32),
        "indptr": np.arange(size + 1),
        "indices": np.arange(size),
        "weight_exp": 0,
        "weight_bits": 8,
        "sign_mode": "excitatory",
        "message_bits": RELAYED_BITS,
    }


def connect(source: OutPort, process: AbstractProcess, target: InPort) -> None:
    """Connect an edge's process to flat neurons; a Conv has channels last, and width before height."""
    if not isinstance(process, Conv):
        source.connect(process.s_in)
        process.a_out.connect(target)
        return
    source.reshape(process.s_in.shape[::-1]).transpose([2, 1, 0]).connect(process.s_in)
    process.a_out.transpose([2, 1, 0]).flatten().connect(target)


def _convolution(projection: dict[str, Any], source: list[int]) -> Conv:
    """Create a Conv, which flips its kernel and knows no exponent."""
    channels, height, width = source if len(source) == 3 else (source[0], 1, source[1])
    kernel, groups = projection["weights"].astype(np.int32), projection["groups"]
    if projection["kind"] == "pooling":
        kernel, groups = np.full((channels, 1, *projection["kernel"]), kernel[0]), channels
    exponent = projection["weight_exp"]
    kernel = kernel << exponent if exponent >= 0 else kernel >> -exponent
    return Conv(
        weight=np.ascontiguousarray(kernel[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)),
        input_shape=(width, height, channels),
        groups=groups,
        num_message_bits=projection["message_bits"],
        **{name: tuple(projection[name][::-1]) for name in ("stride", "padding", "dilation")},
    )
