"""Windows, branches and several ends: what integers can hold is lowered without a single spike changed."""

import os
from pathlib import Path

import nir
import numpy as np
import pytest

from spatial import affine, biases, conv, events, flat, net, pool, spiking, weights
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.files import read_nir
from spikewright.exporters.program.limits import ChipLimits
from spikewright.exporters.program.lower import lower
from spikewright.exporters.program.program import Program
from spikewright.models.errors import CapacityError, UnsupportedOp
from spikewright.simulators.run import simulate

RNG = np.random.default_rng(0)
BACKENDS = [pytest.param("oracle"), pytest.param("lava", marks=pytest.mark.lava)]


def require_exact(graph: nir.NIRGraph, backend: str = "oracle", samples: int = 4) -> Program:
    """Every spike of every population, and every output, is that of the graph; something spikes, something does not."""
    x = events(graph, np.random.default_rng(0), samples=samples)
    reference, program = run_graph(graph, x), lower(graph, calibration=x)
    trace = simulate(program, x, backend=backend, record=("spikes",))
    assert 0.02 < np.mean([s.mean() for s in reference.spikes.values()]) < 0.98
    for name, spikes in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], spikes, err_msg=name)
    units = {p.name: p.membrane_unit for p in program.populations}
    for o in program.outputs:
        unit = units[o.population] if o.readout == "membrane" else 1
        samples = len(trace.output[o.name])
        np.testing.assert_allclose(
            trace.output[o.name] * unit, reference.output[o.name].reshape(samples, -1), atol=1e-9
        )
    return program


def kinds(program: Program) -> dict[str, str]:
    return {p.name: p.kind for p in program.projections}


def image_net() -> nir.NIRGraph:
    """Three convolutions and poolings, then two dense layers, as for MNIST."""
    rng = np.random.default_rng(0)
    nodes = {
        "c1": conv(rng, 4, 1, 3, 3, padding=1),
        "n1": spiking(2.0),
        "p1": pool(nir.AvgPool2d, 2),
        "c2": conv(rng, 6, 4, 3, 3, padding=1),
        "n2": spiking(),
        "p2": pool(nir.SumPool2d, 2),
        "c3": conv(rng, 8, 6, 3, 3),
        "n3": spiking(4.0, leaky=True),
        "f": flat(),
        "fc": affine(rng, 10, 8),
        "n4": spiking(),
        "head": affine(rng, 5, 10),
    }
    return net("x c1 n1 p1 c2 n2 p2 c3 n3 f fc n4 head out", inputs={"x": (1, 12, 12)}, nodes=nodes)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_net_for_images(backend: str) -> None:
    program = require_exact(image_net(), backend, samples=10)
    assert kinds(program) == {
        "c1": "convolution",
        "c2": "convolution",
        "c3": "convolution",
        "fc": "dense",
        "head": "dense",
    }
    c2 = next(p for p in program.projections if p.name == "c2")
    assert (c2.weights.shape, c2.stride, c2.padding) == ((6, 4, 6, 6), (2, 2), (2, 2))  # pooling is part of it


def test_pooling_behind_a_convolution_and_in_front_of_a_dense_layer() -> None:
    rng = np.random.default_rng(0)
    nodes = {
        "c1": conv(rng, 4, 2, 3, 3, small=31, stride=2, padding=1),
        "p1": pool(nir.AvgPool2d, 2),
        "n1": spiking(),
        "p2": pool(nir.SumPool2d, 2),
        "f": flat(),
        "fc": affine(rng, 6, 16),
        "n2": spiking(2.0),
    }
    program = require_exact(net("x c1 p1 n1 p2 f fc n2 out", inputs={"x": (2, 16, 16)}, nodes=nodes))
    shapes = {p.name: p.weights.shape for p in program.projections}
    assert shapes == {"c1": (4, 2, 5, 5), "fc": (6, 64)}


