"""A NIR graph becomes an integer program: the passes in their order."""

from __future__ import annotations

import nir

from ...models.errors import ConfigError, UnsupportedOp
from ..nir.check import require_meaning
from ..nir.semantics import Semantics, choose
from .limits import ChipLimits
from .losses import Loss
from .make import make_program
from .passes.chip import require_chip
from .passes.connect import connect
from .passes.delays import delays
from .passes.fold import fold
from .passes.inputs import Calibration, inputs_of, rounded_inputs
from .passes.levels import levels
from .passes.network import Network
from .passes.quantise import quantise_population
from .passes.relays import relays
from .passes.sources import sources
from .program import Output, Program
from .registers import is_int

CYCLES = ("every", "closing", "hop")
"""Which edges of a cycle wait a row, see `lower`."""


def lower(
    graph: nir.NIRGraph,
    calibration: Calibration = None,
    weight_bits: int = 8,
    ei: str = "static",
    dt_s: float | None = None,
    integration: str | None = None,
    spike_op: str | None = None,
    reset: str | None = None,
    chip: ChipLimits | None = None,
    cycle: str | None = None,
) -> Program:
    """Lower `graph` to integers.

    Row t of every population is what `run_graph` computes in row t, whatever the populations' levels: edges over
    several levels and NIR's Delays (of ``round(delay / dt)`` rows, each element its own) become synaptic delays, and
    where a synapse cannot delay (in front of a convolution or pooling, beyond 63 steps) relay populations, which are
    listed in `losses` with their neurons.

    Parameters
    ----------
    graph : nir.NIRGraph
        * Neurons: LIF, IF, CubaLIF, the stateless Threshold; LI, I, CubaLI as a readout. A v_reset other than zero is
          shifted away, so that samples start from it.
        * An Affine's bias is the membrane's; in front of a synaptic current or behind a Delay it comes from a constant
          source through synapses, because it passes the filter or starts late.
        * Linear nodes (Linear, Affine, Scale, Flatten, convolutions, pooling) in chains, several inputs and outputs,
          recurrence, skips, sub-graphs.
    calibration : (T, B, *input_shape) array, or dict of input name to such an array, optional
        Real input. Binary values make a spike input; integers a graded one that takes them unchanged; floats a graded
        one of `inputs.GRADED_BITS` bits. Its T bounds states without leak: in samples with more rows the membrane of a
        spiking neuron without leak stops where its register ends. Without calibration the input is binary, and such a
        membrane is sure of one row.
    weight_bits : int
        1..8.
    ei : {"static"}
        How divisive inhibition is lowered; its gain is already in the weights (models.freeze_gain).
    dt_s, integration, spike_op, reset : optional
        Argument before the graph's metadata before the default. A reset by subtraction needs a chip with microcode;
        ``reset="zero"`` gives it up, at a loss that is listed.
    chip : ChipLimits, optional
        Refuse what this chip cannot do; without one everything goes.
    cycle : {"every", "closing", "hop"}, optional
        On a cycle of several populations every edge waits a row (not given), or only the one that closes the cycle, as
        `run_graph` has it. Each edge costs a hop, so the rows that the edges of a cycle wait, with the rows of its
        Delays, have to cover its hops; "hop" lets every edge of a cycle that lacks rows wait one, and lists them.

    Returns
    -------
    Program
        With every rounding in `losses` and every choice in `settings`.

    Raises
    ------
    UnsupportedOp, NumericRangeError, ConfigError, InputError
        See the passes; violations are collected per pass.
    CapacityError
        If the input is graded, the reset a subtraction, the registers one for each neuron or a population without
        memory, and the chip lacks that.
    """
    if not is_int(weight_bits) or not 1 <= weight_bits <= 8:
        raise ConfigError(f"weight_bits = {weight_bits!r}; a chip's weights have 1 to 8 bits.")
    if ei != "static":
        raise UnsupportedOp(f'ei={ei!r} is unknown; this version lowers a frozen gain, ei="static".')
    require_meaning(graph, "the graph")
    semantics = choose(graph, dt_s=dt_s, integration=integration, spike_op=spike_op, reset=reset)
    network = float_network(graph, semantics, cycle)
    inputs, steps = inputs_of(network, calibration, chip)
    populations, projections = [], []
    losses = [*network.losses, *rounded_inputs(inputs, calibration)]
    for neurons in network.neurons:
        lowered = quantise_population(network, neurons, inputs, weight_bits, steps, semantics.spike_op)
        populations.append(lowered[0])
        projections += lowered[1]
        losses += lowered[2]
    require_chip(populations, chip)
    populations, projections, relayed = relays(inputs.values(), populations, projections)
    chosen: dict[str, tuple[str | float, str]] = {} if cycle is None else {"cycle": (cycle, "argument")}
    return make_program(
        inputs=tuple(inputs.values()),
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=_outputs(network),
        losses=tuple([*losses, *relayed, *_overruled(graph, semantics.reset)]),
        settings=semantics.settings() | {"weight_bits": (weight_bits, "argument"), "ei": (ei, "argument"), **chosen},
    )


def float_network(graph: nir.NIRGraph, semantics: Semantics, cycle: str | None = None) -> Network:
    """Everything before quantisation: the graph as neurons and synapses with delays and levels.

    Parameters
    ----------
    graph, semantics
        As `connect` takes them.
    cycle
        As in `lower`.

    Raises
    ------
    ConfigError
        For an unknown `cycle`; other errors as in `lower`.
    """
    if cycle not in (None, *CYCLES):
        raise ConfigError(f"cycle = {cycle!r} is unknown; known are {', '.join(CYCLES)}.")
    rule = "closing" if cycle == "closing" else "every"
    return levels(fold(sources(delays(connect(graph, semantics, rule)))), cycle == "hop")


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
