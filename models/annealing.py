"""Training the divisor of an E-I circuit toward a constant, so that freezing it loses nothing.

In the last epochs the divisor D of every neuron becomes ``(1 - a) D + a m``: m is the running mean of its D, through
which no gradient passes, and the share a rises from 0 to 1. The network learns to live with what a chip without
division can do; at a = 1 every circuit is an ordinary signed layer, which `freezing` writes down exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .errors import ConfigError, InputError

MEAN_MOMENTUM = 0.1
"""Share of the newest batch in the running mean, as in a batch normalisation."""
RISING = 0.5
"""Part of the annealed epochs in which the share rises; in the rest the weights settle behind a constant divisor."""


class DivisorAnnealing(nn.Module):
    """The divisor of one circuit on its way to a constant.

    Parameters
    ----------
    size : int
        Excitatory neurons n_E.

    Attributes
    ----------
    share : float buffer, shape ()
        a, 0 to 1.
    mean : float buffer, shape (n_E,)
        Running mean m of D over time and samples, 0 as long as none is known. It follows every batch in training mode,
        until a is 1.
    """

    share: Tensor
    mean: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("share", torch.tensor(0.0))
        self.register_buffer("mean", torch.zeros(size))

    @property
    def finished(self) -> bool:
        """Whether the divisor is the constant m."""
        return bool(self.share == 1)

    def set_share(self, share: float) -> None:
        """Set a.

        Raises
        ------
        ConfigError
            If it is no share.
        InputError
            If it is above 0 before any batch has passed in training mode.
        """
        if not 0 <= share <= 1:
            raise ConfigError(f"share = {share!r}: the share of the mean in a divisor is 0 to 1.")
        if share > 0 and not bool((self.mean > 0).all()):
            raise InputError(
                "The mean divisor is not known yet. Set the share to 0 and pass a batch in training mode first."
            )
        self.share.fill_(share)

    def forward(self, divisor: Tensor) -> Tensor:
        """Return ``(1 - a) D + a m``.

        Parameters
        ----------
        divisor : Tensor, shape (..., n_E), > 0
            Stabilised; infinite in time steps and samples without any input.

        Returns
        -------
        Tensor, shape (..., n_E)
        """
        if self.finished:
            return self.mean.expand_as(divisor)
        if self.training:
            self._follow(divisor.detach())
        return divisor if self.share == 0 else (1 - self.share) * divisor + self.share * self.mean

    def _follow(self, divisor: Tensor) -> None:
        rows = divisor.reshape(-1, divisor.shape[-1])
        rows = rows[rows.isfinite().all(1)]
        if len(rows):
            newest = rows.mean(0)
            self.mean.copy_(torch.where(self.mean > 0, self.mean.lerp(newest, MEAN_MOMENTUM), newest))


def share_at(step: int, steps: int) -> float:
    """Share a in one of the annealed training steps: a straight line that ends after the part `RISING` of them.

    Parameters
    ----------
    step : int
        0 at the first annealed step.
    steps : int
        Number of annealed steps.
    """
    return min(1.0, step / max(1.0, RISING * (steps - 1)))
