"""``inspect``: a summary of a network without running it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ...models.errors import InputError
from ..reporting import readable
from . import render
from .options import Example, Json, OutFile, SourceArgument, Weights, shape
from .output import emit, say, table


def inspect(
    source: SourceArgument,
    weights: Weights = "",
    example: Example = "",
    out: OutFile = "",
    svg: Annotated[str, typer.Option("--svg", help="Draw the NIR graph into this file.")] = "",
    as_json: Json = False,
) -> None:
    """Say what a program, NIR graph, run folder or module holds, without running it."""
    from ..describe import describe_losses
    from ..reporting.dialect import describe_dialect
    from ..reporting.network import describe_graph, describe_program
    from ..sources import resolve_source

    network = resolve_source(source, weights or None, shape(example))
    if network.ready_program is not None:
        if svg:
            raise InputError(f"{network.name} is a program; --svg draws NIR graphs.")
        described = describe_program(network.ready_program)
    else:
        described = describe_graph(network.graph) | describe_dialect(network.graph)
        if svg:
            _draw(described, svg)
        described |= {"losses": describe_losses(network.losses), "data": network.data, "steps": network.steps}
    emit({"schema_version": 2, "source": network.name} | described, as_json, _render_network, out)


def _draw(described: dict[str, Any], path: str) -> None:
    from ...models.files import atomic_file
    from ..reporting.graph_drawing import draw_graph

    with atomic_file(path) as temporary:
        temporary.write_text(draw_graph(described), encoding="utf-8")


def _render_network(content: dict[str, Any]) -> None:
    if content["kind"] == "program":
        _render_program(content)
    else:
        _render_graph(content)
    render.losses(content["losses"])
    for name, setting in content["settings"].items():
        say(f"  {name} = {setting['value']} ({setting['origin']})")


def _render_program(content: dict[str, Any]) -> None:
    say(f"{content['source']}: program {content['program_hash']}")
    say(f"{content['neurons']:,} neurons, {content['synapses']:,} synapses, depth {content['depth']}")
    for p in content["inputs"]:
        say(f"input {p['name']}: {_sizes(p['shape'])}, {p['kind']}, {p['bits']} bit, scale {p['scale']:g}")
    table(
        "Populations",
        ["population", "shape", "kind", "level", "du", "dv", "vth", "bias", "bias exponent"],
        [
            [
                p["name"],
                _sizes(p["shape"]),
                readable.kind(p),
                str(p["level"]),
                *(readable.register(p[key]) for key in ("du", "dv", "vth")),
                _range(p["bias_mant"]),
                str(p["bias_exp"]),
            ]
            for p in content["populations"]
        ],
    )
    table(
        "Projections",
        ["projection", "from", "to", "form", "bits", "signs", "exponent", "delay", "synapses", "zeros", "weights"],
        [
            [
                *(p[key] for key in ("name", "source", "target")),
                readable.form(p),
                *(str(p[key]) for key in ("weight_bits", "sign_mode", "weight_exp")),
                readable.register([p["min_delay"], p["delay"]]),
                f"{p['synapses']:,}",
                readable.share(p["zeros_share"], 1),
                _range(p["weight_range"]),
            ]
            for p in content["projections"]
        ],
    )
    for p in content["outputs"]:
        say(f"output {p['name']}: {p['readout']} of {p['population']}")


def _render_graph(content: dict[str, Any]) -> None:
    trained = f", trained on {content['data']} with T = {content['steps']}" if content["data"] else ""
    say(f"{content['source']}: NIR graph of {len(content['nodes'])} nodes{trained}")
    rows = []
    for node in content["nodes"]:
        shapes = f"{_sizes(node['input_shape'])} -> {_sizes(node['output_shape'])}"
        head = [node["name"], node["type"], shapes]
        for parameter, held in node["parameters"].items():
            rows.append([*head, parameter, _sizes(held["shape"]), _range(held["range"])])
            head = ["", "", ""]
        if not node["parameters"]:
            rows.append([*head, "", "", ""])
    table("Nodes", ["node", "type", "through", "parameter", "shape", "range"], rows)
    say(f"dialect: {content['dialect']['name']}")
    for sentence in content["dialect"]["evidence"]:
        say(f"  {sentence}")
    for sentence in content["repairs"]:
        say(f"repaired: {sentence}")
    say("edges: " + ", ".join(" -> ".join(edge) for edge in content["edges"]))


def _sizes(sizes: list[int] | None) -> str:
    return "?" if sizes is None else "x".join(map(str, sizes)) or "scalar"


def _range(ends: list[float]) -> str:
    low, high = ends
    return f"{low:g}" if low == high else f"{low:g} .. {high:g}"
