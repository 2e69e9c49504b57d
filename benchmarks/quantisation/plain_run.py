"""One network of plain layers, one seed: every way as integers, measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikewright.exporters.program.program import Program
from spikewright.toolchain.quantisation import BitSearch, search_bits

from .data import images
from .figures import ORACLE, classes_of_float, figures, outputs_that_differ, states_that_differ
from .plain import AFTER, TRAINED, Case, lowered, train_integers
from .recipes import RECIPES

Tell = Callable[[str], None]
MAX_DROP = 0.005
SEARCHED = 1000
"""Images of the validation part that judge a search, and test images that it reports on."""


def measure(name: str, seed: int, count: int, oracle: bool, search: bool, tell: Tell) -> dict[str, Any]:
    """Figures of all ways on the first `count` test images, some on the oracle too, and a search for bits."""
    case = Case.of(name, seed)
    floats = classes_of_float(case, count)
    y = images(RECIPES[name].data).test[1][:count].numpy()
    ways: dict[str, dict[str, Any]] = {}

    def add(way: str, program: Program, exact: bool) -> dict[str, Any]:
        tell(f"{name} seed {seed}: {way}")
        ways[way] = figures(case, program, floats)
        if exact and oracle:
            ways[way]["outputs_that_differ"] = outputs_that_differ(case, program)
        return ways[way]

    for way in AFTER:
        program = lowered(case, way)
        add(way, program, exact=way == "8 bits")
        if way in TRAINED:
            tell(f"{name} seed {seed}: {way}, training")
            network = train_integers(case, program)
            row = add(f"{way}, trained", network.to_program(), exact=True)
            row["module"] = states_that_differ(case, network)
    found: dict[str, Any] = {
        "float": float((floats == y).mean()),
        "oracle_images": ORACLE if oracle else 0,
        "ways": ways,
    }
    if search:
        result = _search(case, tell)
        add("mixed, searched", result.program, exact=False)
        found["search"] = _told(result)
    return found


def _search(case: Case, tell: Tell) -> BitSearch:
    parts = images(RECIPES[case.name].data)
    (x, y), (chosen_x, chosen_y) = (
        (part[0][:SEARCHED], part[1][:SEARCHED].numpy()) for part in (parts.test, parts.validation)
    )
    return search_bits(
        case.graph,
        case.rows(x),
        y,
        case.calibration,
        (case.rows(chosen_x), chosen_y),
        max_drop=MAX_DROP,
        progress=lambda text: tell(f"{case.name} seed {case.seed}: {text}"),
    )


def _told(search: BitSearch) -> dict[str, Any]:
    kept = ("bits", "mean_bits", "accuracy", "validation", "bound", "met", "samples", "validation_samples")
    return {name: getattr(search, name) for name in kept} | {"programs": len(search.steps)}
