"""A NIR graph becomes an integer program: the passes in their order."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from ...models.errors import CapacityError, ConfigError, InputError, UnsupportedOp
from ..nir.check import require_meaning
from ..nir.semantics import Semantics, choose
from .limits import ChipLimits
from .losses import Loss
from .make import make_program
from .passes.connect import connect
from .passes.fold import fold
from .passes.levels import levels
from .passes.network import Network
from .passes.quantise import quantise_population
from .program import Input, Output, Program

GRADED_BITS = 8
"""Width of a graded input event that lowering chooses."""


def lower(
    graph: nir.NIRGraph,
    calibration: NDArray[Any] | None = None,
    weight_bits: int = 8,
    ei: str = "static",
    dt_s: float | None = None,
    integration: str | None = None,
    spike_op: str | None = None,
    reset: str | None = None,
    chip: ChipLimits | None = None,
) -> Program:
    """Lower `graph` to integers.

    Parameters
    ----------
    graph : nir.NIRGraph
        Linear and affine nodes, LIF, IF, and LI or I as a readout; self-recurrence and skips allowed.
    calibration : (T, B, *input_shape) array, optional
        Real input. Its T bounds states without leak. Binary values make a spike input; integers a graded one that
        takes them unchanged; floats a graded one of `GRADED_BITS` bits. Without it the input is binary.
    weight_bits : int
        1..8.
    ei : {"static"}
        How divisive inhibition is lowered; its gain is already in the weights (models.freeze_gain).
    dt_s, integration, spike_op, reset : optional
        Argument before the graph's metadata before the default.
    chip : ChipLimits, optional
        Refuse what this chip cannot do.

    Returns
    -------
    Program
        With every rounding in `losses` and every choice in `settings`.

    Raises
    ------
    UnsupportedOp, NumericRangeError, ConfigError, InputError
        See the passes; violations are collected per pass.
    CapacityError
        If the input is graded and the chip has binary spikes only.
    """
    if not 1 <= weight_bits <= 8:
        raise ConfigError(f"weight_bits = {weight_bits}; a chip's weights have 1 to 8 bits.")
    if ei != "static":
        raise UnsupportedOp(f'ei={ei!r} is unknown; this version lowers a frozen gain, ei="static".')
    require_meaning(graph, "the graph")
    semantics = choose(graph, dt_s=dt_s, integration=integration, spike_op=spike_op, reset=reset)
    network = float_network(graph, semantics)
    inputs = {name: _input(name, shape, calibration, chip) for name, shape in network.inputs.items()}
    steps = None if calibration is None else int(np.shape(calibration)[0])
    populations, projections = [], []
    losses = [*network.losses, *_rounded_inputs(inputs, calibration)]
    for neurons in network.neurons:
        lowered = quantise_population(network, neurons, inputs, weight_bits, steps, semantics.spike_op)
        populations.append(lowered[0])
        projections += lowered[1]
        losses += lowered[2]
    return make_program(
        inputs=tuple(inputs.values()),
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=_outputs(network),
        losses=tuple(losses + _overruled(graph, semantics.reset)),
        settings=semantics.settings() | {"weight_bits": (weight_bits, "argument"), "ei": (ei, "argument")},
    )


def float_network(graph: nir.NIRGraph, semantics: Semantics) -> Network:
    """Everything before quantisation: the graph as neurons and synapses that share the threshold 1, with levels."""
    return levels(fold(connect(graph, semantics)))


def _input(name: str, shape: tuple[int, ...], calibration: Any, chip: ChipLimits | None) -> Input:
    if calibration is None:
        return Input(name, shape)
    x = np.asarray(calibration)
    if x.shape[2:] != shape or not np.isfinite(x).all():
        raise InputError(f"Calibration must be finite, (T, B, {', '.join(map(str, shape))}), is {x.shape}.")
    if np.isin(x, (0, 1)).all():
        return Input(name, shape)
    if chip is not None and not chip.graded_spikes:
        raise CapacityError(
            f"Input {name!r} is grey (values {x.min():g} to {x.max():g}), but the spikes of {chip.name} carry no "
            "value. Encode it as binary spikes (models.encoders.rate_code) or choose a chip with graded spikes."
        )
    peak = float(np.abs(x).max())
    if x.dtype.kind in "iu":  # integers go unchanged, so they are the events
        return Input(name, shape, "graded", 1.0, int(peak).bit_length())
    return Input(name, shape, "graded", ((1 << GRADED_BITS) - 1) / peak, GRADED_BITS)


def _rounded_inputs(inputs: dict[str, Input], calibration: Any) -> list[Loss]:
    """Grey values become events; integers and spikes are events already."""
    if calibration is None or np.asarray(calibration).dtype.kind != "f":
        return []
    return [
        Loss(i.name, f"values became events of {i.bits} bits: steps of {1 / i.scale:.2e}, clipped at the peak", "input")
        for i in inputs.values()
        if i.kind == "graded"
    ]


def _outputs(network: Network) -> tuple[Output, ...]:
    spiking = {n.name: n.spiking for n in network.neurons}
    return tuple(
        Output(name, population, "spike_count" if spiking[population] else "membrane")
        for name, population in network.outputs.items()
    )


def _overruled(graph: nir.NIRGraph, reset: str) -> list[Loss]:
    stated = choose(graph).reset
    what = f"trained with reset {stated!r}, lowered with {reset!r}"
    return [] if reset == stated else [Loss("neurons", what, "reset")]
