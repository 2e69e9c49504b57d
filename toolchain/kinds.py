"""The page of kinds: which backend runs what, asked of the code itself.

Every row is a small program (`kind_examples`). The oracle and the engine run it; the Lava export writes it, and what it
wrote is turned into Lava processes; the rules of placement judge it on two chips. Run
``python -m spikewright.toolchain.kinds docs/kinds.md`` after a change; it needs the Lava environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ..exporters.lava.export import export_lava
from ..exporters.program.program import Program
from ..models.errors import BackendFailed, UnsupportedOp
from ..models.files import atomic_file
from ..simulators.lava_environment import find_lava_python
from ..simulators.placement import check_fit
from ..simulators.run import SAMPLES, simulate
from . import kind_processes
from .kind_examples import Example, examples

COLUMNS = ("oracle", "engine", "Lava CPU", "stock Loihi", "microcode Loihi 2")
CHIPS = {"stock Loihi": "loihi1-davies2018", "microcode Loihi 2": "loihi2-microcode"}
_PROCESSES = {"Projections": "synapses", "Synapses": "synapses"}
"""Which processes of a row's program are those of its kind; the neurons' elsewhere."""
_HEAD = """# Kinds and backends

Which backend runs what a program can hold, and why not where it does not. This page is made from the code: each row is
a small program that has its kind and as little else as can be. `python -m spikewright.toolchain.kinds docs/kinds.md`
makes it again. What a step of each kind computes: [numeric-contract.md](numeric-contract.md).

- **oracle**, **engine**: yes where they ran the program.
- **Lava CPU**: yes where the export wrote it, with the process of lava-nc that it becomes; *own* ones come with the
  exported folder, because lava-nc has no fixed-point process of that kind that starts every sample from zero.
- **stock Loihi**, **microcode Loihi 2**: yes where it breaks no rule of placement on the profiles
  {chips}. Nothing was run on a chip; what each can do has its source in the
  profile (`spikewright chips NAME`).

No backend falls back on another in silence: what is *no* here is an error there that names kind, part and another
backend.
"""


def page() -> str:
    """Return the page as Markdown.

    Raises
    ------
    BackendUnavailable, BackendFailed
        If there is no Lava environment, or it does not answer.
    """
    rows = examples()
    lava = _lava([row.program for row in rows])
    text = [_HEAD.format(chips=" and ".join(f"`{chip}`" for chip in CHIPS.values()))]
    for table, group in groupby(zip(rows, lava, strict=True), key=lambda pair: pair[0].table):
        lines = [_cells(row, processes) for row, processes in group]
        text.append(_table(table, COLUMNS, lines))
    text.append(_table("Samples", COLUMNS[:3], [_sample_mode(mode, rows[0].program) for mode in SAMPLES]))
    return "\n".join(text)


def _cells(row: Example, lava: dict[str, list[str]] | str) -> list[str]:
    said = lava if isinstance(lava, str) else "yes"
    if isinstance(lava, dict) and row.table not in ("Inputs", "Readouts"):
        said = f"yes: {', '.join(lava[_PROCESSES.get(row.table, 'neurons')])}"
    ran = [_answer(lambda backend=backend: _run(row.program, backend)) for backend in COLUMNS[:2]]
    return [row.name, *ran, said, *(_on_chip(row.program, chip) for chip in CHIPS.values())]


def _sample_mode(mode: str, program: Program) -> list[str]:
    backends = [name.split()[0].lower() for name in COLUMNS[:3]]
    return [mode, *(_answer(lambda backend=backend: _run(program, backend, mode)) for backend in backends)]


def _run(program: Program, backend: str, samples: str = "independent") -> None:
    fed = {i.name: np.ones((3, 2, *i.shape), np.int8) for i in program.inputs if i.kind != "bias"}
    simulate(program, fed, backend=backend, samples=samples)


def _answer(ask: Callable[[], Any]) -> str:
    """Yes, or the reason why not: what the backend says that it runs instead."""
    try:
        ask()
    except UnsupportedOp as error:
        return _no([violation.split("; ")[-1] for violation in error.violations or [str(error)]])
    return "yes"


def _no(reasons: list[str]) -> str:
    """Each reason once, as a part of a sentence."""
    once = dict.fromkeys(reason[0].lower() + reason[1:].rstrip(".") for reason in reasons)
    return f"no: {'; '.join(once)}"


def _on_chip(program: Program, chip: str) -> str:
    broken = [finding.sentence.split("; ")[0] for finding in check_fit(program, chip) if not finding.ok]
    return _no(broken) if broken else "yes"


def _lava(programs: list[Program]) -> list[dict[str, list[str]] | str]:
    """Lava processes of every program, or the reason why it has none."""
    python, found = find_lava_python(), {}
    with tempfile.TemporaryDirectory(prefix="spikewright-kinds-") as temporary:
        for number, program in enumerate(programs):
            folder = Path(temporary) / str(number)
            answer = _answer(lambda program=program, folder=folder: export_lava(program, folder))
            found[number] = folder if answer == "yes" else answer
        folders = [folder for folder in found.values() if isinstance(folder, Path)]
        # What this Python was told about its paths is not for the other one.
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        words = [python, kind_processes.__file__, *folders]
        done = subprocess.run(words, capture_output=True, text=True, env=variables)
        if done.returncode:
            raise BackendFailed(f"The Lava environment cannot build the exported folders: {done.stderr[-2000:]}")
        answers = iter(json.loads(done.stdout))
    return [next(answers) if isinstance(found[n], Path) else found[n] for n in range(len(programs))]


def _table(title: str, columns: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [["", *columns], ["---"] * (1 + len(columns)), *rows]
    return "\n".join([f"## {title}", "", *(f"| {' | '.join(cells)} |" for cells in lines), ""])


def main(path: str) -> None:
    """Write the page to `path`."""
    with atomic_file(path) as temporary:
        temporary.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
