"""The order in which the engine holds the neurons of a population.

A convolution adds all channels of a place at once, so a population behind one is held place by place, (H, W, C),
wherever the rest of the world has it channel by channel, (C, H, W).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...exporters.program.program import Program, Projection
from ...exporters.program.synapses import out_shape
from .tables import Ints

Image = tuple[int, int, int]
"""Channels, rows and columns."""


def images(program: Program) -> dict[str, Image]:
    """Shape (C, H, W) of every population that is held place by place: behind a convolution.

    Convolutions take their events from any order, so inputs need not be turned.
    """
    sliding = [q for q in program.projections if slides(q)]
    return {q.target: out_shape(q, program.source(q.source).shape) for q in reversed(sliding)}


def slides(q: Projection) -> bool:
    """Whether `q` can be summed by strips: a convolution of all channels whose taps lie side by side."""
    return q.kind == "convolution" and q.groups == 1 and q.dilation == (1, 1)


def outside(image: Image | None, size: int) -> Ints:
    """Index in the program of every neuron as the engine holds it, (size,)."""
    if image is None:
        return np.arange(size)
    return np.arange(size).reshape(image).transpose(1, 2, 0).ravel()


def inside(image: Image | None, size: int) -> Ints:
    """Index in the engine of every neuron of the program, (size,)."""
    if image is None:
        return np.arange(size)
    _, rows, columns = image
    return np.arange(size).reshape(rows, columns, -1).transpose(2, 0, 1).ravel()


def as_outside(rows: NDArray[np.generic], shape: tuple[int, ...], image: Image | None) -> NDArray[np.generic]:
    """View (..., size) values of the engine as (..., *shape) ones of the program."""
    ahead = rows.shape[:-1]
    if image is None:
        return rows.reshape(*ahead, *shape)
    channels, height, width = image
    turned = np.moveaxis(rows.reshape(*ahead, height, width, channels), -1, -3)
    return turned if shape == image else turned.reshape(*ahead, *shape)
