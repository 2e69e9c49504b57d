"""A NIR graph becomes an integer program: the passes in their order."""

from __future__ import annotations

import nir

from ...models.errors import ConfigError, NumericRangeError
from ..nir.check import require_meaning
from ..nir.semantics import Semantics, choose
from .choices import Bits, choices_of
from .limits import ChipLimits
from .losses import Loss
from .make import make_program
from .passes.activity import observe
from .passes.activity import settings_of as activity_settings
from .passes.chip import require_chip
from .passes.circuits import take_circuits, wrong_divisions
from .passes.connect import connect
from .passes.delays import delays
from .passes.divided import divide_population
from .passes.execute import Arithmetic
from .passes.fold import fold
from .passes.inputs import Calibration, inputs_of, rounded_inputs, wrong_width
from .passes.inputs import settings_of as input_settings
from .passes.levels import levels
from .passes.network import Network
from .passes.positive import positive_thresholds
from .passes.quantise import quantise_population
from .passes.relays import relays
from .passes.sources import sources
from .program import Output, Program

CYCLES = ("every", "closing", "hop")
"""Which edges of a cycle wait a row, see `lower`."""


def lower(
    graph: nir.NIRGraph,
    calibration: Calibration = None,
    weight_bits: Bits | None = None,
    ei: str | None = None,
    dt_s: float | None = None,
    integration: str | None = None,
    spike_op: str | None = None,
    reset: str | None = None,
    chip: ChipLimits | None = None,
    cycle: str | None = None,
    scale: str | None = None,
    rows: str | None = None,
    rounding: str | None = None,
    reciprocal_bits: int | None = None,
    input_bits: int | None = None,
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
        one of `input_bits` bits. Its T bounds membranes: in samples with more rows that of a spiking neuron may stop
        where its register ends, which is then in `losses`. Without calibration the input is binary, and a membrane
        without leak is sure of one row.
    weight_bits : int, or dict of str to int
        1..8, 8 if not given; of all, or by the name of a population (for all projections that end in it) or of a
        projection.
    ei : {"static", "dynamic", "auto"}, optional
        How the divisors of E-I circuits are lowered: taken as 1, which leaves the static gain and is a listed loss (not
        given); or by a population of kind ei_gain, which divides the sum of the projection NAME by that of NAME.divisor
        for the circuit NAME. "auto" is dynamic where the graph carries divisors and the chip, if one is named, divides.
    reciprocal_bits : {0, 2, 3, 4}, optional
        Of the look-up by which ei_gain divides, 3 if not given; 0 divides by the nearest power of two.
    input_bits : int, optional
        Width of a graded input of floats, 1..24; 8 if not given.
    dt_s, integration, spike_op, reset : optional
        Argument before the graph's metadata before the default. A reset by subtraction needs a chip with microcode;
        ``reset="zero"`` gives it up, at a loss that is listed.
    chip : ChipLimits, optional
        Refuse what this chip cannot do; without one everything goes.
    cycle : {"every", "closing", "hop"}, optional
        On a cycle of several populations every edge waits a row (not given), or only the one that closes the cycle, as
        `run_graph` has it. Each edge costs a hop, so the rows that the edges of a cycle wait, with the rows of its
        Delays, have to cover its hops; "hop" lets every edge of a cycle that lacks rows wait one, and lists them.
    scale : {"squared_error", "max", "percentile", "percentile:P"}, optional
        What the grid of the weights spans, see `passes.choose`: what makes the error of what enters a membrane
        smallest (not given), the largest weight, or the weight that P percent (99.9) do not exceed.
    rows : {"fold", "registers"}, optional
        One scale and threshold for a population, or one for each neuron (each channel behind a window) in its own
        registers. Not given: registers where the named chip has them. A readout has one scale in any case, so that its
        membranes can be compared.
    rounding : {"compensated", "nearest"}, optional
        Weights so that their errors cancel in the sums of events that come together on the calibration (not given, see
        `passes.rounding`), or each to the nearest on the grid; the latter without a calibration.

    Returns
    -------
    Program
        With every rounding in `losses` and every choice in `settings`.

    Raises
    ------
    UnsupportedOp, NumericRangeError, ConfigError, InputError
        See the passes. Violations are collected per pass; everything that no register holds, of all populations, is
        told at once.
    CapacityError
        If the input is graded, the reset a subtraction, the registers one for each neuron, a population without memory
        or one that divides, and the chip lacks that.
    """
    choices = choices_of(
        weight_bits, scale, rows, rounding, chip, [*wrong_divisions(ei, reciprocal_bits), *wrong_width(input_bits)]
    )
    require_meaning(graph, "the graph")
    semantics = choose(graph, dt_s=dt_s, integration=integration, spike_op=spike_op, reset=reset)
    network, problems = positive_thresholds(connected(graph, semantics, cycle))
    network = aligned(network, cycle)
    choices.require_names(network)
    network, circuits = take_circuits(network, graph, ei, reciprocal_bits, chip)
    inputs, steps = inputs_of(network, calibration, chip, input_bits)
    everyone = frozenset(n.name for n in network.neurons) if semantics.spike_op == ">=" else frozenset()
    activity = observe(network, calibration, inputs, Arithmetic(semantics.reset, everyone))
    choices = choices if activity is not None else choices.without_activity()
    populations, projections = [], []
    grey = rounded_inputs(inputs, calibration)
    losses = [*network.losses, *circuits.losses, *grey]
    for neurons in network.neurons:
        given = (network, neurons, inputs, choices, steps, semantics.spike_op, activity)
        try:
            if neurons.circuits:
                lowered = divide_population(*given, circuits.reciprocal_bits)
            else:
                lowered = quantise_population(*given)
        except NumericRangeError as error:
            problems += error.violations or [str(error)]
            continue
        populations.append(lowered[0])
        projections += lowered[1]
        losses += lowered[2]
    if problems:
        raise NumericRangeError("No integers of a chip hold this network:", problems)
    require_chip(populations, chip, choices.rows)
    populations, projections, relayed = relays(inputs.values(), populations, projections)
    chosen: dict[str, tuple[str | float, str]] = {} if cycle is None else {"cycle": (cycle, "argument")}
    return make_program(
        inputs=tuple(inputs.values()),
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=_outputs(network),
        losses=tuple([*losses, *relayed, *_overruled(graph, semantics.reset)]),
        settings=semantics.settings()
        | choices.settings()
        | activity_settings(activity)
        | input_settings(grey, input_bits)
        | circuits.settings
        | chosen,
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
    return aligned(connected(graph, semantics, cycle), cycle)


def connected(graph: nir.NIRGraph, semantics: Semantics, cycle: str | None) -> Network:
    """Neurons and synapses with the delays that the graph states."""
    if cycle not in (None, *CYCLES):
        raise ConfigError(f"cycle = {cycle!r} is unknown; known are {', '.join(CYCLES)}.")
    return delays(connect(graph, semantics, "closing" if cycle == "closing" else "every"))


def aligned(network: Network, cycle: str | None) -> Network:
    """Thresholds folded, and a level for every population."""
    return levels(fold(sources(network)), cycle == "hop")


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
