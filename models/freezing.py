"""Fixing the divisor of E-I circuits, so that a network becomes ordinary signed layers which any format can say."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .ei import EILinear
from .errors import InputError

#: Rows whose numerator has less than this part of the layer's median power take the layer's median gain.
GUARD_POWER = 1e-6


@dataclass(frozen=True)
class GainStatistics:
    """What freezing the divisor of one circuit means.

    Attributes
    ----------
    gain : Tensor, shape (n_E,)
        The constant c that stands for 1 / D, per neuron.
    divisor_cv : float
        Coefficient of variation of D over time and samples, mean over neurons: 0 if freezing is exact.
    guarded_rows : int
        Neurons with almost no numerator, which take the layer's median gain.
    """

    gain: Tensor
    divisor_cv: float
    guarded_rows: int


@torch.no_grad()
def calibrate_gain(circuit: EILinear, x: Tensor) -> GainStatistics:
    """Fit the constant gain of each neuron of a hidden circuit.

    ``c = E[N^2 / D] / E[N^2]`` is the least-squares solution of ``N / D = c N`` over time and samples. Where the
    divisor was annealed to its mean m, ``c = 1 / m``, exactly.

    Parameters
    ----------
    circuit : EILinear
        An initialised hidden circuit.
    x : Tensor, shape (T, B, d)
        Its input on calibration data.

    Raises
    ------
    InputError
        If no neuron gets any input.
    """
    if circuit.annealing is not None and circuit.annealing.finished:
        return GainStatistics(1 / circuit.annealing.mean, 0.0, 0)
    numerator, divisor = (part.reshape(-1, circuit.out_features) for part in circuit.numerator_and_divisor(x))
    power = numerator.square().mean(0)
    gain = (numerator.square() / divisor).mean(0) / power
    weak = ~(power > GUARD_POWER * power.median())
    if bool(weak.all()):
        raise InputError("The calibration data drives no neuron of this circuit. Give real input, and more of it.")
    # A row that carries nothing has an arbitrary quotient, and one such row would set the scale of the whole matrix.
    gain[weak] = gain[~weak].median()
    finite = divisor[divisor.isfinite().all(1)]
    cv = (finite.std(0) / finite.mean(0)).mean().item()
    return GainStatistics(gain, cv, int(weak.sum()))


def freeze_gain(model: nn.Module, calibration: Tensor) -> nn.Module:
    """Return a copy of `model` in which every E-I circuit is an ordinary ``nn.Linear`` at the same module path.

    A hidden circuit becomes the weight ``g_E c (W_EE - W_EI W_IE)`` and the bias ``b_E``, with c from `calibrate_gain`;
    an output circuit becomes ``W_EE - W_EI W_IE`` without bias, exactly. Circuits whose divisors were annealed to the
    end (`annealing`) lose nothing either. The result is free of Dale's constraints and can be fine-tuned like any other
    network.

    Parameters
    ----------
    model : nn.Module
        A trained network; it is left unchanged.
    calibration : Tensor, shape (T, B, N)
        Input of the network, from the training data.

    Raises
    ------
    InputError
        If the calibration data leaves a layer without input.
    """
    statistics = gain_statistics(model, calibration)
    frozen = copy.deepcopy(model)
    for path, circuit in _circuits(model).items():
        weight = circuit.numerator_weight().detach()
        if not circuit.output:
            weight = weight * (circuit.gain_e.detach() * statistics[path].gain)[:, None]
        layer = nn.Linear(circuit.in_features, circuit.out_features, bias=not circuit.output).to(weight)
        with torch.no_grad():
            layer.weight.copy_(weight)
            if not circuit.output:
                layer.bias.copy_(circuit.bias_e)
        frozen.set_submodule(path, layer.train(circuit.training))
    return frozen


@torch.no_grad()
def gain_statistics(model: nn.Module, calibration: Tensor) -> dict[str, GainStatistics]:
    """Calibrate every hidden circuit of `model` on the activations of `model` itself; keys are module paths.

    Calibrating on the activations of the already frozen layers instead gave the same validation accuracy on digits.
    Parameters and errors are those of `freeze_gain`.
    """
    inputs: dict[str, Tensor] = {}
    hooks = [
        circuit.register_forward_pre_hook(lambda _, args, path=path: inputs.__setitem__(path, args[0]))
        for path, circuit in _circuits(model).items()
    ]
    try:
        model(calibration)
    finally:
        for hook in hooks:
            hook.remove()
    return {path: calibrate_gain(c, inputs[path]) for path, c in _circuits(model).items() if not c.output}


def _circuits(model: nn.Module) -> dict[str, EILinear]:
    return {path: module for path, module in model.named_modules() if isinstance(module, EILinear)}
