"""W4: a recurrent network of 10 000 neurons and 10 million synapses at 2.2 % per step, against Brian2 and NEST.

Each contestant builds the same network in a process, and a peer in an environment, of its own. A float peer does not
truncate, so that after some twenty steps its spikes are others than ours; times are therefore compared by spike, each
of which brings as many synaptic events, and the number of spikes has to agree within `TOLERANCE`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import recurrent
from .conditions import ROOT, environment
from .contest import Effort
from .interop.environments import SIMULATORS, cache_folder, make
from .tables import conditions_lines

NEURONS, FAN, STEPS, RATE = 10_000, 1000, 100, 0.022
MANY, FEW = 100_000, 100
"""Neurons and synapses into each of a larger network, which ours alone runs: threads share both."""
TOLERANCE = 0.15
"""Largest relative difference of spikes: the share of a burst that ends before the last step or after it."""
LIMIT_S = 600


def run(effort: Effort, backend: str, tiny: bool = False) -> dict[str, Any]:
    """Measure all contestants, one after the other.

    Raises
    ------
    RuntimeError
        If a contestant fails, or a peer's number of spikes differs by more than `TOLERANCE`.
    """
    neurons, fan = (200, 20) if tiny else (NEURONS, FAN)
    with TemporaryDirectory() as name:
        folder = Path(name)
        program = recurrent.calibrate(recurrent.draw(neurons, fan), RATE, STEPS)
        recurrent.write(program, folder)
        options = [name, str(STEPS), str(effort.rounds)]
        ours = _last_line([sys.executable, "-m", "benchmarks.peers.recurrent_ours", *options, backend])
        rows = {"spikewright": ours}
        for peer in SIMULATORS:
            script = ROOT / "benchmarks" / "peers" / f"{peer.name}_peer.py"
            rows[peer.name] = _last_line([str(make(peer, cache_folder())), str(script), *options])
    for peer, row in rows.items():
        if not tiny and abs(row["spikes"] / ours["spikes"] - 1) > TOLERANCE:
            raise RuntimeError(f"{peer} gives {row['spikes']} spikes, we {ours['spikes']}: not the same network.")
        row["median_s"] = statistics.median(row["run_s"])
        row["events_per_s"] = row["spikes"] * fan / row["median_s"]
    larger = _larger(*((400, 10) if tiny else (MANY, FEW)), effort.rounds, backend)
    case = {
        "case": f"W4, {neurons} neurons, {neurons * fan} synapses, T={STEPS}",
        "backend": backend,
        "tolerance": TOLERANCE,
        "program_hash": program.content_hash,
        "rows": rows,
        "shared": [_shared(neurons, fan, ours), larger],
        "ratios": {peer.name: ours["events_per_s"] / rows[peer.name]["events_per_s"] for peer in SIMULATORS},
    }
    return {"workload": "W4", "cases": [case]}


def _larger(neurons: int, fan: int, rounds: int, backend: str) -> dict[str, Any]:
    """Measure ours alone on a larger network."""
    with TemporaryDirectory() as name:
        recurrent.write(recurrent.calibrate(recurrent.draw(neurons, fan), RATE, STEPS), Path(name))
        command = [sys.executable, "-m", "benchmarks.peers.recurrent_ours", name, str(STEPS), str(rounds), backend]
        return _shared(neurons, fan, _last_line(command))


def _shared(neurons: int, fan: int, ours: dict[str, Any]) -> dict[str, Any]:
    """What threads that share a sample win: medians of the wall clock by their number."""
    medians = {threads: statistics.median(times) for threads, times in ours.pop("wall_s").items()}
    return {"neurons": neurons, "fan": fan, "wall_s": medians}


def section(result: dict[str, Any]) -> Iterator[str]:
    """Its part of the page."""
    yield "## W4\n"
    for case in result["cases"]:
        yield f"{case['case']}; ratios are per synaptic event, spikes agree within {case['tolerance']:.0%}.\n"
        yield "| contestant | run, s (clock) | G events/s | ratio | start-up, s | spikes |"
        yield "|---|---|---|---|---|---|"
        for name, row in case["rows"].items():
            ratio = f"{case['ratios'][name]:.3g}x" if name in case["ratios"] else ""
            yield (
                f"| {name} | {row['median_s']:.3g} ({row['clock']}) | {row['events_per_s'] / 1e9:.3g} | {ratio} "
                f"| {row['start_s']:.3g} | {row['spikes']} |"
            )
        ours = case["rows"]["spikewright"]
        least, most = ours["bytes_per_synapse"], ours["peak_bytes_per_synapse"]
        yield f"\nOurs takes {least:.3g} bytes a synapse, {most:.3g} at most.\n"
        yield from _shared_lines(case.get("shared", []))
    yield from conditions_lines(result)


def _shared_lines(shared: list[dict[str, Any]]) -> Iterator[str]:
    if not shared:
        return
    yield "Threads share the sample; medians of runs in turn:\n"
    yield "| neurons | synapses of each | threads | run, s (wall) | ratio |"
    yield "|---|---|---|---|---|"
    for own in shared:
        alone = own["wall_s"]["1"]
        for threads, wall in own["wall_s"].items():
            yield f"| {own['neurons']} | {own['fan']} | {threads} | {wall:.3g} | {alone / wall:.2f}x |"
    yield ""


def _last_line(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr[-800:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
