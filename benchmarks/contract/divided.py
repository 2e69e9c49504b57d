"""An E-I network whose divisor the chip computes: both sums rounded to the grid, nothing trained anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikewright.exporters.program.grid import round_to_grid
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.population import VTH_MAX
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.models.networks import EIMLP

RECIPROCAL_BITS = 3
_DIVISOR_EXP = 0
_BIAS_MAX = 4095


def divided_program(model: EIMLP) -> Program:
    """Lower an `EIMLP` with divisive inhibition as populations of the kind ei_gain.

    Rows of the numerator carry the excitatory gain, and thresholds are folded into them and the biases. The quotient of
    the two integer sums is ``K N / D`` with the same K in every row, which is the threshold in the chip's units.
    """
    layers = [m for n, m in model.named_children() if n.startswith("hidden")]
    shape = (model.config.sizes[0],)
    source, populations, projections = "input", [], []
    for level, layer in enumerate(layers, start=1):
        name = f"hidden{level}.lif"
        population, into = _hidden(layer, name, source, level)
        populations.append(population)
        projections += into
        source = name
    readout, weights = _readout(model, source, len(layers) + 1)
    return make_program(
        (Input("input", shape),),
        (*populations, readout),
        (*projections, weights),
        (Output("output", readout.name, "membrane"),),
        settings={"ei": ("dynamic", "argument"), "reciprocal_bits": (RECIPROCAL_BITS, "argument")},
    )


def _hidden(layer: Any, name: str, source: str, level: int) -> tuple[Population, list[Projection]]:
    circuit, lif = layer.circuit, layer.lif
    threshold = np.broadcast_to(_array(lif.threshold), (circuit.out_features,))
    numerator = _array(circuit.numerator_weight()) * (_array(circuit.gain_e) / threshold)[:, None]
    divisor = _array(circuit.divisor_weight())
    scale_n, scale_d = 254 / np.abs(numerator).max(), 255 / divisor.max()
    unit = scale_n / (scale_d * 2.0**_DIVISOR_EXP)
    quotient_exp = int(np.clip(np.floor(np.log2(VTH_MAX / 64 / unit)), 0, 15))
    vth = round(unit * 2.0**quotient_exp)
    bias = _array(circuit.bias_e) / threshold * vth * 64
    bias_exp = max(0, int(np.ceil(np.log2(np.abs(bias).max(initial=1) / _BIAS_MAX))))
    population = Population(
        name,
        (circuit.out_features,),
        du=4095,
        dv=round(4096 / lif.tau),
        vth=vth,
        bias_mant=np.rint(bias / 2**bias_exp).astype(np.int32),
        bias_exp=bias_exp,
        level=level,
        kind="ei_gain",
        reciprocal_bits=RECIPROCAL_BITS,
        quotient_exp=quotient_exp,
    )
    current = round_to_grid(numerator * scale_n, 8, "mixed")
    divided = round_to_grid(divisor * scale_d, 8, "excitatory")
    return population, [
        Projection(f"{name}.numerator", source, name, current),
        Projection(
            f"{name}.divisor",
            source,
            name,
            divided,
            weight_exp=_DIVISOR_EXP,
            sign_mode="excitatory",
            port="divisor",
        ),
    ]


def _readout(model: EIMLP, source: str, level: int) -> tuple[Population, Projection]:
    weight = _array(model.readout.circuit.numerator_weight())
    weights = round_to_grid(weight * (254 / np.abs(weight).max()), 8, "mixed")
    zero = np.zeros(len(weight), np.int32)
    population = Population("readout.mean", (len(weight),), 4095, 0, VTH_MAX, zero, level, kind="readout")
    return population, Projection("readout.circuit", source, "readout.mean", weights, weight_exp=-1)


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().double().numpy()