@pytest.mark.parametrize(
    ("layer", "taken"),
    [
        (conv(RNG, 6, 2, 3, 3, groups=3, padding=1), (6, 6, 6)),
        (conv(RNG, 6, 1, 3, 3, groups=6, stride=2), (6, 7, 7)),
        (conv(RNG, 3, 4, 3, 2, dilation=np.array([2, 3]), padding=np.array([2, 1])), (4, 7, 8)),
        (conv(RNG, 3, 4, 2, 3, padding="same"), (4, 5, 6)),
        (conv(RNG, 3, 4, 2, 4, padding="same", dilation=3), (4, 9, 12)),
        (conv(RNG, 4, 2, 3, groups=2, padding="same"), (4, 9)),
        (conv(RNG, 4, 2, 5, stride=2, padding="valid"), (2, 15)),
        (nir.Affine(weights(RNG, 3, 5, 4), biases(RNG, 3, 5)), (3, 4)),
        (pool(nir.SumPool2d, 2), (2, 6, 6)),
        (pool(nir.AvgPool2d, 2), (2, 6, 7)),
        (nir.Scale(np.repeat([127, -32, 60], 12).reshape(3, 3, 4) / 64), (3, 3, 4)),
    ],
)
def test_every_layer_between_populations(layer: nir.NIRNode, taken: tuple[int, ...]) -> None:
    """Behind neurons that pass the input on, in front of neurons that add up."""
    graph = net(
        "x first layer second out",
        inputs={"x": taken},
        nodes={"first": spiking(0.5), "layer": layer, "second": spiking(1.5)},
    )
    program = require_exact(graph)
    assert kinds(program)["x->first"] == "sparse"


