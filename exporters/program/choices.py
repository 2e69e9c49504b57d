"""How to quantise: weight bits, scale, rows; every choice checked, with where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from ...models.errors import ConfigError
from .limits import ChipLimits
from .passes.network import Network
from .registers import is_int

WEIGHT_BITS = 8
SCALES = ("squared_error", "max", "percentile")
PERCENTILE = 99.9
"""Share of a population's weights, in percent, that ``scale="percentile"`` does not clip."""
ROWS = ("fold", "registers")
ROUNDINGS = ("compensated", "nearest")
Bits = int | Mapping[str, int]


@dataclass(frozen=True)
class Choices:
    """What `lower` was told about quantising, and what it chose where it was told nothing.

    Attributes
    ----------
    bits : dict of str to int
        Weight bits by the name of a population or projection; "" is everyone else's.
    scale : {"squared_error", "max", "percentile"}
    percentile : float
    rows : {"fold", "registers"}
    rounding : {"compensated", "nearest"}
    origin : dict of str to str
        "argument", "default", or a sentence that says why.
    """

    bits: dict[str, int] = field(default_factory=lambda: {"": WEIGHT_BITS})
    scale: str = SCALES[0]
    percentile: float = PERCENTILE
    rows: str = ROWS[0]
    rounding: str = ROUNDINGS[0]
    origin: dict[str, str] = field(default_factory=dict)

    @property
    def spanned(self) -> float:
        """Percent of the weights that the grid is to span."""
        return self.percentile if self.scale == "percentile" else 100.0

    def bits_of(self, projection: str, target: str) -> int:
        """Weight bits of a projection: its own, else those of the population it ends in, else everyone's."""
        return self.bits.get(projection, self.bits.get(target, self.bits[""]))

    def without_activity(self) -> Choices:
        """Return what is left where no calibration shows the events: nothing to compensate for."""
        if self.rounding == "nearest":
            return self
        asked = self.origin.get("rounding", "default")
        why = f"no calibration shows which events come together; {asked} was compensated"
        return replace(self, rounding="nearest", origin=self.origin | {"rounding": why})

    def require_names(self, network: Network) -> None:
        """Refuse bits for a population or projection that the network does not have.

        Raises
        ------
        ConfigError
            Naming every unknown one, with the nearest that is known.
        """
        populations = [n.name for n in network.neurons]
        known = [*populations, *(s.name for s in network.synapses)]
        if bad := [_unknown(name, known, populations) for name in self.bits if name and name not in known]:
            raise ConfigError("weight_bits names what the network does not have:", bad)

    def settings(self) -> dict[str, tuple[str | float, str]]:
        """Every choice with its origin, as a program carries them."""
        named = {name: bits for name, bits in self.bits.items() if name}
        said: dict[str, str | float] = {"scale": self.scale, "rows": self.rows, "rounding": self.rounding}
        if self.scale == "percentile":
            said["scale"] = f"percentile:{self.percentile:g}"
        text = ",".join(f"{name}={bits}" for name, bits in named.items())
        said["weight_bits"] = f"{text},others={self.bits['']}" if named else self.bits[""]
        return {name: (value, self.origin.get(name, "default")) for name, value in said.items()}


def choices_of(
    weight_bits: Bits | None = None,
    scale: str | None = None,
    rows: str | None = None,
    rounding: str | None = None,
    chip: ChipLimits | None = None,
    wrong: Iterable[str] = (),
) -> Choices:
    """Check the arguments of `lower` that say how to quantise.

    Parameters are those of `lower`, None for what was not given, and what is `wrong` with the others.

    Raises
    ------
    ConfigError
        Naming every argument that is unknown or out of range.
    """
    kind, _, percent = scale.partition(":") if isinstance(scale, str) else (scale, "", "")
    wrong = [*_wrong_bits(weight_bits), *wrong]
    if scale is not None and kind not in SCALES:
        wrong.append(f"scale = {scale!r} is unknown; known are {', '.join(SCALES)} and percentile:P")
    elif percent and (kind != "percentile" or not _is_percentile(percent)):
        wrong.append(f"scale = {scale!r}; a percentile is a number above 50 and up to 100, as in percentile:99.5")
    if rows is not None and rows not in ROWS:
        wrong.append(f"rows = {rows!r} is unknown; known are {', '.join(ROWS)}")
    if rounding is not None and rounding not in ROUNDINGS:
        wrong.append(f"rounding = {rounding!r} is unknown; known are {', '.join(ROUNDINGS)}")
    if wrong:
        raise ConfigError("The network cannot be quantised like this:", wrong)
    chosen, why = (rows, "argument") if rows else _rows_for(chip)
    given = {"weight_bits": weight_bits, "scale": scale, "rounding": rounding}
    bits = {"": WEIGHT_BITS}
    bits |= dict(weight_bits) if isinstance(weight_bits, Mapping) else {"": weight_bits or WEIGHT_BITS}
    origin = {name: "argument" for name, value in given.items() if value is not None}
    origin |= {"rows": why}
    return Choices(bits, kind or SCALES[0], float(percent or PERCENTILE), chosen, rounding or ROUNDINGS[0], origin)


def _rows_for(chip: ChipLimits | None) -> tuple[str, str]:
    if chip is None:
        return "fold", "default; no chip is named"
    if chip.registers_per_neuron:
        return "registers", f"{chip.name} has a threshold register for each neuron"
    return "fold", f"{chip.name} has one threshold register for a population"


def _wrong_bits(weight_bits: object) -> Iterator[str]:
    if isinstance(weight_bits, Mapping):
        bad = {name: n for name, n in weight_bits.items() if not isinstance(name, str) or not _is_bits(n)}
        yield from (f"weight_bits of {name!r} = {n!r}; a chip's weights have 1 to 8 bits" for name, n in bad.items())
    elif weight_bits is not None and not _is_bits(weight_bits):
        yield f"weight_bits = {weight_bits!r}; a chip's weights have 1 to 8 bits"


def _is_bits(n: object) -> bool:
    return is_int(n) and 1 <= n <= 8  # type: ignore[operator]


def _is_percentile(text: str) -> bool:
    try:
        return 50 < float(text) <= 100
    except ValueError:
        return False


def _unknown(name: str, known: list[str], populations: list[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"populations are {', '.join(populations)}"
    return f"{name!r} is no population and no projection; {hint}"
