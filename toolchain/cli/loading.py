"""SOURCE and DATA of a command, resolved together: a network knows what it was trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .options import shape

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..sources import Source


def load(
    source: str,
    data: str,
    samples: int,
    steps: int,
    weights: str,
    example: str,
    encode: str = "",
    tell: Callable[[str], None] | None = None,
) -> tuple[Source, Samples]:
    """Network and input that the options of a command name; the samples of a data set take the network's input shape.

    Raises
    ------
    InputError
        If either cannot be read, or no data is named and the network does not know its own.
    """
    from ...models.errors import InputError
    from ..sources import resolve_source

    network = resolve_source(source, weights or None, shape(example))
    spec = data or network.data
    if not spec:
        raise InputError(f"{network.name} does not know its data; say --data digits, or a .npy or .npz file.")
    return network, samples_for(network, spec, steps, encode, samples or None, tell)


def samples_for(
    network: Source,
    spec: str,
    steps: int = 0,
    encode: str = "",
    limit: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Samples:
    """Load what `spec` names for `network`: in its input shape, with its T and encoder unless others are said."""
    from ..data.samples import load_samples

    steps = steps or network.steps or 0
    return load_samples(
        spec, steps or None, limit, encode=encode or network.encoder, shape=network.input_shape, tell=tell
    )
