"""SOURCE and DATA of a command, resolved together: a network knows what it was trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...models.errors import InputError
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
    ei: str = "",
    lazy: bool = False,
) -> tuple[Source, Samples]:
    """Network and input that the options of a command name; the samples of a data set take the network's input shape.

    With `lazy` they are encoded when a run asks for them, see `load_samples`.

    Raises
    ------
    InputError
        If either cannot be read, or no data is named and the network does not know its own.
    """
    from ..sources import calibrated

    network, stage = find_network(source, weights, example, ei)
    if ei and stage is not None and tell is not None:
        tell("network: {} ({})".format(*stage))
    loaded = samples_for(network, data_of(network, data), steps, encode, samples or None, tell, lazy)
    return calibrated(network, loaded.calibration), loaded


def find_network(
    source: str, weights: str, example: str, ei: str = "", chip: str = ""
) -> tuple[Source, tuple[str, str] | None]:
    """The network that the options of a command name; see `toolchain.stages.stage_for`."""
    from ..sources import resolve_source
    from ..stages import stage_for

    return stage_for(resolve_source(source, weights or None, shape(example)), ei, chip)


def data_of(network: Source, data: str) -> str:
    """The data that a command names, or that the network was trained on.

    Raises
    ------
    InputError
        If neither is known.
    """
    if spec := data or network.data:
        return spec
    raise InputError(f"{network.name} does not know its data; say --data digits, or a .npy or .npz file.")


def samples_for(
    network: Source,
    spec: str,
    steps: int = 0,
    encode: str = "",
    limit: int | None = None,
    tell: Callable[[str], None] | None = None,
    lazy: bool = False,
) -> Samples:
    """Load what `spec` names for `network`: in its input shape, with its T and encoder unless others are said."""
    from ..data.samples import load_samples

    steps = steps or network.steps or 0
    return load_samples(
        spec, steps or None, limit, encode=encode or network.encoder, shape=network.input_shape, lazy=lazy, tell=tell
    )
