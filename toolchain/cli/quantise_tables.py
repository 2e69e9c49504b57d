"""Tables of the per-layer report, the ways to choose a scale and the search, from what ``--json`` prints."""

from __future__ import annotations

from typing import Any

from ..reporting import readable
from .output import say, table

Content = dict[str, Any]


def render(content: Content) -> None:
    """Print the report of the program as it was lowered, then what else was asked for."""
    found = content["diagnosis"]
    if content["stage"] is not None:
        say("network: {} ({})".format(*content["stage"]))
    for name, (value, origin) in found["settings"].items():
        say(f"  chose {name} = {value} ({origin})")
    _scales(found["layers"])
    _registers(found["layers"])
    _activity(found)
    _result(found, content["data"])
    _findings(found)
    if "methods" in content:
        _methods(content["methods"], found)
    if "search" in content:
        _search(content["search"])
    if "tuning" in content:
        _tuning(content["tuning"])
    if "program" in content:
        say(f"wrote {content['program']}")


def _scales(layers: list[Content]) -> None:
    rows = [
        [
            f"{layer['name']} <- {grid['projection']}",
            str(grid["bits"]),
            _span(grid["unit"]),
            str(grid["exponent"]),
            f"{grid['values_used']} of {grid['values_available']}",
            _share(grid["clipped"]),
            _share(grid["zeros"]),
            _share(grid["vanished"]),
            f"{grid['rows_vanished']} of {grid['rows']}",
            _percent(grid["error"]),
        ]
        for layer in layers
        for grid in layer["grids"]
    ]
    columns = ["layer <- weights", "bits", "unit", "exponent", "grid used", "clipped", "zeros", "rounded to 0"]
    if rows:
        table("Weights on their grid", [*columns, "rows lost", "RMS error"], rows)


def _registers(layers: list[Content]) -> None:
    rows = []
    for layer in layers:
        held = layer["rounding"] or {}
        spiking = layer["kind"] != "readout"
        rows.append(
            [
                layer["name"],
                layer["kind"],
                str(layer["size"]),
                _span(layer["membrane_unit"]),
                _mantissa(layer["threshold"]) if spiking else "-",
                _percent(held.get("threshold")) if spiking else "-",
                _number(held.get("bias")),
                _percent(held.get("leak")),
                _number(max((grid["floor"] for grid in layer["grids"]), default=None)),
            ]
        )
    columns = ["layer", "kind", "neurons", "membrane unit", "threshold", "threshold off", "bias off", "leak off"]
    table("Registers; bias and steps of the sums in thresholds", [*columns, "sums cut to"], rows)


def _activity(found: Content) -> None:
    rows = []
    for layer in found["layers"]:
        floats, integers, errors = (layer[part] or {} for part in ("floats", "integers", "errors"))
        both = layer["kind"] != "readout" and (floats, integers)
        rows.append(
            [
                layer["name"],
                _pair(both, "rate", lambda rate: f"{rate:.4f}"),
                _pair(both, "dead", str),
                _pair(both, "always_on", str),
                _pair(both, "full", _share),
                _pair(both, "overshoot", lambda over: f"{over:.3g}"),
                _share(integers.get("at_limit")),
                _percent(integers.get("current_peak")),
                _of(errors, "accumulated"),
                _of(errors, "alone"),
            ]
        )
    sides = " / ".join(found["backends"].values())
    title = f"Activity on {found['samples']} samples, {sides}; states and errors on {found['detail']}"
    columns = ["layer", "rate", "dead", "always on", "every row", "spikes at", "at limit", "current peak"]
    table(title, [*columns, "errors", "alone"], rows)


def _methods(methods: list[Content], found: Content) -> None:
    rows = [
        [
            f"{method['scale']}, {method['rows']}",
            "-" if method["accuracy"] is None else readable.accuracy(method["accuracy"]),
            _percent(method["error"]),
            "-" if method["different"] is None else f"{method['different']} of {method['compared']}",
            "-" if method["changed"] is None else str(method["changed"]),
            method["reason"] or "yes",
        ]
        for method in methods
    ]
    columns = ["scale, rows", "accuracy", "error of outputs", "different spikes", "changed classes", "fits"]
    table(f"Ways to choose a scale, {found['samples']} samples on the engine", columns, rows)


def _search(found: Content) -> None:
    tried = [step for step in found["steps"] if step["phase"] == "reduction"]
    rows = [
        [
            f"{step['layer']} at {step['bits']} bits",
            "-" if step["accuracy"] is None else readable.accuracy(step["accuracy"]),
            _percent(step["damage"]),
            "yes" if step["kept"] else "no",
        ]
        for step in tried
    ]
    judged = f"judged by {found['validation_samples']} samples, at least {readable.accuracy(found['bound'])}"
    table(f"Search, {judged}", ["tried", "accuracy", "change of outputs", "kept"], rows)
    bits = ", ".join(f"{name} {width}" for name, width in found["bits"].items())
    saved = f"{found['memory_bits']:,} of {found['uniform_memory_bits']:,} bits of weights"
    accuracy = ", ".join(f"{name} {readable.accuracy(value)}" for name, value in found["accuracy"].items())
    say(f"bits: {bits}; {found['mean_bits']:.2f} in the mean, {saved}")
    say(f"accuracy on {found['samples']} samples that chose nothing: {accuracy}")
    if not found["met"]:
        say("The bound is not kept, not even by the most bits.")
    if not found["complete"]:
        say("The search was interrupted; this is the best so far.")


def _tuning(found: Content) -> None:
    rows = [
        [f"epoch {number}", f"{epoch['loss']:.4f}", readable.accuracy(epoch["accuracy"])]
        for number, epoch in enumerate(found["epochs"], 1)
    ]
    table("Tuning through the integers", ["training data", "loss", "right"], rows)
    before, after = readable.accuracy(found["before"]), readable.accuracy(found["after"])
    say(f"accuracy of the integers on {found['samples']} test samples: {before} before, {after} after")


def _result(found: Content, data: str) -> None:
    for readout in found["readouts"]:
        if readout["error"] is not None:
            say(f"output {readout['name']}: RMS error {readout['error']:.2%} of the float {readout['what']}s")
    for backend, value in found["accuracy"].items():
        say(f"accuracy {readable.accuracy(value)} by {backend} on {found['samples']} samples of {data}")
    if found["mended"]:
        names = ", ".join(found["mended"])
        say(f"This network cannot be lowered as it is. All figures are of one with other thresholds in {names}.")


def _findings(found: Content) -> None:
    for f in found["findings"]:
        say(f"{f['severity']}  {f['layer']}, {f['problem']}: {f['what']}")
        say(f"    cause     {f['cause']}")
        say(f"    evidence  {f['evidence']}")
        say(f"    remedy    {f['remedy']}")
    if not found["findings"]:
        compared = "float" in found["backends"]
        why = "no layer loses more than the limits of docs/quantisation.md" if compared else "every layer works"
        say(f"No findings: {why}{'' if compared else '; there is no float network to compare with'}.")


def _pair(sides: Any, name: str, show: Any) -> str:
    """Float and integer value side by side."""
    if not sides:
        return "-"
    return " / ".join("-" if side.get(name) is None else show(side[name]) for side in sides)


def _of(errors: Content, name: str) -> str:
    return "-" if errors.get(name) is None else f"{errors[name]} of {errors['compared']}"


def _span(values: Any) -> str:
    if values is None:
        return "-"
    low, high = values
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def _mantissa(values: Any) -> str:
    return "-" if values is None else readable.register(values)


def _share(value: float | None) -> str:
    return "-" if value is None else readable.share(value)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2g} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
