"""Trained float numbers behind the integers of a program, each rounded in every forward pass.

With a population's membrane unit mu, a weight's unit e, and the trained logarithm l of the population's scale::

    w_int = step * round(clip(W / (e step exp(l))))
    vth   = round(theta / (64 mu exp(l)))
    bias  = round(b / (mu 2^bias_exp exp(l)))

A neuron is homogeneous, so that l alone changes what rounds, never what the float neuron computes. Measured in float
units (spikes by ``mu exp(l) (v - vth << 6)``), the gradient of l is that of a learned step size (Esser et al., "Learned
step size quantization", ICLR 2020, arXiv 1902.08153): each number's rounding error, or its limit where it is clipped.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..program.grid import grid_range
from ..program.population import VTH_MAX, Population
from ..program.program import Program
from ..program.projection import Projection
from .straight import rounded
from .synapses import Bring
from .units import common_rows, membrane_unit

SMALLEST_THRESHOLD = 0.05
"""Lowest trained threshold in units of the first one, as that of `models.neurons.LIF`."""
BIAS_MANTISSA = (-4096, 4095)
BIAS_EXPONENT_MAX = 7


class Weights(nn.Module):
    """Trained weights of one projection.

    Parameters
    ----------
    bring : Bring
    unit : float or (rows,) array
        Float weight of the integer weight 1.
    values : array, optional
        Float weights in the form of the projection's; where they do not round to its integers, and where none are
        given, training starts from the integers.

    Attributes
    ----------
    values : Parameter, shape of the projection's weights
        In float units.
    """

    unit: Tensor
    lowest: int
    highest: int

    def __init__(self, bring: Bring, unit: float | NDArray[np.float64], values: NDArray[np.float64] | None) -> None:
        super().__init__()
        q = bring.q
        self.step, self.sign_mode = bring.step, q.sign_mode
        low, high = grid_range(q.weight_bits, q.sign_mode)
        # Lowering leaves out the lowest mixed weight, which has no counterpart; a program that holds it keeps it.
        low = min(max(low, -high), int(q.weights.min(initial=0)))
        self.lowest, self.highest = -(-low // self.step), high // self.step
        each = np.broadcast_to(np.mean(unit) if q.kind == "pooling" else unit, (bring.rows,))
        self.register_buffer("unit", _tensor(each[bring.row.numpy()] * self.step))
        self.row = bring.row
        start = self.unit * _tensor(q.weights / self.step)
        if values is not None:
            exact = _tensor(values)
            start = torch.where(self.rounds_to(exact, q.weights), exact, start)
        self.values = nn.Parameter(start)

    def rounds_to(self, values: Tensor, weights: NDArray[np.integer]) -> Tensor:
        """Whether float weights surely round to these integers, each by itself."""
        steps = (values / self.unit).clamp(self.lowest, self.highest)
        return (steps - _tensor(weights / self.step)).abs() < 0.5 - 2**-12

    def forward(self, scale: Tensor, values: Tensor) -> Tensor:
        """Round float `values` to the grid, float32; `scale` is () or one for each row."""
        steps = values / (self.unit * (scale[self.row] if scale.ndim else scale))
        return rounded(steps.clamp(self.lowest, self.highest)) * self.step

    @torch.no_grad()
    def clamp_(self) -> None:
        """Bring weights of one sign back to it; call it after every optimiser step."""
        if self.sign_mode != "mixed":
            self.values.clamp_(*((0, None) if self.sign_mode == "excitatory" else (None, 0)))


class Neurons(nn.Module):
    """Trained scale, threshold and bias of one population.

    Parameters
    ----------
    program : Program
    p : Population

    Attributes
    ----------
    log_scale : Parameter, shape () or (rows,)
        Logarithm of what the integers' unit is in units of the program's; one for each neuron (channel of a
        convolution) where each has a threshold register of its own.
    log_scale_divisor : Parameter, shape (rows,) or ()
        The same of the divisor's weights, of an ei_gain population; `log_scale` is then that of the quotient, and the
        numerator's weights have the sum of both: what scales both sums of a neuron cancels.
    threshold, threshold_low : Parameter, shape of `vth`, ()
        In float units; the second of a ternary population.
    bias : Parameter, shape (size,)
        In float units; fixed where the program has no bias.
    """

    unit: Tensor
    threshold_step: Tensor

    def __init__(self, program: Program, p: Population) -> None:
        super().__init__()
        self.p = p
        rows = common_rows(program, p)
        self.repeats = p.size // max(rows, default=1)
        unit = membrane_unit(p)
        self.register_buffer("unit", _tensor(unit))
        one = 64 * float(np.mean(unit))
        step = 64 * unit if isinstance(p.vth, np.ndarray) else one
        self.register_buffer("threshold_step", _tensor(step))
        self.low_step = one
        own = isinstance(p.vth, np.ndarray) and p.kind not in ("readout", "ternary")  # vth_low is one for all
        self.log_scale = nn.Parameter(torch.zeros(rows if own else ()))
        if p.kind == "ei_gain":
            self.log_scale_divisor = nn.Parameter(torch.zeros(rows))
        if p.kind != "readout":
            self.threshold = nn.Parameter(_tensor(step * p.vth))
            self.smallest = min(SMALLEST_THRESHOLD, float(self.threshold.detach().min()))
        if p.kind == "ternary":
            self.threshold_low = nn.Parameter(_tensor(one * p.vth_low))
        self.bias = nn.Parameter(_tensor(unit * p.bias), bool(np.any(p.bias_mant)))

    @property
    def relative_scale(self) -> Tensor:
        """Unit of the membrane in units of the program's, () or (size,)."""
        return self._each(torch.exp(self.log_scale))

    @property
    def membrane_unit(self) -> Tensor:
        """Float membrane of one unit of v, () or (size,)."""
        return self.unit * self.relative_scale

    def row_scale(self, q: Projection) -> Tensor:
        """Unit of the weights of a projection in units of the program's, () or one for each row."""
        log_scale = self.log_scale
        if self.p.kind == "ei_gain":
            log_scale = self.log_scale_divisor + (0.0 if q.port == "divisor" else log_scale)
        scale = torch.exp(log_scale)
        return scale if q.kind == "convolution" else self._each(scale)

    def vth(self) -> Tensor:
        """Whole threshold mantissa, () or (size,)."""
        if self.p.kind == "readout":
            return torch.full((), float(VTH_MAX), device=self.unit.device)
        return rounded((self.threshold / (self.threshold_step * self.relative_scale)).clamp(0, VTH_MAX))

    def vth_low(self) -> Tensor:
        """Whole lower threshold mantissa, ()."""
        if self.p.kind != "ternary":
            return torch.zeros((), device=self.unit.device)
        return rounded((self.threshold_low / (self.low_step * self.relative_scale)).clamp(-VTH_MAX, 0))

    def whole_bias(self, bias: Tensor) -> tuple[Tensor, int]:
        """Mantissas, (size,), and exponent of a `bias` in float units; the exponent grows where the mantissa ends."""
        steps = bias / self.membrane_unit
        low, high = BIAS_MANTISSA
        least, most = steps.detach().min(), steps.detach().max()
        exponents = range(self.p.bias_exp, BIAS_EXPONENT_MAX)
        fits = (
            e for e in exponents if low <= float(torch.round(least / 2**e)) and float(torch.round(most / 2**e)) <= high
        )
        exponent = next(fits, BIAS_EXPONENT_MAX)
        return rounded((steps / 2**exponent).clamp(low, high)), exponent

    def _each(self, scale: Tensor) -> Tensor:
        return scale.repeat_interleave(self.repeats) if scale.ndim else scale

    @torch.no_grad()
    def clamp_(self) -> None:
        """Keep thresholds positive (the lower one negative); call it after every optimiser step."""
        if self.p.kind != "readout":
            self.threshold.clamp_(min=self.smallest)
        if self.p.kind == "ternary":
            self.threshold_low.clamp_(max=0)


def _tensor(values: object) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))
