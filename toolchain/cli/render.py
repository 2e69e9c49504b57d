"""Tables for people, made from the dictionaries that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import error_tables
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
            f"{cost['interval_ns'] / 1000:.2f} us in a stream; {_used(cost)}."
        )


def _used(content: dict[str, Any]) -> str:
    cores, tiles = content["cores"], content["tiles"]
    return f"{cores} {'core' if cores == 1 else 'cores'} on {tiles} {'tile' if tiles == 1 else 'tiles'}"


def fit(content: dict[str, Any]) -> None:
    """The rules of a placement, and what is used of the chip."""
    rows = [
        [r["rule"].replace("_", " "), r["where"], f"{r['actual']:,}", f"{r['limit']:,}", "yes" if r["ok"] else "NO"]
        for r in content["rules"]
    ]
    columns = ["rule", "population, projection or input", "actual", "limit", "kept"]
    if rows:
        table(f"Rules of {content['chip']}; per core: the fullest one", columns, rows)
    rows = [
        [name, f"{p['neurons']:,}", f"{p['cores']:,}", f"{p['synaptic_memory_bits'] / 8192:,.1f} KB"]
        for name, p in content["populations"].items()
    ]
    table("Populations", ["population", "neurons", "cores", "synaptic memory"], rows)
    if not content["limits"]:
        say(f"{content['chip']} has no cores and no limits: every network fits.")
        return
    shares = ", ".join(f"{name.replace('_', ' ')} {share:.1%}" for name, share in content["occupancy"].items())
    say(f"{_used(content)}; used of {content['chip']}, per core the mean: {shares}.")


def chips(content: dict[str, Any]) -> None:
    """The profiles that ship."""
    rows = [
        [c["name"], c["title"], str(c["cores"] or "none"), "yes" if c["timing"] else "no", ", ".join(c["energy"])]
        for c in content["chips"]
    ]
    table("Chip profiles", ["name", "title", "cores", "timing", "energy of"], rows)
    say("Every number with its source: spikewright chips NAME")


def chip(content: dict[str, Any]) -> None:
    """One profile: every number with unit, kind and source."""
    say(f"{content['title']}\n{content['source']}\n")
    rows = [
        [name.replace("_", " "), f"{q['value']:,} {q['unit']}", q["kind"], q["source"]]
        for name, q in content["numbers"].items()
    ]
    table(content["name"], ["what", "value", "kind", "source"], rows)
    say(f"spikes carry values: {'yes' if content['graded_spikes'] else 'no'}")
    if content["barrier_between_points"]:
        say(f"barrier between its points: {content['barrier_between_points']}")
    say(f"not included: {'; '.join(content['not_included'])}")


def losses(content: list[dict[str, str]]) -> None:
    """What the export rounded or dropped."""
    for loss in content:
        say(f"  loss  {loss['node']}: {loss['what']}")
