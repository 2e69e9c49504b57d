"""SOURCE and DATA of a command, resolved together: a network knows what it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .options import shape

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..sources import Source


def load(source: str, data: str, samples: int, steps: int, weights: str, example: str) -> tuple[Source, Samples]:
    """Network and input that the options of a command name.

    Raises
    ------
    InputError
        If either cannot be read, or no data is named and the network does not know its own.
    """
    from ...models.errors import InputError
    from ..data.samples import load_samples
    from ..sources import resolve_source

    network = resolve_source(source, weights or None, shape(example))
    spec = data or network.data
    if not spec:
        raise InputError(f"{network.name} does not know its data; say --data digits, or a .npy or .npz file.")
    return network, load_samples(spec, steps or network.steps, samples or None)
