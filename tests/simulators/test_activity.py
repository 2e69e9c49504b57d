"""Counts are exact against a count synapse by synapse."""

import numpy as np
from hypothesis import given, settings

from spikewright.simulators.activity import synaptic_ops, updates
from spikewright.simulators.oracle import run_rows
from strategies import programs


@settings(max_examples=30)
@given(programs())
def test_counts_equal_a_count_synapse_by_synapse(drawn: tuple) -> None:
    program, x = drawn
    events = {**x, **run_rows(program, x)["spikes"]}
    ops, active = synaptic_ops(program, events), updates(program, events)
    steps, samples = next(iter(x.values())).shape[:2]
    for t in range(steps):
        for b in range(samples):
            touched = {p.name: set(np.flatnonzero(p.bias_mant)) for p in program.populations}
            for q in program.projections:
                count = 0
                for pre in range(q.weights.shape[1]):
                    if t >= q.delay and events[q.source][t - q.delay, b, pre]:
                        synapses = [post for post in range(q.weights.shape[0]) if q.weights[post, pre]]
                        count += len(synapses)
                        touched[q.target] |= set(synapses)
                assert ops[q.name][t, b] == count
            assert {name: rows[t, b] for name, rows in active.items()} == {n: len(s) for n, s in touched.items()}