def test_scales_beside_windows_become_part_of_them() -> None:
    rng = np.random.default_rng(0)
    channels = np.repeat([1.0, 2.0, 1.0], 16).reshape(3, 4, 4)
    nodes = {
        "s1": nir.Scale(channels),
        "c1": conv(rng, 3, 3, 3, 3, small=31, padding=1),
        "s2": nir.Scale(channels[::-1]),
        "n1": spiking(),
        "s3": nir.Scale(np.repeat([127, -32, 60], 16).reshape(3, 4, 4) / 64),
        "p": pool(nir.SumPool2d, 2),
        "n2": spiking(3.0),
    }
    assert kinds(require_exact(net("x s1 c1 s2 n1 s3 p n2 out", inputs={"x": (3, 4, 4)}, nodes=nodes))) == {
        "c1": "convolution",
        "s3": "convolution",  # a kernel for every channel
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_residual_net_adds_its_paths(backend: str) -> None:
    """Identity, a convolution and a 1 x 1 convolution over two levels; skips that a window cannot delay take relays."""
    rng = np.random.default_rng(0)
    nodes = {
        "c1": conv(rng, 4, 2, 3, 3, padding=1),
        "n1": spiking(),
        "c2": conv(rng, 4, 4, 3, 3, padding=1),
        "n2": spiking(2.0),
        "c3": conv(rng, 6, 4, 3, 3, padding=1, stride=2),
        "n3": spiking(2.0, leaky=True),
        "down": conv(rng, 6, 4, 1, 1, stride=2),
        "f": flat(),
        "fc": affine(rng, 5, 54),
        "n4": spiking(3.0),
    }
    graph = net("x c1 n1 c2 n2 c3 n3 f fc n4 out", "n1 n2", "n1 down n3", inputs={"x": (2, 6, 6)}, nodes=nodes)
    program = require_exact(graph, backend, samples=10)
    assert kinds(program)["n1->n2"] == "sparse" and kinds(program)["down"] == "convolution"
    assert [p.origin for p in program.populations if p.kind == "relay"] == [("n1",)]


def test_two_inputs_two_outputs_branches_and_merges() -> None:
    rng = np.random.default_rng(0)
    nodes = {
        "a": affine(rng, 6, 5),
        "b": affine(rng, 6, 4),
        "sum": nir.Affine(np.eye(6)[::-1] / 2, biases(rng, 6)),
        "n1": spiking(),
        "left": affine(rng, 3, 6),
        "right": nir.Linear(weights(rng, 3, 6)),
        "n2": spiking(),
        "head": affine(rng, 2, 3),
    }
    graph = net(
        "x a sum n1 left n2 out", "y b sum", "n1 right n2", "n2 head read", inputs={"x": (5,), "y": (4,)}, nodes=nodes
    )
    program = require_exact(graph)
    assert {(p.name, p.source, p.target) for p in program.projections} == {
        ("a", "x", "n1"),
        ("b", "y", "n1"),
        ("left", "n1", "n2"),
        ("right", "n1", "n2"),
        ("head", "n2", "head"),
    }
    assert {o.name: o.readout for o in program.outputs} == {"out": "spike_count", "read": "membrane"}


def test_a_node_may_be_read_and_feed_neurons_as_well() -> None:
    rng = np.random.default_rng(0)
    nodes = {"fc": affine(rng, 4, 5), "n1": spiking(), "back": affine(rng, 3, 4), "n2": spiking()}
    program = require_exact(net("x fc n1 back n2 out", "back read", inputs={"x": (5,)}, nodes=nodes))
    assert {(p.name, p.target) for p in program.projections} == {
        ("fc", "n1"),
        ("back->back", "back"),
        ("back->n2", "n2"),
    }


def test_a_convolution_that_feeds_itself() -> None:
    rng = np.random.default_rng(0)
    nodes = {
        "c": conv(rng, 3, 2, 3, 3, padding=1),
        "n": spiking(2.0),
        "rec": conv(rng, 3, 1, 3, 3, padding=1, groups=3),
    }
    program = require_exact(net("x c n out", "n rec n", inputs={"x": (2, 5, 5)}, nodes=nodes))
    assert {p.name: p.delay for p in program.projections} == {"c": 0, "rec": 1}


def test_outputs_behind_a_change_of_shape_or_a_window() -> None:
    """A Flatten in front of an Output is none of the chip's business; a pooling there is summed over the sample."""
    rng = np.random.default_rng(0)
    nodes = {"c": conv(rng, 3, 2, 3, 3), "n": spiking(), "f": flat(), "p": pool(nir.AvgPool2d, 4), "g": flat()}
    program = require_exact(net("x c n f spikes", "n p g means", inputs={"x": (2, 6, 6)}, nodes=nodes))
    assert {o.name: o.population for o in program.outputs} == {"spikes": "n", "means": "p"}
    assert kinds(program)["p"] == "pooling"


def test_small_weights_beside_large_ones_take_a_finer_grid() -> None:
    """A projection with weights 1/32 of the other's is exact, because its grid is 32 times finer."""
    rng = np.random.default_rng(0)
    small = 1 / 64 / 32
    nodes = {"a": affine(rng, 6, 5), "n1": spiking(), "rec": affine(rng, 6, 6, step=small)}
    graph = net("x a n1 out", "n1 rec n1", inputs={"x": (5,)}, nodes=nodes)
    program = require_exact(graph)
    by_name = {p.name: p for p in program.projections}
    assert by_name["a"].weight_exp - by_name["rec"].weight_exp == 5
    assert np.abs(by_name["rec"].weights).max() == np.abs(by_name["a"].weights).max() == 254


def test_learned_thresholds_of_channels_become_kernels_and_of_neurons_registers() -> None:
    rng = np.random.default_rng(0)
    nodes = {"c": conv(rng, 3, 2, 3, 3, small=31), "n": spiking(np.repeat([1.0, 0.5, 0.5], 16).reshape(3, 4, 4))}
    program = require_exact(net("x c n out", inputs={"x": (2, 6, 6)}, nodes=nodes))
    assert np.ndim(program.populations[0].vth) == 0
    each = 2.0 ** rng.integers(-1, 2, (3, 4, 4))
    graph = net("x c n out", inputs={"x": (2, 6, 6)}, nodes={**nodes, "n": spiking(each)})
    program = require_exact(graph)
    registers = program.populations[0].vth
    np.testing.assert_array_equal(registers / registers.max(), each.reshape(-1) / 2)
    with pytest.raises(CapacityError, match="vth"):
        lower(graph, chip=ChipLimits("one-register", graded_spikes=True, registers_per_neuron=False))


def test_gains_that_no_shared_weight_can_take_are_refused() -> None:
    """A readout's membrane is what is read, so that no register can take its gain."""
    rng = np.random.default_rng(0)
    gains = nir.I(np.linspace(1e4, 2e4, 16).reshape(1, 4, 4))
    graph = net("x c n out", inputs={"x": (2, 6, 6)}, nodes={"c": conv(rng, 1, 2, 3, 3), "n": gains})
    with pytest.raises(UnsupportedOp, match="gains of 1 to 2 that differ within a channel"):
        lower(graph)


def test_windows_that_are_no_projection_are_refused_with_the_nodes_named() -> None:
    rng = np.random.default_rng(0)
    uneven = {"p": pool(nir.AvgPool2d, 2), "c": conv(rng, 2, 2, 3, 3, padding=1), "n": spiking()}
    with pytest.raises(UnsupportedOp, match=r"nodes 'p' -> 'c' are no single projection: .*its input of 7 rows"):
        lower(net("x p c n out", inputs={"x": (2, 7, 7)}, nodes=uneven))
    reshaped = {"f": nir.Flatten(None, 1, -1), "c": conv(rng, 2, 2, 3), "n": spiking()}
    with pytest.raises(UnsupportedOp, match=r"see 'x' of shape \(2, 4, 4\) as \(2, 1, 16\)"):
        lower(net("x f c n out", inputs={"x": (2, 4, 4)}, nodes=reshaped))
    factors = {"s": nir.Scale(np.arange(32.0).reshape(2, 4, 4)), "c": conv(rng, 2, 2, 3, 3), "n": spiking()}
    with pytest.raises(UnsupportedOp, match=r"'s' -> 'c' .* factors that differ within a channel"):
        lower(net("x s c n out", inputs={"x": (2, 4, 4)}, nodes=factors))


def test_a_grey_image_enters_a_convolution_as_integers() -> None:
    """Integers go unchanged, so nothing is lost; floats become events of 8 bits."""
    rng = np.random.default_rng(0)
    nodes = {"c": conv(rng, 3, 2, 3, 3, padding=1), "n": spiking(16.0, leaky=True)}
    graph = net("x c n out", inputs={"x": (2, 6, 6)}, nodes=nodes)
    x = np.random.default_rng(1).integers(-15, 16, (6, 4, 2, 6, 6))
    program = lower(graph, calibration=x)
    assert (program.inputs[0].kind, program.inputs[0].bits) == ("graded", 4)
    reference = run_graph(graph, x).spikes["n"]
    np.testing.assert_array_equal(simulate(program, x, backend="oracle", record=("spikes",)).spikes["n"], reference)
    program = lower(graph, calibration=x / 15)
    trace = simulate(program, x / 15, backend="oracle", record=("spikes",))
    assert (trace.spikes["n"] == run_graph(graph, x / 15).spikes["n"]).mean() > 0.98


def test_a_convolutional_file_of_sinabs_lowers_once_what_no_chip_does_is_given_up() -> None:
    """Its neurons fire several spikes a step above a floor; told not to, they reset by subtraction, exactly so."""
    path = Path(os.environ.get("SPIKEWRIGHT_DATA", "../shared/data")) / "nir" / "cnn_sinabs.nir"
    if not path.is_file():
        pytest.skip(f"{path} is not here (273 kB, NIR paper 02_cnn); set SPIKEWRIGHT_DATA to the folder of nir/")
    graph = read_nir(path)
    with pytest.raises(UnsupportedOp) as caught:
        lower(graph)
    assert [sentence.split(" ")[0] for sentence in caught.value.violations] == ["multi_spike", "v_floor"]
    x = (np.random.default_rng(0).random((16, 2, 2, 34, 34)) < 0.1).astype(float)
    graph.metadata["spikewright"] = {**graph.metadata["spikewright"], "multi_spike": False, "v_floor": False}
    reference, program = run_graph(graph, x), lower(graph, calibration=x)
    assert kinds(program) == {
        **dict.fromkeys("025", "convolution"),
        **dict.fromkeys(("9", "11"), "dense"),
    }
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    agreement = {name: (trace.spikes[name] == spikes).mean() for name, spikes in reference.spikes.items()}
    assert agreement["1"] > 0.98 and min(agreement.values()) > 0.93, agreement
