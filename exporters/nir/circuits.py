"""An E-I circuit of models.ei as a NIR node: its static gain in an Affine, its divisor in the metadata."""

from __future__ import annotations

import math

import nir
import torch
from torch import Tensor, nn

from ...models.copying import copy_module
from ...models.ei import EILinear
from ...models.errors import InputError, UnsupportedOp
from ...models.freezing import GainStatistics, calibrate_gain
from .divisors import Divisor
from .membranes import Context, Leaf, array


def circuit(module: EILinear, context: Context) -> Leaf:
    """Return the Affine of a hidden circuit or the Linear of an output circuit, in float64.

    The products of its matrices are rounded in the module's own type whenever it runs, so that no type is more exact.
    """
    if not bool(module.inited):
        raise UnsupportedOp("it has no weights yet; run one real batch through the network (E-I Init).")
    exact = copy_module(module).double()
    weight = exact.numerator_weight().detach()
    if module.output:
        return Leaf(nir.Linear(array(weight)))
    if module.divides and module.annealing is not None and float(module.annealing.share) > 0:
        raise UnsupportedOp(
            f"its divisor is annealed by a share of {float(module.annealing.share):g}; train on until the share is 1, "
            "or call models.freeze_gain"
        )
    if context.circuit is None:
        raise UnsupportedOp("its static gain is unknown: running the model on the example does not call it as a module")
    gain = context.circuit.gain.double()
    weight, bias = weight * (exact.gain_e.detach() * gain)[:, None], array(exact.bias_e)
    node = nir.Affine(array(weight), bias)
    if not module.divides:
        return Leaf(node)
    cv = context.circuit.divisor_cv
    relative = exact.divisor_weight().detach() * gain[:, None]
    node.metadata = Divisor(array(relative), array(gain), cv if math.isfinite(cv) else None).metadata()
    return Leaf(node, losses=(divisor_loss(cv),))


def divisor_loss(cv: float | None) -> str:
    """Say what a reader loses who does not know the divisor."""
    known = cv is not None and math.isfinite(cv)
    spread = f"which varies by {cv:.0%} of itself (coefficient of variation)" if known else "whose spread is unknown"
    return f"the divisor of an E-I circuit is no NIR: other readers take its mean, {spread}"


@torch.no_grad()
def circuit_statistics(model: nn.Module, example: Tensor) -> dict[str, GainStatistics]:
    """Static gain of every hidden circuit in `model` on the input that it gets in a run on `example`.

    Parameters
    ----------
    model : nn.Module
        It is left unchanged; it runs in evaluation mode.
    example : Tensor
        Real input of the model.

    Raises
    ------
    InputError
        If the example drives no neuron of a circuit.
    """
    model = copy_module(model).eval()
    if isinstance(model, EILinear):
        model = nn.Sequential(model)  # named as `tracing` names a layer by itself
    hidden = {n: m for n, m in model.named_modules() if isinstance(m, EILinear) and not m.output and bool(m.inited)}
    if not hidden:
        return {}
    taken: dict[str, list[Tensor]] = {name: [] for name in hidden}
    for name, module in hidden.items():
        module.register_forward_pre_hook(
            lambda m, arguments, name=name: taken[name].append(arguments[0].reshape(-1, m.in_features))
        )
    try:
        model(example)
    except Exception:  # the user's own code may raise anything; the trace tells the reason
        return {}
    return {name: _statistics(name, module, taken[name]) for name, module in hidden.items() if taken[name]}


def _statistics(name: str, module: EILinear, taken: list[Tensor]) -> GainStatistics:
    try:
        return calibrate_gain(module, torch.cat(taken))
    except InputError as error:
        raise InputError(
            f"The static gain of E-I circuit {name!r} is calibrated on the example, which drives none of its neurons. "
            "Give real input (T, B, N) as the example."
        ) from error
