"""Turning intensities into input for every time step; on arrays too, so that a saved program runs without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    Intensities = TypeVar("Intensities", Tensor, np.ndarray[Any, Any])


def rate_code(x: Intensities, steps: int) -> Intensities:
    """Encode intensities as evenly spaced spikes, without randomness.

    ``s[t] = floor((t + 1.5) x) - floor((t + 0.5) x)`` for ``t = 0 .. steps - 1``. The sum telescopes, so the spike
    count is ``floor((steps + 0.5) x) - floor(0.5 x)``: within one spike of ``steps * x``. The phase of one half
    lets the first spike of a weak input come in the middle of its interval instead of at its end.

    Parameters
    ----------
    x : Tensor or ndarray, shape (B, ...)
        Intensities in [0, 1], floating point.
    steps : int
        Number of time steps T, at least 1.

    Returns
    -------
    Tensor or ndarray, shape (T, B, ...), dtype of `x`
        0 or 1.

    Raises
    ------
    InputError
        If an intensity is outside [0, 1] or not finite, if `x` is no floating point tensor, or if `steps` < 1.
    """
    _require(x, steps, "rate_code", "in [0, 1]")
    # Negated so that NaN, for which every comparison is false, is refused too.
    if not bool(((x >= 0) & (x <= 1)).all()):
        raise InputError(
            f"rate_code needs intensities in [0, 1], got values from {x.min().item():g} to {x.max().item():g}. "
            "Divide by the maximum (sklearn digits: by 16) and do not standardise."
        )
    t: Any
    if isinstance(x, np.ndarray):
        t, floor = np.arange(steps, dtype=x.dtype), np.floor
    else:
        import torch

        t, floor = torch.arange(steps, dtype=x.dtype, device=x.device), torch.floor
    t = t.reshape(-1, *[1] * x.ndim)
    return floor((t + 1.5) * x) - floor((t + 0.5) * x)


def direct_code(x: Intensities, steps: int) -> Intensities:
    """Give the intensities themselves in every time step, as a graded input.

    An exact excitatory-inhibitory layer behind it gives the same current for an image of any brightness.

    Parameters
    ----------
    x : Tensor or ndarray, shape (B, ...)
        Intensities of at least 0, floating point.
    steps : int
        Number of time steps T, at least 1.

    Returns
    -------
    Tensor or ndarray, shape (T, B, ...), dtype of `x`
        A tensor is a view of `x`, an array a copy.

    Raises
    ------
    InputError
        If an intensity is negative or not finite, if `x` is no floating point tensor, or if `steps` < 1.
    """
    _require(x, steps, "direct_code", "of at least 0")
    if not bool(((x >= 0) & (x < float("inf"))).all()):
        raise InputError(
            "direct_code needs finite intensities of at least 0, got values from "
            f"{x.min().item():g} to {x.max().item():g}. Do not standardise: inhibition divides by sums of them."
        )
    if isinstance(x, np.ndarray):
        return np.repeat(x[None], steps, axis=0)
    return x.expand(steps, *x.shape)


def _require(x: Any, steps: int, name: str, limits: str) -> None:
    if steps < 1:
        raise InputError(f"{name} needs at least 1 time step, got steps={steps}.")
    if not (x.dtype.kind == "f" if isinstance(x, np.ndarray) else x.is_floating_point()):
        raise InputError(f"{name} needs floating point intensities {limits}, got {x.dtype}. Divide by the maximum.")


ENCODERS: dict[str, Any] = {"rate": rate_code, "direct": direct_code}
"""Functions of intensities and steps, by the name that a training configuration gives them."""
