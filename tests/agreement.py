"""The engine against the oracle: every state, event and count of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samples import able
from spikewright.exporters.program.inputs import encode_inputs
from spikewright.exporters.program.program import Program
from spikewright.exporters.program.trace import Trace
from spikewright.simulators.activity import count_activity
from spikewright.simulators.chips.profile import load_chip
from spikewright.simulators.engine.execute import run_engine
from spikewright.simulators.oracle import run_rows
from spikewright.simulators.placement import Placement, count_by_core, place


def assert_same_bits(program: Program, x: dict[str, np.ndarray], threads: int = 1) -> int:
    """Compare u, v, events, counts, operations, updates and outputs; return the number of events."""
    events = encode_inputs(program, x)
    expected = run_rows(program, events)
    counted = count_activity(program, {**events, **expected["spikes"]})
    trace = run_engine(program, events, ("spikes", "state"), threads=threads)
    for p in program.populations:
        shape = (*next(iter(events.values())).shape[:2], *p.shape)
        assert trace.spikes[p.name].dtype == program.events(p.name).dtype
        for what, ours in (("spikes", trace.spikes[p.name]), *((k, trace.state[p.name][k]) for k in "uv")):
            np.testing.assert_array_equal(ours, expected[what][p.name].reshape(shape), f"{what} of {p.name}")
        np.testing.assert_array_equal(trace.counts[p.name], counted.counts[p.name].reshape(shape[1:]))
        np.testing.assert_array_equal(trace.updates[p.name], counted.updates[p.name], f"updates of {p.name}")
    assert trace.synaptic_ops.keys() == counted.synaptic_ops.keys()
    for name, ops in counted.synaptic_ops.items():
        np.testing.assert_array_equal(trace.synaptic_ops[name], ops, f"operations of {name}")
    for output in program.outputs:
        rows = expected["v" if output.readout == "membrane" else "spikes"][output.population]
        read = rows[-1] if output.readout == "membrane" else rows.sum(0)
        np.testing.assert_array_equal(trace.output[output.name], read)
    assert_same_counts(run_engine(program, events, threads=threads), trace)
    return int(sum(counts.sum() for counts in trace.counts.values()))


def assert_same_counts(trace: Trace, recorded: Trace) -> None:
    """Compare a run that records nothing with one that does: neurons are updated in another order then."""
    for what in ("counts", "synaptic_ops", "updates", "output"):
        for name, rows in getattr(recorded, what).items():
            np.testing.assert_array_equal(getattr(trace, what)[name], rows, f"{what} of {name} without a record")


def laid_out(program: Program, neurons: int) -> Placement:
    """Place a program of any kind on as many cores of that many neurons as it takes."""
    chip = able(load_chip("loihi1-davies2018"))
    return place(program, replace(chip, limits={"neurons": replace(chip.limits["neurons"], value=neurons)}))


def assert_same_by_core(program: Program, x: dict[str, np.ndarray], neurons: int) -> None:
    """Compare what is counted by core, on as many cores of that many neurons as it takes."""
    layout = laid_out(program, neurons)
    events = encode_inputs(program, x)
    counted = count_by_core(program, {**events, **run_rows(program, events)["spikes"]}, layout)
    trace = run_engine(program, events, place=layout)
    assert set(trace.by_core) == set(counted)
    for name, rows in counted.items():
        np.testing.assert_array_equal(trace.by_core[name], rows, name)
