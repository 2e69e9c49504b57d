"""The page of kinds says what the code says, and leaves out no kind that a program can have."""

from pathlib import Path
from typing import get_args

import pytest

from spikewright.exporters.program.population import PopulationKind
from spikewright.exporters.program.ports import InputKind, Readout
from spikewright.exporters.program.projection import ProjectionKind
from spikewright.simulators.placement import check_fit
from spikewright.toolchain import kinds
from spikewright.toolchain.kind_examples import Example, examples

PAGE = Path(__file__).parents[2] / "docs/kinds.md"
ROWS = {(row.table, row.name): row for row in examples()}


def cells() -> dict[tuple[str, str], list[str]]:
    """Cells of every row of the page behind its name."""
    found, table = {}, ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            table = line[3:]
        elif line.startswith("| ") and not line.startswith(("|  |", "| ---")):
            name, *rest = [cell.strip() for cell in line.strip("|").split("|")]
            found[table, name] = rest
    return found


@pytest.mark.lava
def test_the_page_is_what_the_code_says() -> None:
    """After a change: ``python -m spikewright.toolchain.kinds docs/kinds.md``."""
    assert PAGE.read_text(encoding="utf-8") == kinds.page()


@pytest.mark.parametrize(
    ("table", "kind"),
    [("Populations", PopulationKind), ("Projections", ProjectionKind), ("Inputs", InputKind), ("Readouts", Readout)],
)
def test_every_kind_has_a_row_in_which_it_occurs(table: str, kind: object) -> None:
    assert [name for t, name in cells() if t == table] == list(get_args(kind))
    for name in get_args(kind):
        program = ROWS[table, name].program
        parts = getattr(program, table.lower(), program.outputs)
        assert name in {getattr(part, "kind", getattr(part, "readout", None)) for part in parts}


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: f"{row.table} {row.name}")
def test_cells_without_lava_are_what_engine_and_rules_say(row: Example) -> None:
    oracle, engine, lava, stock, microcode = cells()[row.table, row.name]
    assert oracle == engine == "yes" and lava.startswith(("yes", "no: "))
    for cell, chip in ((stock, "loihi1-davies2018"), (microcode, "loihi2-microcode")):
        broken = [finding for finding in check_fit(row.program, chip) if not finding.ok]
        assert (cell == "yes") == (not broken)
        assert all(finding.sentence.split("; ")[0][1:] in cell for finding in broken)
