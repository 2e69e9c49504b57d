"""Every backend behind one call: a source and an input in, a trace with all spikes out."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exporters.program.program import Program
from ..exporters.program.trace import Trace
from ..models.errors import ConfigError, InputError
from ..simulators.run import simulate
from .data.samples import Rows
from .sources import Source

CHAIN = ("torch", "frozen", "run_graph", "oracle", "engine", "lava")
"""All targets, each one step further from the trained network and nearer to the chip."""
INTEGER = frozenset({"oracle", "engine", "lava"})


def available_targets(source: Source) -> tuple[str, ...]:
    """Targets that `source` can reach, in the order of the chain."""
    reach = {
        "torch": source.model is not None,
        "frozen": source.frozen is not None and source.frozen is not source.model,
        "run_graph": source.ready_program is None,
    }
    return tuple(target for target in CHAIN if reach.get(target, True))


def run_target(target: str, source: Source, x: Rows, program: Program | None = None, **options: Any) -> Trace:
    """Run `source` on one target, recording every spike.

    Parameters
    ----------
    target : str
        One of `CHAIN`.
    source : Source
    x : (T, B, *input_shape) array, or dict of input name to such an array
    program : Program, optional
        For the integer targets; lowered from the source with `x` as calibration if not given.
    **options
        For the Lava run, or ``cycle`` for run_graph.

    Raises
    ------
    ConfigError
        If the target is unknown.
    InputError
        If the source has no such stage, or a module is given a dict.
    """
    if target not in CHAIN:
        raise ConfigError(f"Target {target!r} is unknown; known are {', '.join(CHAIN)}.")
    if target not in available_targets(source):
        raise InputError(f"{source.name} has no stage {target!r}; it has {', '.join(available_targets(source))}.")
    if target in ("torch", "frozen"):
        if isinstance(x, dict):
            raise InputError(f"A module takes one array x, given are inputs by name: {', '.join(x)}.")
        model = source.model if target == "torch" else source.frozen
        return run_torch(model, x, target, source.example, source.reads_membrane)
    if target == "run_graph":
        from ..exporters.nir.execute import run_graph

        return run_graph(source.graph, x, **options)
    return simulate(program or source.program(x), x, backend=target, record=("spikes",), **options)


def run_torch(model: Any, x: NDArray[Any], name: str, example: Any, membrane: bool = False) -> Trace:
    """Run a torch module and record the spikes of its neurons with hooks.

    Modules of ours run in float64, so that they equal the NIR graph; snnTorch's spikes are always float32, and so is
    the module around them.

    Parameters
    ----------
    model : nn.Module
        Over all time if `example` is (T, B, *shape); of one step, stepped here, if `example` is (B, *shape).
    x : (T, B, *shape) array
    name : str
        Backend name of the trace.
    example : tensor
    membrane : bool
        Whether the result of a step is a membrane, read at the last row, or spikes, summed over the rows.
    """
    import torch

    from ..models.copying import copy_module

    over_time = example.ndim == np.ndim(x)
    foreign = any(type(neuron).__module__.startswith("snntorch") for _, neuron in _neurons(model))
    dtype = torch.float32 if foreign else torch.float64
    model = copy_module(model).to(dtype).eval()
    spikes: dict[str, list[Any]] = {}
    for path, module in _neurons(model):
        module.register_forward_hook(lambda m, args, out, path=path: spikes.setdefault(path, []).append(_first(out)))
    rows = torch.as_tensor(np.asarray(x, np.float64)).to(dtype)
    with torch.no_grad():
        output = _first(model(rows)) if over_time else _step(model, rows)
    # A neuron runs over all time at once, or is stepped: by us, or by the module's own loop.
    whole = {path: len(s) == 1 and s[0].shape[:2] == rows.shape[:2] for path, s in spikes.items()}
    recorded = {path: s[0] if whole[path] else torch.stack(s) for path, s in spikes.items()}
    arrays = {path: s.numpy().astype(np.int8) for path, s in recorded.items()}
    return Trace(
        backend=name,
        versions={"spikewright": version("spikewright"), "torch": torch.__version__},
        program_hash=None,
        steps=x.shape[0],
        samples=x.shape[1],
        levels=dict.fromkeys(arrays, 0),
        counts={path: s.sum(0, dtype=np.int32) for path, s in arrays.items()},
        spikes=arrays,
        output={"output": _read_out(output, membrane).numpy()},
        settings={"dtype": (str(dtype).removeprefix("torch."), "default")},
    )


def _neurons(model: Any) -> list[tuple[str, Any]]:
    """Spiking neurons of ours and of snnTorch, with their paths."""
    from ..models.neurons import LIF
    from ..models.point_neurons import PointNeuron

    snntorch = sys.modules.get("snntorch")
    foreign = (snntorch.Leaky, snntorch.Synaptic, snntorch.RLeaky, snntorch.RSynaptic) if snntorch else ()
    return [
        (path, module)
        for path, module in model.named_modules()
        if isinstance(module, (LIF, *foreign)) or (isinstance(module, PointNeuron) and module.threshold is not None)
    ]


def _step(model: Any, rows: Any) -> Any:
    """Step a one-step module from rest, or call once a module that loops over time itself; rows of its output."""
    import torch

    for _, neuron in _neurons(model):
        if hasattr(neuron, "reset_mem"):
            neuron.reset_mem()
    first = _first(model(rows[0]))
    if first.ndim > 2:
        if bool((rows != rows[0]).any()):
            raise InputError("The model repeats one input over its own time loop; the given rows differ over time.")
        return first
    return torch.stack([first, *(_first(model(row)) for row in rows[1:])])


def _read_out(output: Any, membrane: bool) -> Any:
    """Take one value per sample from (T, B, n); leave logits (B, n) as they are."""
    if output.ndim < 3:
        return output
    return output[-1] if membrane else output.sum(0)


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, (tuple, list)) else output
