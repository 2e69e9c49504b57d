"""Tables for people, made from the dictionaries that ``--json`` prints."""

from __future__ import annotations

from typing import Any

from .output import say, table


def accuracy(rows: dict[str, dict[str, Any]], seeds: list[int]) -> None:
    """Accuracies over seeds."""
    table(
        f"Test accuracy over seeds {', '.join(map(str, seeds))} (measured)",
        ["network", "mean", "std", "each"],
        [
            [
                name.replace("_", " "),
                f"{r['mean']:.2%}",
                f"{100 * r['std']:.2f} points",
                " ".join(f"{v:.2%}" for v in r["each"]),
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
                f"{pair['spike_agreement']:.4%}",
                f"{pair['mismatches']} of {sum(p['slots'] for p in pair['populations'])}",
                f"{pair['same_prediction']:.1%}",
                divergence(pair["first_divergence"]),
            ]
            for pair in content["pairs"]
        ],
    )
    for target, reason in content["not_run"].items():
        say(f"{target}: not run. {reason}")


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
            f"{p['sparsity']:.2%}",
        ]
        for name, p in content["populations"].items()
    ]
    where = f"{content['backend']}, {content['samples']} samples, simulated"
    title = f"Activity per sample of {content['steps']} steps ({where})"
    table(title, ["population", "neurons", "spikes", "spikes per neuron and step", "sparsity"], rows)
    ops = content["synaptic_ops_per_sample"]
    rows = [[name, f"{count:.0f}"] for name, count in {**ops, "total": sum(ops.values())}.items()]
    table("Synaptic operations per sample (exact count)", ["projection", "operations"], rows)


def energies(content: dict[str, dict[str, Any]]) -> None:
    """Energy per component under every profile, with the recipe."""
    for name, e in content.items():
        rows = [
            [
                component,
                f"{count:.1f}",
                f"{e['sources'][component]['value']:g} {e['sources'][component]['unit']}",
                e["sources"][component]["kind"],
                f"{e['energy_pj'][component] / 1000:.2f} nJ",
            ]
            for component, count in e["counts"].items()
        ]
        per_op = e["energy_per_synaptic_op_pj"]
        # NaN where no operation happened
        all_in = f"{per_op['all_in']:.1f} pJ" if per_op["all_in"] == per_op["all_in"] else "undefined"
        table(f"Energy per sample, {name} (estimated)", ["component", "events", "each", "coefficient", "energy"], rows)
        say(
            f"  total {e['total_pj'] / 1000:.2f} nJ; per synaptic operation {per_op['incremental']:.1f} pJ "
            f"incremental, {all_in} all-in. Not included: {'; '.join(e['not_included'])}.\n"
        )


def losses(content: list[dict[str, str]]) -> None:
    """What the export rounded or dropped."""
    for loss in content:
        say(f"  loss  {loss['node']}: {loss['what']}")
