"""Leaky integrate-and-fire neurons with a learned threshold, and the non-spiking readout.

All modules are multi-step: they take the whole time axis (T, B, *shape) and start every call at rest, so samples and
calls are independent of each other.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from .errors import ConfigError, InputError
from .surrogates import SPIKE_OPS, surrogate_by_name

SHARES = ("neuron", "channel", "layer")
RESETS = ("zero", "subtract")

#: Lowest threshold that `LIF.clamp_` allows. A threshold at or below 0 fires without any input.
THRESHOLD_MINIMUM = 0.05


class LIF(nn.Module):
    """Leaky integrate-and-fire neurons whose threshold is trained with the weights.

    Per time step::

        v <- (1 - 1/tau) v + I
        s  = v > theta                    (or >=)
        v <- v (1 - s)                    reset "zero"
        v <- v - theta s                  reset "subtract"

    The leak and the learned threshold are those of STL-SNN (arXiv 2206.06129; tau = 2, reset to zero); the subtractive
    reset and the sigmoid surrogate are those of the LIF of DeepEISNN (arXiv 2509.23253).

    Parameters
    ----------
    size : int or tuple of int
        Number of neurons N, or their shape, as (C, H, W) behind a convolution.
    tau : float
        Membrane time constant in time steps, at least 1; 1 forgets everything after each step.
    threshold : float
        Start value, in units of the membrane potential.
    share : {"neuron", "channel", "layer"}
        One threshold per neuron, of the neurons' shape; per channel, shape (C, 1, 1); or one for all, shape ().
    learn_threshold : bool
        Whether `threshold` is a parameter or a constant buffer.
    reset : {"zero", "subtract"}
        What a spike does to the membrane potential.
    spike_op : {">", ">="}
        Whether a membrane potential equal to the threshold stays silent or fires.
    surrogate : {"sigmoid", "arctan"}
        Derivative of the spike in the backward pass.
    detach_reset : bool
        Whether the spike ``s`` inside the reset is a constant for the backward pass. True (default) keeps
        ``dv/dv = (1 - s)`` and drops the surrogate's path through the reset, as DeepEISNN does: fewer operations, and
        the demo trains equally well either way. False is plain autograd, as in STL-SNN's code. The threshold in the
        subtractive reset always receives its gradient. The forward pass is the same.

    Attributes
    ----------
    threshold : Tensor, shape (N,), (C, H, W), (C, 1, 1) or ()
        In units of the membrane potential, kept at `THRESHOLD_MINIMUM` or above by `clamp_`.

    Raises
    ------
    ConfigError
        If an argument is out of range; all violations are listed.
    """

    threshold: Tensor

    def __init__(
        self,
        size: int | tuple[int, ...],
        tau: float = 2.0,
        threshold: float = 1.0,
        share: Literal["neuron", "channel", "layer"] = "neuron",
        learn_threshold: bool = True,
        reset: Literal["zero", "subtract"] = "zero",
        spike_op: Literal[">", ">="] = ">",
        surrogate: Literal["sigmoid", "arctan"] = "sigmoid",
        detach_reset: bool = True,
    ) -> None:
        super().__init__()
        violations = lif_violations(tau, threshold, share, reset, spike_op)
        shape = (size,) if isinstance(size, int) else tuple(size)
        if not shape or min(shape) < 1:
            violations.append(f"size must be at least 1, got {size}")
        if violations:
            raise ConfigError("Cannot build a LIF layer.", violations)
        self.size = size
        self.shape = shape
        self.tau = float(tau)
        self.share = share
        self.reset = reset
        self.spike_op = spike_op
        self.surrogate = surrogate
        self.detach_reset = detach_reset
        self._spike = surrogate_by_name(surrogate)
        shared = {"neuron": shape, "channel": (shape[0], *[1] * (len(shape) - 1)), "layer": ()}
        start = torch.full(shared[share], float(threshold))
        if learn_threshold:
            self.threshold = nn.Parameter(start)
        else:
            self.register_buffer("threshold", start)

    def forward(self, current: Tensor) -> Tensor:
        """Run all time steps from rest.

        Parameters
        ----------
        current : Tensor, shape (T, B, *shape), floating point
            Input current of every step, in units of the membrane potential.

        Returns
        -------
        Tensor, shape (T, B, *shape), dtype of `current`
            Spikes, 0 or 1.

        Raises
        ------
        InputError
            If the shape is not (T, B, *shape).
        """
        if tuple(current.shape[2:]) != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise InputError(f"LIF needs a current of shape (T, B, {wanted}), got {tuple(current.shape)}.")
        keep = 1.0 - 1.0 / self.tau
        v = torch.zeros_like(current[0])
        potentials = []
        for step_current in current.unbind(0):
            v = keep * v + step_current
            potentials.append(v)
            with torch.set_grad_enabled(torch.is_grad_enabled() and not self.detach_reset):
                s = self._spike(v - self.threshold, self.spike_op)
            v = self._after_spike(v, s)
        # Once for all steps instead of in the loop: the same spikes with far fewer small operations backward.
        return self._spike(torch.stack(potentials) - self.threshold, self.spike_op)

    def _after_spike(self, v: Tensor, s: Tensor) -> Tensor:
        # v - v s is v (1 - s) exactly, as s is 0 or 1.
        return torch.addcmul(v, v if self.reset == "zero" else self.threshold, s, value=-1)

    @torch.no_grad()
    def clamp_(self) -> None:
        """Bring the threshold back to `THRESHOLD_MINIMUM` or above; call it after every optimiser step."""
        self.threshold.clamp_(min=THRESHOLD_MINIMUM)

    def extra_repr(self) -> str:
        """Show the settings in the printed module."""
        return f"{self.size}, tau={self.tau:g}, share={self.share}, reset={self.reset}, spike_op='{self.spike_op}'"


class MeanReadout(nn.Module):
    """Mean over time: (T, B, N) -> (B, N). In NIR terms an integrator read at the last step, divided by T."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over the first axis."""
        return x.mean(0)


def lif_violations(tau: float, threshold: float, share: str, reset: str, spike_op: str) -> list[str]:
    """List, one sentence each, what in these settings no LIF layer can have; shapes and names as in `LIF`."""
    checks = [
        (tau >= 1, f"tau must be at least 1 time step, got {tau}"),
        (threshold >= THRESHOLD_MINIMUM, f"threshold must be at least {THRESHOLD_MINIMUM}, got {threshold}"),
        (share in SHARES, f"share must be one of {', '.join(SHARES)}, got {share!r}"),
        (reset in RESETS, f"reset must be one of {', '.join(RESETS)}, got {reset!r}"),
        (spike_op in SPIKE_OPS, f"spike_op must be one of {', '.join(SPIKE_OPS)}, got {spike_op!r}"),
    ]
    return [sentence for holds, sentence in checks if not holds]
