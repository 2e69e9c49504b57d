"""What ``quantise`` does besides its report: ways to choose a scale, bits per layer, training through the integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ...models.errors import ConfigError, InputError
from .loading import data_of
from .options import listed

if TYPE_CHECKING:
    from ...exporters.program.program import Program
    from ..data.samples import Samples
    from ..sources import Source


WIDTHS, MAX_DROP = "8,6,4,3,2", 0.5


@dataclass(frozen=True)
class Asked:
    """Options of the command, as the user gave them."""

    methods: bool
    search: bool
    max_drop: float | None
    widths: str
    validate: str
    tune: int
    train: str
    data: str
    bits: str

    @property
    def choices(self) -> tuple[int, ...]:
        """Weight bits that the search chooses from."""
        parts = listed(self.widths or WIDTHS)
        if not parts or not all(part.isdecimal() for part in parts):
            raise ConfigError(f"--widths {self.widths!r} is no list of weight bits; give for example 8,4,2.")
        return tuple(map(int, parts))

    def require_sense(self) -> None:
        """Refuse options that nothing would follow."""
        only = {"--max-drop": self.max_drop is not None, "--widths": self.widths, "--validate": self.validate}
        violations = [f"{name} goes with --search" for name, given in only.items() if given and not self.search]
        if self.train and not self.tune:
            violations.append("--train goes with --tune")
        if self.search and self.bits:
            violations.append("--search chooses the bits itself: give --widths in place of --bits")
        if violations:
            raise ConfigError("These options do not go together:", violations)
        _ = self.choices

    def require(self, network: Source, loaded: Samples) -> None:
        """Tell before the work what cannot be done after it."""
        if network.ready_program is not None and (self.methods or self.search):
            raise InputError(
                f"{network.name} is an integer program already: --methods and --search need the network that it was "
                "lowered from."
            )
        if loaded.y is None and (self.search or self.tune):
            raise InputError(f"{loaded.name} has no classes; give a set or a .npz file with x and y.")


def further(
    asked: Asked,
    network: Source,
    loaded: Samples,
    calibration: Any,
    options: dict[str, Any],
    program: Program,
    tell: Callable[[str], None],
) -> tuple[dict[str, Any], Program]:
    """Results by name for ``--json``, and the program that is left at the end."""
    content: dict[str, Any] = {}
    if asked.methods:
        from ..quantisation.methods import compare_methods

        ways = compare_methods(network, loaded.x, loaded.y, calibration, options, tell)
        content["methods"] = [asdict(way) for way in ways]
    if asked.search:
        content["search"], program, loaded = _search(asked, network, loaded, calibration, options, tell)
    if asked.tune:
        content["tuning"], program = _tune(asked, network, loaded, program, tell)
    return content, program


def _search(
    asked: Asked,
    network: Source,
    loaded: Samples,
    calibration: Any,
    options: dict[str, Any],
    tell: Callable[[str], None],
) -> tuple[dict[str, Any], Program, Samples]:
    """Search on samples that are not those of the result; the samples of the result, for what comes after it."""
    from ..quantisation.search import search_bits
    from ..quantisation.validation import validation_for

    judging, (x, y) = validation_for(
        network, asked.validate or data_of(network, asked.data), loaded, bool(asked.validate), tell
    )
    if x is not loaded.x:
        tell("every second sample judges, the others give the result")
    drop = (MAX_DROP if asked.max_drop is None else asked.max_drop) / 100
    found = search_bits(network, x, y, calibration, judging, drop, asked.choices, lowering=options, progress=tell)
    return found.to_dict(), found.program, replace(loaded, x=x, y=y)


def _tune(
    asked: Asked, network: Source, loaded: Samples, program: Program, tell: Callable[[str], None]
) -> tuple[dict[str, Any], Program]:
    from ..quantisation.tuning import training_for, tune
    from ..quantisation.validation import rows_of

    assert loaded.y is not None  # `require` looked
    training = training_for(network, data_of(network, asked.data), rows_of(loaded), network.encoder, asked.train)
    tuned = tune(network, program, training, loaded.x, loaded.y, asked.tune, tell)
    return tuned.to_dict(), tuned.program
