"""E-I circuits whose own parameters are trained: excitation and inhibition stay populations of one sign each.

The weights of a program's projections are products of a circuit's matrices (see `models.ei`)::

    numerator  k   g_E / theta (W_EE - W_EI W_IE)      divisor  k' W_EI diag(g_I) W_IE

k and k' are constants of a neuron, which the way into the program chose (the static gain, a common factor); they are
found from the weights at the start. The threshold theta is that of the neurons behind the circuit.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.copying import copy_module
from ...models.ei import EILinear, clamp_constraints
from ...models.errors import InputError
from ...models.neurons import LIF
from ..program.program import Program
from .latent import Neurons, Weights

DIVISOR = ".divisor"
"""What the name of a circuit's projection into the divisor ends in."""


@dataclass(frozen=True, eq=False)
class _Made:
    """Float values that follow from a circuit, ``factor * product() + rest``.

    `part` says which, `lif` are the neurons behind the circuit, `rest` is 0 where the product alone rounds alike.
    """

    part: Literal["numerator", "divisor", "bias"]
    circuit: EILinear
    lif: LIF | None
    factor: Tensor
    rest: Tensor

    def __call__(self) -> Tensor:
        return self.factor * self.product() + self.rest

    def product(self) -> Tensor:
        """Weights (n_E, d) or bias (n_E,), without the constants of the rows."""
        circuit, threshold = self.circuit, 1.0 if self.lif is None else self.lif.threshold
        if self.part == "bias":
            return circuit.bias_e / threshold
        if self.part == "divisor":
            return (_weight_ei(circuit) * circuit.gain_i) @ circuit.weight_ie
        weight = circuit.weight_ee - _weight_ei(circuit) @ circuit.weight_ie
        return weight if circuit.output else weight * (circuit.gain_e / threshold)[:, None]

    def fitted(self, latent: Weights, weights: NDArray[np.integer]) -> _Made:
        """Find the factor of every row; where a product does not round to the program's weight, add what is missing."""
        exact, found = latent.values.detach(), self.product()
        power = (found * found).sum(1, keepdim=True)
        factor = torch.where(power > 0, (exact * found).sum(1, keepdim=True) / power, 1.0)
        alike = latent.rounds_to(factor * found, weights)
        return dataclasses.replace(self, factor=factor, rest=torch.where(alike, 0.0, exact - factor * found))


class Circuits(nn.Module):
    """Circuits of a float network in place of trained weights, biases and thresholds.

    Parameters
    ----------
    model : nn.Module, optional
        It is copied. Without one every weight is trained by itself.

    Attributes
    ----------
    model : nn.Module or None
        The copy, which training changes.
    """

    def __init__(self, model: nn.Module | None = None) -> None:
        super().__init__()
        self.model = None if model is None else copy_module(model).float()
        self._weights: dict[str, _Made] = {}
        self._biases: dict[str, _Made] = {}

    @torch.no_grad()
    def replace(self, program: Program, weights: dict[str, Weights], neurons: dict[str, Neurons]) -> None:
        """Take the place of the weights, biases and thresholds that belong to circuits.

        Raises
        ------
        InputError
            If the model has no circuit of a projection's name, or none of its size.
        """
        modules = {} if self.model is None else dict(self.model.named_modules())
        for q in program.projections:
            circuit = modules.get(q.name.removesuffix(DIVISOR) if q.port == "divisor" else q.name)
            if not isinstance(circuit, EILinear) or q.name not in weights:
                continue
            if q.weights.shape != (circuit.out_features, circuit.in_features):
                raise InputError(
                    f"Projection {q.name!r} has weights {q.weights.shape}, the model's circuit of that name is "
                    f"{circuit.out_features} x {circuit.in_features}. Give the model that the program was made from."
                )
            lif = modules.get(q.target)
            lif = lif if isinstance(lif, LIF) else None
            start: Any = (circuit, lif, torch.ones(()), torch.zeros(()))
            made = _Made("divisor" if q.port == "divisor" else "numerator", *start)
            self._weights[q.name] = made.fitted(weights[q.name], q.weights)
            weights[q.name].values.requires_grad_(False)
            if q.port == "current" and not circuit.output:
                latent, made = neurons[q.target], _Made("bias", *start)
                self._biases[q.target] = dataclasses.replace(made, rest=latent.bias - made.product())
                latent.bias.requires_grad_(False)
                latent.threshold.requires_grad_(lif is None)
        if self.model is not None and not self._weights:
            raise InputError(
                f"The model has no E-I circuit with the name of a projection ({', '.join(sorted(weights))}). Give the "
                "network that the program was made from, before freeze_gain."
            )

    def weight(self, name: str, latent: Weights) -> Tensor:
        """Float weights of a projection, those of a circuit or its own."""
        return self._weights[name]() if name in self._weights else latent.values

    def bias(self, name: str, latent: Neurons) -> Tensor:
        """Float bias of a population, that of a circuit or its own."""
        return self._biases[name]() if name in self._biases else latent.bias

    def clamp_(self) -> None:
        """Keep the signs of all synapses and the bounds of gains and thresholds."""
        if self.model is not None:
            clamp_constraints(self.model)


def _weight_ei(circuit: EILinear) -> Tensor:
    """W_EI with the gradient that E-I Prop gives it, divided by the fan-in."""
    weight_ei = circuit.weight_ei.view_as(circuit.weight_ei)
    if weight_ei.requires_grad:
        weight_ei.register_hook(lambda gradient: gradient / circuit.in_features)
    return weight_ei
