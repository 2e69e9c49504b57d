"""How a file is told to be a framework's own: what its reader or its metadata say, else patterns of its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import nir

from .dialects import DIALECT_FROM, DIALECTS, READ_ARGUMENT, Dialect, named
from .metadata import own_metadata
from .signatures import SIGNATURES

_WRITER_KEYS = ("framework", "generator", "writer", "source")
"""Metadata in which a framework names itself; elsewhere its name is any word of a text."""


def told(graph: nir.NIRGraph, name: str) -> Dialect:
    """Return the dialect that the caller named, with what the graph's own parameters state of it."""
    return replace(_fitted(named(name), graph), origin="argument")


def recognise(graph: nir.NIRGraph) -> Dialect:
    """Tell whose file `graph` came from: by its metadata, else by patterns of its parameters and names.

    Returns
    -------
    Dialect
        With the evidence; "unknown" if nothing was recognised.

    Raises
    ------
    InputError
        If the metadata hold no mapping under "spikewright"; as ConfigError, if they name a dialect that is unknown.
    """
    own = own_metadata(graph.metadata)
    if "dialect" in own:
        return _stated(graph, _text(own["dialect"]), _text(own.get(DIALECT_FROM)) == READ_ARGUMENT)
    if own.keys() & {"dt_s", "integration", "spike_op", "reset"}:
        return _with(DIALECTS["spikewright"], "The metadata hold conventions under 'spikewright'.")
    writer, said = _writer(graph.metadata or {})
    if writer is not None:
        return replace(_with(_fitted(DIALECTS[writer], graph), f"The metadata say {said}."), origin="metadata")
    for name, signature in SIGNATURES.items():
        if signature(graph)[0]:
            return replace(_fitted(DIALECTS[name], graph), origin="recognised")
    return _with(DIALECTS["unknown"], "No pattern of a known framework was found; the defaults hold.")


def _stated(graph: nir.NIRGraph, name: str, by_reader: bool) -> Dialect:
    origin, why = (READ_ARGUMENT, f"The {READ_ARGUMENT} names") if by_reader else ("metadata", "The metadata name")
    return replace(_with(_fitted(named(name), graph), f"{why} the dialect {name}."), origin=origin)


def _writer(metadata: Mapping[str, Any]) -> tuple[str | None, str]:
    """The one framework that the metadata name as a whole word where a writer is named, and the words."""
    found = {}
    for key, value in metadata.items():
        text = _text(value)
        if str(key).lower() in _WRITER_KEYS:
            found |= {name: f"{key} = {text[:80]!r}" for name in DIALECTS.keys() - {"unknown"} if _names(text, name)}
    return next(iter(found.items())) if len(found) == 1 else (None, "")


def _names(text: str, name: str) -> bool:
    """Whole word, with a version behind a dash at most: "snntorch-1.0" is one, "norse-like" is none."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?!\w|-[a-z])", text.lower()) is not None


def _fitted(dialect: Dialect, graph: nir.NIRGraph) -> Dialect:
    """A framework's conventions with those that only its pattern in the parameters shows, such as a time step."""
    if dialect.name not in SIGNATURES:
        return dialect
    evidence, stated = SIGNATURES[dialect.name](graph)
    return replace(_with(dialect, *evidence), **stated)


def _with(dialect: Dialect, *evidence: str) -> Dialect:
    return replace(dialect, evidence=(*evidence, *dialect.evidence))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
