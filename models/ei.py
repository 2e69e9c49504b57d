"""Excitatory-inhibitory circuits: a layer without batch statistics whose weights obey Dale's principle.

Source: DeepEISNN (arXiv 2509.23253) and its public code. With presynaptic input ``x >= 0`` (spikes or intensities),
every time step and sample on its own::

    I_EE  = W_EE x                              excitation
    s_I   = W_IE x                              inhibitory population, instantaneous; its ReLU is a no-op as all is >= 0
    N     = I_EE - W_EI s_I                     subtractive inhibition: centres the current
    D     = W_EI (g_I * s_I)                    divisive inhibition: scales it to unit gain
    I_int = g_E * N / D + b_E

For a given network N and D are two static linear maps of ``x``; only the quotient is dynamic. `freezing` replaces
``1 / D`` by one constant per neuron, which leaves an ordinary signed linear layer; `annealing` trains toward that.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from .annealing import DivisorAnnealing
from .errors import ConfigError, InputError

#: Lowest divisive gain g_I. At 0 the divisor of a whole neuron can vanish and training ends at chance.
GAIN_I_MINIMUM = 0.01


class EILinear(nn.Module):
    """Fully connected excitatory-inhibitory circuit.

    E-I Init sets the weights from the first batch that passes, so that the current starts with mean 0 and a standard
    deviation a little below 1 (run one real batch before building an optimiser). E-I Prop shapes the gradients: see
    `forward`.

    Parameters
    ----------
    in_features : int
        Fan-in d.
    out_features : int
        Excitatory neurons n_E.
    ratio : int
        Excitatory neurons per inhibitory one; n_I = n_E // ratio.
    output : bool
        True for the last layer: the current is N alone, without division, gain and bias.
    annealed : bool
        Begin with `annealing` in place, as after `anneal_`; for loading a checkpoint.

    Attributes
    ----------
    weight_ee : Parameter, shape (n_E, d), >= 0
        Input to excitatory neurons, W_EE.
    weight_ie : Parameter, shape (n_I, d), >= 0
        Input to inhibitory neurons, W_IE.
    weight_ei : Parameter, shape (n_E, n_I), >= 0
        Inhibitory to excitatory neurons, W_EI, used for both kinds of inhibition.
    gain_i : Parameter, shape (n_I,), >= `GAIN_I_MINIMUM`
        Divisive gain g_I; not present with `output`.
    gain_e, bias_e : Parameter, shape (n_E,)
        Excitatory gain g_E >= 0 and bias b_E; not present with `output`.
    inited : bool buffer, shape ()
        Whether E-I Init has run. It is part of the state dict, so a loaded checkpoint is never re-initialised.
    annealing : DivisorAnnealing or None
        What turns D into a constant during training; None if `anneal_` was never called, and with `output`.

    Raises
    ------
    ConfigError
        If a size is below 1 or the inhibitory population would be empty.
    """

    inited: Tensor
    annealing: DivisorAnnealing | None

    def __init__(
        self, in_features: int, out_features: int, ratio: int = 4, output: bool = False, annealed: bool = False
    ) -> None:
        super().__init__()
        if min(in_features, out_features, ratio) < 1 or out_features < ratio:
            raise ConfigError(
                f"EILinear({in_features}, {out_features}, ratio={ratio}) has an empty population. "
                "All sizes must be at least 1 and out_features at least ratio."
            )
        self.in_features, self.out_features, self.ratio, self.output = in_features, out_features, ratio, output
        inhibitory = out_features // ratio
        self.weight_ee = nn.Parameter(torch.zeros(out_features, in_features))
        self.weight_ie = nn.Parameter(torch.zeros(inhibitory, in_features))
        self.weight_ei = nn.Parameter(torch.full((out_features, inhibitory), 1 / inhibitory))
        if not output:
            self.gain_i = nn.Parameter(torch.ones(inhibitory))
            self.gain_e = nn.Parameter(torch.ones(out_features))
            self.bias_e = nn.Parameter(torch.zeros(out_features))
        self.register_buffer("inited", torch.tensor(False))
        self.annealing = DivisorAnnealing(out_features) if annealed and not output else None

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """E-I Init from one batch: unit variance by the weights, unit gain by the divisor.

        Parameters
        ----------
        x : Tensor, shape (..., d)
            Real input of this layer, >= 0; all leading axes are samples.

        Raises
        ------
        InputError
            If the batch has negative or constant values only: neither allows a scale.
        """
        x = x.reshape(-1, self.in_features)
        mean, power = x.mean(), x.square().mean()
        variance = x.var(0).mean() if len(x) > 1 else torch.zeros_like(mean)
        if bool((x < 0).any()) or not bool(variance > 0):
            raise InputError(
                f"E-I Init needs a batch of non-negative input that varies between samples, got {len(x)} rows from "
                f"{x.min().item():g} to {x.max().item():g}, variance {variance.item():g}. Give a larger batch, "
                "do not standardise the input."
            )
        scale = torch.sqrt(variance / (self.in_features * (power + variance))).item()
        self.weight_ee.exponential_(1 / scale)
        self.weight_ie.exponential_(1 / scale)
        if not self.output:
            self.gain_i.fill_(torch.sqrt(power + variance) / (math.sqrt(self.in_features) * mean))
        self.inited.fill_(True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the integrated current I_int, or N for an output layer.

        E-I Prop: where D is 0 it is replaced by the smallest positive D of that time step and sample (without any, the
        quotient is 0), and the backward pass takes the replacement for the identity; the gradient of W_EI is divided
        by the fan-in d.

        Parameters
        ----------
        x : Tensor, shape (T, B, d) or (..., d), >= 0

        Returns
        -------
        Tensor, shape (T, B, n_E) or (..., n_E)

        Raises
        ------
        InputError
            If the last axis is not d, or by `initialise` on the first batch.
        """
        if x.shape[-1] != self.in_features:
            raise InputError(f"EILinear needs input of shape (..., {self.in_features}), got {tuple(x.shape)}.")
        if not self.inited:
            self.initialise(x)
        if self.output:
            return self.numerator_and_divisor(x)[0]
        numerator, divisor = self.numerator_and_divisor(x)
        return self.gain_e * (numerator / divisor) + self.bias_e

    def numerator_and_divisor(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return N and the stabilised D, annealed where that has begun, both (..., n_E); D of an output layer is 1."""
        weight_ei = self.weight_ei.view_as(self.weight_ei)
        if weight_ei.requires_grad:
            # On a view, not on the parameter: hooks of a parameter are lost by copy.deepcopy.
            weight_ei.register_hook(lambda gradient: gradient / self.in_features)
        inhibitory = linear(x, self.weight_ie)
        numerator = linear(x, self.weight_ee) - linear(inhibitory, weight_ei)
        if self.output:
            return numerator, torch.ones_like(numerator)
        divisor = stabilise(linear(self.gain_i * inhibitory, weight_ei))
        return numerator, divisor if self.annealing is None else self.annealing(divisor)

    def numerator_weight(self) -> Tensor:
        """Return the signed matrix ``W_EE - W_EI W_IE``, shape (n_E, d): N = numerator_weight x."""
        return self.weight_ee - self.weight_ei @ self.weight_ie

    def divisor_weight(self) -> Tensor:
        """Return the non-negative matrix ``W_EI diag(g_I) W_IE``, shape (n_E, d): D = divisor_weight x."""
        return (self.weight_ei * self.gain_i) @ self.weight_ie

    @property
    def divides(self) -> bool:
        """Whether the divisor depends on the input: no output layer, and not annealed to a constant."""
        return not self.output and not (self.annealing is not None and self.annealing.finished)

    def anneal_(self, share: float) -> None:
        """Make the divisor ``(1 - share) D + share m`` with the running mean m; no effect on an output layer.

        Raises
        ------
        ConfigError, InputError
            See `DivisorAnnealing.set_share`.
        """
        if self.output:
            return
        if self.annealing is None:
            self.annealing = DivisorAnnealing(self.out_features).to(self.weight_ee).train(self.training)
        self.annealing.set_share(share)

    @torch.no_grad()
    def clamp_(self) -> None:
        """Project onto Dale's constraints; call it after every optimiser step."""
        for weight in (self.weight_ee, self.weight_ie, self.weight_ei):
            weight.clamp_(min=0)
        if not self.output:
            self.gain_e.clamp_(min=0)
            self.gain_i.clamp_(min=GAIN_I_MINIMUM)

    def extra_repr(self) -> str:
        """Show the settings in the printed module."""
        return f"{self.in_features}, {self.out_features}, ratio={self.ratio}, output={self.output}"


def stabilise(divisor: Tensor) -> Tensor:
    """Replace every divisor that is 0 by the smallest positive one of its row; the gradient takes it as it was."""
    if bool((divisor > 0).all()):
        return divisor
    smallest = divisor.detach().masked_fill(divisor <= 0, math.inf).amin(-1, keepdim=True)
    stable = torch.where(divisor > 0, divisor, smallest).detach()
    return stable + (divisor - divisor.detach())


def clamp_constraints(model: nn.Module) -> None:
    """Apply every constraint in `model` (Dale's signs, gain and threshold bounds); call it after every step."""
    for module in model.modules():
        clamp = getattr(module, "clamp_", None)
        if clamp is not None:
            clamp()


def anneal_divisors(model: nn.Module, share: float) -> None:
    """Call `EILinear.anneal_` on every circuit in `model`."""
    for module in model.modules():
        if isinstance(module, EILinear):
            module.anneal_(share)
