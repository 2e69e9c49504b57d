"""Turning intensities into spikes; on arrays too, so that running a saved program needs no torch."""

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
    x : Tensor or ndarray, shape (B, N)
        Intensities in [0, 1], floating point.
    steps : int
        Number of time steps T, at least 1.

    Returns
    -------
    Tensor or ndarray, shape (T, B, N), dtype of `x`
        0 or 1.

    Raises
    ------
    InputError
        If an intensity is outside [0, 1] or not finite, if `x` is no floating point tensor, or if `steps` < 1.
    """
    if steps < 1:
        raise InputError(f"rate_code needs at least 1 time step, got steps={steps}.")
    if not (x.dtype.kind == "f" if isinstance(x, np.ndarray) else x.is_floating_point()):
        raise InputError(f"rate_code needs floating point intensities in [0, 1], got {x.dtype}. Divide by the maximum.")
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
