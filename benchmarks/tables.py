"""The results as a page, made from the JSON files alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

HEAD = """# Results

Made by `make bench` from the JSON files beside it; every number is measured.

- Times are per sample, median (smallest to largest) of the rounds, in which the contestants take turns. CPU time counts
  all threads of the contestant's own process. Ratios are the peer's time over ours, round by round: CPU time on one
  thread, wall time on more.
- *One sample*: samples are handed over one by one. *Best batch*: all samples, in one call for us, for the peer in the
  form and batch size that a search over all of its forms found fastest. At one sample a framework's overhead is
  measured as much as its arithmetic: read that ratio together with the other.
- Ours is `simulate` on uint8 input with everything in it: checking, encoding, kernels, exact counts, trace. The peer
  gets ready-made float32 tensors and reports only its output's spikes.
- Weights and inputs are random; thresholds are bisected so that every layer fires at 10 %. Spike counts of ours equal
  the oracle's; those of the peer are within the stated tolerance, as floats are not truncated.
"""


def page(results: dict[str, dict[str, Any]]) -> str:
    """Markdown of all results, given by workload."""
    parts = [HEAD]
    for result in results.values():
        parts.append("\n".join(_startup(result) if result["workload"] == "startup" else _cases(result)))
    return "\n\n".join(parts) + "\n"


def _cases(result: dict[str, Any]) -> Iterator[str]:
    yield f"## {result['workload']}\n"
    yield "| case | against | contestant | batch | threads | CPU ms | wall ms | G events/s | peer / ours |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for case in result["cases"]:
        for row in case["rows"]:
            yield _row(case, row)
    yield ""
    for case in result["cases"]:
        yield from _case_notes(case)
    yield from _conditions(result)


def _row(case: dict[str, Any], row: dict[str, Any]) -> str:
    cells = (
        case["case"],
        row["against"],
        f"{row['contestant']}, {row['form']}",
        row["batch"],
        row["threads"],
        interval(row["cpu_ms_per_sample"]),
        interval(row["wall_ms_per_sample"]),
        f"{row['events_per_cpu_s'] / 1e9:.3g}",
        next((interval(r) for r in case["ratios"] if _belongs(r, row)), ""),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _belongs(ratio: dict[str, Any], row: dict[str, Any]) -> bool:
    mine = (ratio["against"], ratio["peer"], ratio["form"], ratio["threads"])
    return mine == (row["against"], row["contestant"], row["form"], row["threads"])


def _case_notes(case: dict[str, Any]) -> Iterator[str]:
    rates = ", ".join(f"{name} {rate:.1%}" for name, rate in case["firing_rates"].items())
    spikes = case["agreement"]["spikes_per_layer"]
    counts = "; ".join(
        f"{name} {', '.join(f'{form} {c}' for form, c in c.items()) if isinstance(c, dict) else c}"
        for name, c in spikes.items()
    )
    yield (
        f"- {case['case']}: {case['network']}, {case['samples']} samples, input {case['input_rate']:.1%}, {rates}; "
        f"{case['synaptic_ops_per_sample']:,.0f} synaptic operations per sample. Spikes per layer over "
        f"{case['agreement']['samples']} samples (tolerance {case['agreement']['tolerance']:.0%}): {counts}."
    )


def _startup(result: dict[str, Any]) -> Iterator[str]:
    yield "## Start-up\n"
    yield f"`{result['command']}`, {result['network']}, T = {result['steps']}, {result['samples']} samples:\n"
    yield "| start | wall s | CPU s |"
    yield "|---|---|---|"
    first, second = result["first_start"], result["second_start"]
    yield f"| first, kernels compiled | {first['wall_s']:.3g} | {first['cpu_s']:.3g} |"
    yield f"| second and later | {interval(second['wall_s'])} | {interval(second['cpu_s'])} |"
    yield f"\nCompiling takes {result['compile_cpu_s']:.3g} s of CPU time, once."
    yield from _conditions(result)


def _conditions(result: dict[str, Any]) -> Iterator[str]:
    c = result["conditions"]
    commit = f"{(c['commit'] or 'unknown')[:12]}{' with uncommitted changes' if c['uncommitted_changes'] else ''}"
    unset = f"; unset for the contestants: {', '.join(c['unset_variables'])}" if c["unset_variables"] else ""
    yield (
        f"\n{c['date']}, {c['processor']}, {c['cores']} cores, {c['system']}, load average {c['load_average_at_start']}"
        f" at the start and {c['load_average_at_end']} at the end; commit {commit}{unset}."
    )
    for name, versions in c["versions"].items():
        yield f"{name}: {', '.join(f'{key} {value}' for key, value in versions.items())}."


def interval(values: dict[str, float]) -> str:
    """Median with its range, in three digits."""
    return f"{values['median']:.3g} ({values['min']:.3g} to {values['max']:.3g})"
