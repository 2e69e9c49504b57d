"""Random deformation of training images."""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def jitter(x: Tensor, rotation_rad: float, shift_px: float, scale: float) -> Tensor:
    """Rotate, shift and scale every image by its own small random amount, for training.

    Parameters
    ----------
    x : Tensor, shape (B, side * side), float32
        Square images, intensities in [0, 1].
    rotation_rad, shift_px, scale : float
        Each amount is uniform from minus this value to this value: radians, pixels in both directions, relative size.
        Drawn from torch's global generator.

    Returns
    -------
    Tensor, shape (B, side * side)
        Bilinear, in [0, 1].
    """
    if not (rotation_rad or shift_px or scale):
        return x
    angle, size, right, down = (2 * torch.rand(4, len(x), dtype=x.dtype) - 1).unbind(0)
    angle, size = rotation_rad * angle, 1 + scale * size
    side = isqrt(x.shape[1])
    # The sampling grid runs from -1 to 1 over the image, so a pixel is 2 / side.
    right, down = (2 / side * shift_px * shift for shift in (right, down))
    cosine, sine = size * angle.cos(), size * angle.sin()
    maps = torch.stack([torch.stack([cosine, -sine, right], 1), torch.stack([sine, cosine, down], 1)], 1)
    grid = affine_grid(maps, [len(x), 1, side, side], align_corners=False)
    images = grid_sample(x.reshape(-1, 1, side, side), grid, align_corners=False)
    # Interpolation can exceed 1 by a rounding error, which the rate code would refuse.
    return images.reshape(len(x), -1).clamp(0, 1)
