"""The table reader x file, made from the JSON alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

HEAD = """# NIR files of other frameworks, and who reads them

Made by `python -m benchmarks.interop`; every number is measured. Each framework wrote its files and recorded its spikes
in an environment of its own (`benchmarks/interop/*_nets.py`, 30 steps, 2 samples); each foreign reader ran in a process
of its own. The files lie under `tests/fixtures/nir/`, repacked in HDF5's newer layout, values untouched.

- *spikewright*: spikes that differ, over all neuron layers; *recognised* with nothing said (`read_nir`, `run_graph`),
  *told* with the writer's semantics as arguments.
- The others: spikes of the network's last layer that differ. nirtorch has no neurons of its own and gets a textbook
  Euler step (1e-4 s, spike above the threshold, reset to v_reset). Its own Affine forgets the bias; *bias given*
  hands it one that keeps it.
- *equal* means no spike differs.
"""
_FOREIGN = {
    "snntorch": "snnTorch",
    "nirtorch": "nirtorch",
    "nirtorch_affine": "nirtorch, bias given",
    "spikingjelly": "SpikingJelly",
}


def page(result: dict[str, Any]) -> str:
    """Markdown of the result."""
    parts = [HEAD, *_table(result["files"]), "", *_totals(result["files"]), "", *_notes(result)]
    return "\n".join(parts) + "\n"


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"| written by | file | spikes | recognised | told | {' | '.join(_FOREIGN.values())} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        ours = row["readers"]["spikewright"]
        cells = [row["framework"], row["network"], ours.get("of", ""), *_ours(ours)]
        cells += [_foreign(row["readers"][name]) for name in _FOREIGN]
        yield f"| {' | '.join(map(str, cells))} |"


def _ours(answer: dict[str, Any]) -> list[str]:
    if not answer["loads"]:
        return ["does not load", "does not load"]
    return [_count(answer["recognised"]), _count(answer["told"])]


def _foreign(answer: dict[str, Any]) -> str:
    if "not_run" in answer:
        return "not run"
    if not answer["loads"]:
        return "does not load"
    return _count(answer) if answer["runs"] else "loads, does not run"


def _count(answer: dict[str, Any]) -> str:
    if "differ" not in answer:
        return "does not run"
    return "equal" if answer["differ"] == 0 else f"{answer['differ']} differ"


def equal(row: dict[str, Any], reader: str) -> bool:
    """Whether `reader` gives every spike of the file; ours by itself."""
    answer = row["readers"][reader]
    answer = answer.get("recognised", answer) if reader == "spikewright" else answer
    return answer.get("differ") == 0


def _totals(rows: list[dict[str, Any]]) -> Iterator[str]:
    told = sum(row["readers"]["spikewright"].get("told", {}).get("differ") == 0 for row in rows)
    loads = {name: sum(bool(r["readers"][name].get("loads")) for r in rows) for name in ("spikewright", *_FOREIGN)}
    yield f"Of {len(rows)} files, loaded and equal spike for spike:\n"
    ours = sum(equal(row, "spikewright") for row in rows)
    yield f"- spikewright: {loads['spikewright']} loaded, {ours} equal as recognised, {told} once told"
    for name, title in _FOREIGN.items():
        yield f"- {title}: {loads[name]} loaded, {sum(equal(row, name) for row in rows)} equal"


def _notes(result: dict[str, Any]) -> Iterator[str]:
    yield "## Why\n"
    for row in result["files"]:
        if row["stated"]:
            yield f"- {row['framework']} {row['network']}: {row['stated']['reason']}"
    yield "\n## Errors\n"
    for row in result["files"]:
        for reader, answer in row["readers"].items():
            for part, said in (("", answer), *((key, answer.get(key, {})) for key in ("recognised", "told"))):
                if "error" in said:
                    yield f"- {row['framework']} {row['network']}, {reader} {part}".rstrip() + f": `{said['error']}`"
    yield "\n## What the frameworks could not write\n"
    for name, failed in result["not_exported"].items():
        for network, reason in failed.items():
            yield f"- {name} {network}: `{reason}`"
    for name, reason in result["not_installed"].items():
        yield f"- {name} does not install here: `{reason}`"
    yield "\n## Versions\n"
    for name, used in result["versions"].items():
        yield f"- {name}: {', '.join(f'{package} {version}' for package, version in used.items())}"
    yield f"\n{result['conditions']['date']}, {result['conditions']['system']}."
