"""What `inspect` says of a network is what the network holds."""

import numpy as np

from graphs import chain
from samples import a_program, layered
from spikewright.toolchain.reporting.network import describe_graph, describe_program, describe_weights


def test_a_program_with_registers_synapses_and_ranges() -> None:
    program = a_program()
    found = describe_program(program)
    assert found["program_hash"] == program.content_hash and found["neurons"] == 2 and found["synapses"] == 5
    (population,), (projection,) = found["populations"], found["projections"]
    assert [population[key] for key in ("du", "dv", "vth", "level")] == [4095, 2048, 10, 1]
    assert projection["weight_range"] == [-4, 254] and projection["zeros_share"] == 1 / 6
    assert found["inputs"][0]["shape"] == [3] and found["outputs"][0]["readout"] == "spike_count"


def test_weights_lie_on_the_grid_that_is_named() -> None:
    program = layered((5, 40, 3))
    for p in program.projections:
        held = describe_weights(program)[p.name]
        assert np.repeat(held["values"], held["synapses"]).tolist() == np.sort(p.weights, axis=None).tolist()
        assert all(value % held["step"] == 0 and held["low"] <= value <= held["high"] for value in held["values"])


def test_projections_come_from_the_input_on() -> None:
    names = [p["name"] for p in describe_program(layered((4, *[3] * 12)))["projections"]]
    assert names == [f"to layer{level}" for level in range(1, 13)]


def test_a_nir_graph_with_shapes_and_ranges() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 20))
    found = describe_graph(chain([weights], reset="zero"))
    nodes = {node["name"]: node for node in found["nodes"]}
    assert (
        nodes["fc1"]["type"] == "Linear" and nodes["fc1"]["input_shape"] == [20] and nodes["fc1"]["output_shape"] == [5]
    )
    assert nodes["fc1"]["parameters"]["weight"]["range"] == [weights.min(), weights.max()]
    assert nodes["n1"]["parameters"]["v_threshold"] == {"shape": [5], "dtype": "float64", "range": [1.0, 1.0]}
    assert ["fc1", "n1"] in found["edges"] and found["settings"]["reset"] == {"value": "zero", "origin": "metadata"}
