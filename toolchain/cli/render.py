"""Tables for people, made from the dictionaries that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..reporting import readable
from . import chip_tables, error_tables
from .output import say, table


def accuracy(rows: dict[str, dict[str, Any]], seeds: list[int]) -> None:
    """Accuracies over seeds."""
    table(
        f"Test accuracy over seeds {', '.join(map(str, seeds))} (measured)",
        ["network", "mean", "std", "each"],
        [
            [
                name.replace("_", " "),
                readable.accuracy(r["mean"]),
                f"{100 * r['std']:.2f} points",
                ", ".join(map(readable.accuracy, r["each"])),
            ]
            for name, r in rows.items()
        ],
    )


def comparison(content: dict[str, Any]) -> None:
    """The chain: one row per pair of neighbours, its first divergence behind it."""
    table(
        f"Chain of references, {content['samples']} samples",
        ["from -> to", "spike agreement", "different", "same class", "first divergence"],
        [
            [
                " -> ".join(pair["backends"]),
                readable.share(pair["spike_agreement"]),
                f"{pair['mismatches']} of {sum(p['slots'] for p in pair['populations'])}",
                readable.share(pair["same_prediction"], 1),
                divergence(pair["first_divergence"]),
            ]
            for pair in content["pairs"]
        ],
    )
    for target, reason in content["not_run"].items():
        say(f"{target}: not run. {reason}")
    error_tables.populations(content["pairs"])
    error_tables.effects(content["effects"])


def divergence(found: dict[str, Any] | None) -> str:
    """One line that says where two backends part."""
    if found is None:
        return "none"
    a, b = found["values"]
    return (
        f"{found['population']}, step {found['step']}, sample {found['sample']}, neuron {found['neuron']}: "
        f"{found['what']} {a:g} / {b:g}"
    )


def activity(content: dict[str, Any]) -> None:
    """Spikes, sparsity and synaptic operations."""
    rows = [
        [
            name,
            str(p["neurons"]),
            f"{p['spikes_per_sample']:.1f}",
            f"{p['spikes_per_neuron_and_step']:.4f}",
            readable.share(p["sparsity"]),
        ]
        for name, p in content["populations"].items()
    ]
    where = f"{content['backend']}, {content['samples']} samples, simulated"
    title = f"Activity per sample of {content['steps']} steps ({where})"
    table(title, ["population", "neurons", "spikes", "spikes per neuron and step", "sparsity"], rows)
    ops = content["synaptic_ops_per_sample"]
    rows = [[name, f"{count:.0f}"] for name, count in {**ops, "total": sum(ops.values())}.items()]
    table("Synaptic operations per sample (exact count)", ["projection", "operations"], rows)


def costs(content: dict[str, dict[str, Any]], not_priced: dict[str, str]) -> None:
    """Energy per component and time under every profile, with the recipe; and the profiles without a price."""
    for name, cost in content.items():
        rows = [
            [
                component,
                f"{count:.1f}",
                f"{cost['sources'][component]['value']:g} {cost['sources'][component]['unit']}",
                cost["sources"][component]["kind"],
                f"{cost['energy_pj'][component] / 1000:.2f} nJ",
            ]
            for component, count in cost["counts"].items()
        ]
        title = f"Energy per sample, {name} (estimated: exact counts x coefficients)"
        table(title, ["component", "events", "each", "coefficient", "energy"], rows)
        for sentence in _sums(cost):
            say(f"  {sentence}")
        say(f"  Not included: {'; '.join(cost['not_included'])}.\n")
    for name, reason in not_priced.items():
        say(f"{name}: not priced. {reason}\n")


def _sums(cost: dict[str, Any]) -> Iterator[str]:
    per_op = cost["energy_per_synaptic_op_pj"]
    # NaN where no operation happened
    all_in = f"{per_op['all_in']:.1f} pJ" if per_op["all_in"] == per_op["all_in"] else "undefined"
    low, high = (bound / 1000 for bound in cost["total_bounds_pj"])
    span = f" ({low:.2f} to {high:.2f} nJ by where the inputs enter)" if high > low else ""
    yield (
        f"total {cost['total_pj'] / 1000:.2f} nJ{span}; per synaptic operation {per_op['incremental']:.1f} pJ "
        f"incremental, {all_in} all-in."
    )
    if cost["latency_ns"] is not None:
        low, high = (bound / 1000 for bound in cost["latency_bounds_ns"])
        yield (
            f"latency {cost['latency_ns'] / 1000:.2f} us ({low:.2f} to {high:.2f} us), one sample every "
            f"{cost['interval_ns'] / 1000:.2f} us in a stream{_on(cost)}."
        )


def _on(content: dict[str, Any]) -> str:
    """Cores and tiles in use; nothing for a profile without a mesh, which has neither."""
    return "" if content["cores"] is None else f"; {chip_tables.used(content)}"


def losses(content: list[dict[str, str]]) -> None:
    """What the export rounded or dropped."""
    for loss in content:
        say(f"  loss  {loss['node']}: {loss['what']}")
