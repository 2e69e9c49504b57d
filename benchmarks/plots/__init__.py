"""Cost of a synaptic event against input rate, layer size, batch and threads, with the machine's roofs.

The layers are measured by `sweeps` in a process of its own, once for each variant of the engine that makes a difference
here; the pictures are drawn from its numbers alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from ..conditions import ROOT, environment, has_matrix_unit
from ..contest import Effort
from ..ours import VARIANTS
from ..tables import conditions_lines

LIMIT_S = 3600


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure all sweeps and roofs on the engine, whatever `backend` is."""
    chosen = VARIANTS if has_matrix_unit() else {"": VARIANTS[""]}
    return {
        "workload": "plots",
        "rounds": min(effort.rounds, 3),
        "variants": {"engine" + suffix: _sweeps(min(effort.rounds, 3), tiny, own) for suffix, own in chosen.items()},
    }


def pictures(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and SVG of every picture of the page."""
    from .draw import SWEEPS, draw

    for variant, found in result["variants"].items():
        for sweep in SWEEPS:
            yield _file(variant, sweep), draw(sweep, found, _footer(variant, result))


def section(result: dict[str, Any]) -> Iterator[str]:
    """Its part of the page."""
    yield "## Plots\n"
    yield (
        f"Time of `simulate` per synaptic event, least of {result['rounds']} rounds, everything included; a single "
        "layer with random weights and input, T = 10, with as many inputs as neurons, or channels in as out. Lines "
        "without markers are roofs, measured in the same run. "
        "*Additions in registers*: the engine's loop on 8 rows of weights that stay in the first cache. *Reading a "
        "byte of weight*: a loop that reads an array of the size of the weights, from whatever cache or memory it "
        "lies in; an event reads one byte, unless several share it. *Products of tiles*, where there is a matrix "
        "unit: all products of its instruction, divided by those that are events; it reads weights once for 32 rows "
        "and passes the other roofs. At low rates the neurons' own updates outweigh the few events they share.\n"
    )
    for variant, found in result["variants"].items():
        yield f"### {variant}\n"
        for sweep in found["sweeps"]:
            yield f"![Cost against {sweep}, {variant}]({_file(variant, sweep)})\n"
        for roofs in found["roofs"]:
            yield f"- {_roofs_line(roofs)}"
        yield ""
    yield from conditions_lines(result)


def _sweeps(rounds: int, tiny: bool, variables: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", f"{__name__}.sweeps", "--rounds", str(rounds), *(["--tiny"] if tiny else [])]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(**variables), stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{__name__}.sweeps ended with code {done.returncode}; see above.")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _file(variant: str, sweep: str) -> str:
    return f"{variant.replace(' ', '-')}-{sweep}.svg"


def _footer(variant: str, result: dict[str, Any]) -> str:
    c = result["conditions"]
    version = c["versions"]["spikewright"]["spikewright"]
    return (
        f"{variant} of spikewright {version}, commit {(c['commit'] or 'unknown')[:12]}, {c['date'][:10]}; "
        f"{c['processor']}, {c['cores']} cores. Measured."
    )


def _roofs_line(roofs: dict[str, Any]) -> str:
    """One sentence of numbers."""
    pairs = zip(roofs["sizes"], roofs["bytes_per_s"], strict=True)
    rates = ", ".join(f"{rate / 1e9:.3g} at {_size(size)}" for size, rate in pairs)
    products = roofs["products_per_s"]
    told = f", {products / 1e9:,.0f} G products of tiles a second" if products else ""
    return (
        f"{roofs['threads']} thread(s): {roofs['additions_per_s'] / 1e9:.3g} G additions a second{told}; G bytes a "
        f"second {rates}."
    )


def _size(bytes_: int) -> str:
    return f"{bytes_ >> 20} MiB" if bytes_ >= 1 << 20 else f"{bytes_ >> 10} KiB"
