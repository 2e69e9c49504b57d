"""Neurons with every constant of its own per neuron: integrators, leaky, with a synaptic current, spiking or not.

`models.neurons.LIF` is what we train from scratch; a `PointNeuron` is what any discretised point neuron of another
framework becomes. All modules take the whole time axis (T, B, *shape) and start at rest.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .errors import ConfigError, InputError
from .surrogates import SPIKE_OPS, surrogate_by_name

RESETS = ("zero", "subtract", "subtract_late", "subtract_once")
State = dict[str, Tensor]


class PointNeuron(nn.Module):
    """Point neurons with constants of their own.

    Per time step::

        i <- current_keep i + current_gain x          (without a synaptic current: i = x)
        v <- keep v + gain i + drift
        s  = v > threshold                            (or >=)
        v <- v_reset where s                          reset "zero"
        v <- v - threshold s                          reset "subtract"

    Resets "subtract_late" and "subtract_once" are those of snnTorch 1.0.0 with and without ``reset_delay``: the spike
    of a step is taken off in the next one; or at once, but never twice for a membrane still beyond its threshold.

    Parameters
    ----------
    shape : tuple of int
        Neurons, without time and batch.
    keep, gain, drift : float or Tensor of `shape`
        Factors of the membrane, dimensionless; drift in units of the membrane.
    threshold : float or Tensor of `shape`, optional
        In units of the membrane; without one the output is the membrane itself. A trained parameter.
    v_reset : float or Tensor of `shape`
    current_keep, current_gain : float or Tensor of `shape`, optional
        Factors of the synaptic current; both or none.
    current_late : bool
        Whether the membrane takes the current of the step before.
    reset : {"zero", "subtract", "subtract_late", "subtract_once"}
    spike_op : {">", ">="}
    multi_spike : bool
        A neuron fires ``floor(v / threshold)`` spikes where it fires (Sinabs, Rockpool), not one.
    v_floor : bool
        The membrane stays at or above ``-threshold``, as Sinabs keeps that of its IAF.
    surrogate : {"sigmoid", "arctan"}
        Derivative of the spike in the backward pass; reset and number of spikes are constants there.

    Raises
    ------
    ConfigError
        If an argument is out of range; all violations are listed.
    """

    threshold: Tensor | None
    current_keep: Tensor | None

    def __init__(
        self,
        shape: tuple[int, ...],
        keep: Any,
        gain: Any = 1.0,
        drift: Any = 0.0,
        threshold: Any = None,
        v_reset: Any = 0.0,
        current_keep: Any = None,
        current_gain: Any = None,
        current_late: bool = False,
        reset: str = "zero",
        spike_op: str = ">",
        multi_spike: bool = False,
        v_floor: bool = False,
        surrogate: str = "sigmoid",
    ) -> None:
        super().__init__()
        wrong = [
            (reset in RESETS, f"reset must be one of {', '.join(RESETS)}, got {reset!r}"),
            (spike_op in SPIKE_OPS, f"spike_op must be one of {', '.join(SPIKE_OPS)}, got {spike_op!r}"),
            ((current_keep is None) == (current_gain is None), "current_keep and current_gain belong together"),
        ]
        if not all(holds for holds, _ in wrong):
            raise ConfigError("Cannot build point neurons.", [sentence for holds, sentence in wrong if not holds])
        self.current_late, self.multi_spike, self.v_floor = current_late, multi_spike, v_floor
        self.shape, self.reset, self.spike_op, self.surrogate = tuple(shape), reset, spike_op, surrogate
        self._spike = surrogate_by_name(surrogate)
        constants = {"keep": keep, "gain": gain, "drift": drift, "v_reset": v_reset}
        for name, value in (constants | {"current_keep": current_keep, "current_gain": current_gain}).items():
            self.register_buffer(name, None if value is None else self._full(value))
        self.threshold = None if threshold is None else nn.Parameter(self._full(threshold))

    def _full(self, value: Any) -> Tensor:
        value = torch.as_tensor(value)
        value = value if value.is_floating_point() and value.ndim else value.to(torch.get_default_dtype())
        return torch.broadcast_to(value, self.shape).clone()

    def forward(self, x: Tensor) -> Tensor:
        """Run all time steps from rest.

        Parameters
        ----------
        x : Tensor, shape (T, B, *shape)

        Returns
        -------
        Tensor, same shape
            Spikes, 0 or 1; the membrane where there is no threshold.

        Raises
        ------
        InputError
            If the shape is not (T, B, *shape).
        """
        if x.ndim != 2 + len(self.shape) or tuple(x.shape[2:]) != self.shape:
            wanted = ", ".join(map(str, ("T", "B", *self.shape)))
            raise InputError(f"PointNeuron needs an input of shape ({wanted}), got {tuple(x.shape)}.")
        state: State = {}
        rows = []
        for row in x.unbind(0):
            out, state = self.step(row, state)
            rows.append(out)
        return torch.stack(rows)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run one step.

        Parameters
        ----------
        x : Tensor, shape (B, *shape)
        state : dict of str to Tensor
            What the step before returned; empty at rest.

        Returns
        -------
        Tensor, shape (B, *shape)
        dict of str to Tensor
        """
        new: State = {}
        if self.current_keep is not None:
            held = state.get("i", torch.zeros_like(x))
            new["i"] = self.current_keep * held + self.current_gain * x
            x = held if self.current_late else new["i"]
        before = state.get("v", torch.zeros_like(x))
        v = self.keep * before + self.gain * x + self.drift
        if self.threshold is None:
            return v, {**new, "v": v}
        taken = 0.0
        if self.reset in ("subtract_late", "subtract_once"):
            taken = self._fire(before).detach()
            v = v - self.threshold * taken
        if self.v_floor:
            v = torch.maximum(v, -self.threshold)
        spikes = self._fire(v)
        s = spikes.detach()
        if self.reset == "zero":
            new["v"] = torch.where(s > 0, self.v_reset, v)
        else:
            new["v"] = v if self.reset == "subtract_late" else v - self.threshold * (s - taken)
        return spikes, new

    def _fire(self, v: Tensor) -> Tensor:
        fired = self._spike(v - self.threshold, self.spike_op)
        return fired * torch.floor(v / self.threshold).detach() if self.multi_spike else fired

    def extra_repr(self) -> str:
        """Show the settings in the printed module."""
        kind = "membrane" if self.threshold is None else f"reset={self.reset}, spike_op='{self.spike_op}'"
        current = "" if self.current_keep is None else ", synaptic current"
        return f"{self.shape}{current}, {kind}"
