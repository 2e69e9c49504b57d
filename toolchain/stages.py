"""Which stage of an E-I network is lowered: the exact one, which divides, or the one with its divisors frozen."""

from __future__ import annotations

from dataclasses import replace

from ..models.errors import ConfigError
from ..simulators.chips.profile import load_chip
from .sources import Source

EI = ("static", "dynamic", "auto")


def stage_for(source: Source, ei: str, chip: str = "") -> tuple[Source, tuple[str, str] | None]:
    """Choose the stage that suits `ei`, where the source has two.

    Parameters
    ----------
    source : Source
        A run folder of ``train`` holds both: as trained, and frozen and fine-tuned.
    ei : {"", "static", "dynamic", "auto"}
        As in `lower`. "dynamic" takes the exact network, "static" the frozen one, because it was tuned as such; "auto"
        the exact one unless a chip is named that cannot divide.
    chip : str
        Profile by name; empty for none.

    Returns
    -------
    Source
    (str, str) or None
        The stage and why it was taken; None where there was nothing to choose.

    Raises
    ------
    ConfigError
        For an unknown `ei` or chip.
    """
    if ei not in ("", *EI):
        raise ConfigError(f"--ei {ei!r} is unknown; known are {', '.join(EI)}.")
    if source.model is None or source.frozen is None or source.frozen is source.model:
        return source, None
    if not _divides(ei, chip):
        why = f"{chip} cannot divide" if ei == "auto" else f"--ei {ei or 'static'}"
        return source, ("frozen", f"{why}: its divisors are frozen and it was tuned as such")
    return replace(source, frozen=source.model), ("exact", f"--ei {ei}: its circuits divide")


def ei_for_chip(ei: str, chip: str) -> str:
    """Settle "auto" where a network is lowered for no chip in particular and then placed on `chip`."""
    return "static" if ei == "auto" and not _divides(ei, chip) else ei


def _divides(ei: str, chip: str) -> bool:
    return ei == "dynamic" or (ei == "auto" and (not chip or load_chip(chip).has("divided_input")))
