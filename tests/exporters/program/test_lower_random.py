"""Random nets of windows and branches: exact where the grid holds them, and every change listed where it does not."""

from functools import reduce

import nir
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ways import WAYS

from spatial import affine, conv, events, flat, net, pool, spiking
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.bounds import largest_input, largest_membrane
from spikewright.exporters.program.lower import float_network, lower
from spikewright.exporters.program.passes.change import apply_loss
from spikewright.exporters.program.passes.execute import Arithmetic, run_network
from spikewright.exporters.program.program import STATE_LIMIT
from spikewright.simulators.run import simulate

SEEDS = st.integers(0, 2**32 - 1)


def random_net(rng: np.random.Generator, exact: bool) -> nir.NIRGraph:
    """Populations of channels, each fed by one to three chains of linear nodes from what comes before it."""
    shapes = {"x": (int(rng.integers(1, 4)), 8, 8), "y": (2, 8, 8)}
    inputs, nodes, chains = dict(shapes), {}, []
    for i in range(int(rng.integers(1, 4))):
        target, wanted = f"n{i}", (int(rng.integers(1, 4)), *([(8, 8), (4, 4)][rng.integers(2)]))
        for j in range(int(rng.integers(1, 4))):
            fit = [n for n, s in shapes.items() if s[1] >= wanted[1]]
            source = fit[rng.integers(len(fit))]
            layers = random_layers(rng, shapes[source], wanted, exact)
            names = {f"l{i}{j}{k}": layer for k, layer in enumerate(layers)}
            nodes |= names
            chains.append(" ".join([source, *names, target]))
        theta = 2.0 ** rng.integers(0, 3) if exact else rng.uniform(0.5, 3, wanted)
        nodes[target] = spiking(theta, leaky=bool(rng.integers(2)))
        shapes[target] = wanted
    nodes |= {"f": flat(), "head": affine(rng, 3, int(np.prod(shapes[target])))}
    used = {chain.split()[0] for chain in chains}
    ends = [f"{name} out_{name}" for name in shapes if name.startswith("n")]
    inputs = {name: shape for name, shape in inputs.items() if name in used}
    return net(*dict.fromkeys(chains), *ends, f"{target} f head read", inputs=inputs, nodes=nodes)


def random_layers(
    rng: np.random.Generator, given_: tuple[int, ...], wanted: tuple[int, ...], exact: bool
) -> list[nir.NIRNode]:
    """Linear nodes from one shape to another."""
    half, layers = given_[1] > wanted[1], []
    step = 1 / 64 if exact else float(rng.uniform(0.003, 0.02))
    channels = given_[0]
    if rng.random() < 0.3:
        layers.append(nir.Scale(np.repeat(2.0 ** rng.integers(-1, 2, channels), given_[1] ** 2).reshape(given_)))
    where = rng.integers(3) if half else 3
    pools = [pool([nir.SumPool2d, nir.AvgPool2d][rng.integers(2)], 2)]
    layers += pools if where == 0 else []
    groups = 2 if channels % 2 == 0 == wanted[0] % 2 else 1
    size, padding = [(1, 0), (3, 1), (2, "same")][rng.integers(3)]
    stride, padding = (2, 0 if size != 3 else 1) if where == 1 else (1, padding)
    layers.append(
        conv(rng, wanted[0], channels // groups, size, size, step=step, stride=stride, padding=padding, groups=groups)
    )
    return layers + (pools if where == 2 else [])


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(["c", "p"]), st.integers(4, 8), st.floats(-4, 4), WAYS)
def test_windows_drop_no_bits_and_fit_their_registers(
    seed: int, kind: str, bits: int, decades: float, way: dict
) -> None:
    """Wide events, many synapses and long samples: the grid gets coarser before a window's sum would be floored."""
    rng = np.random.default_rng(seed)
    layer = conv(rng, 2, 2, 5, 5, step=10.0**decades) if kind == "c" else pool(nir.SumPool2d, 4)
    theta = 10.0**decades * 50 if kind == "c" else 40.0
    graph = net("x layer n out", inputs={"x": (2, 8, 8)}, nodes={"layer": layer, "n": spiking(theta)})
    program = lower(graph, calibration=rng.integers(0, 256, (20, 1, 2, 8, 8)), weight_bits=bits, **way)
    (p,), (n,) = program.projections, program.populations
    assert p.weights.any() and (p.weights.astype(float) * 2.0**p.weight_exp % 1 == 0).all()
    assert 64 * largest_input(program, n) < 2**23 and largest_membrane(program, n, 20) <= STATE_LIMIT


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(["max", "squared_error"]))
def test_random_nets_on_the_grid_lose_nothing(seed: int, scale: str) -> None:
    rng = np.random.default_rng(seed)
    graph = random_net(rng, exact=True)
    x = events(graph, rng, steps=5, samples=3)
    reference, program = run_graph(graph, x), lower(graph, calibration=x, scale=scale)
    rounded = [loss for loss in program.losses if loss.kind == "weights" and "error 0.00%" not in loss.what]
    assume(not rounded)  # factors of scales, thresholds and means can leave the grid of 8 bits
    trace = simulate(program, x, backend="oracle", record=("spikes",))
    for name, spikes in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], spikes, err_msg=name)
    for p in program.populations:
        assert 64 * largest_input(program, p) < 2**23


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_float_network_of_a_random_net_is_the_graph(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_net(rng, exact=False)
    x = events(graph, rng, steps=5, samples=3)
    reference = run_graph(graph, x)
    for name in reference.spikes:
        assume(not (np.abs(reference.state[name]["v"] / graph.nodes[name].v_threshold - 1) < 1e-9).any())
    trace = run_network(float_network(graph, choose(graph)), x, Arithmetic())
    for name, spikes in reference.spikes.items():
        np.testing.assert_array_equal(trace.spikes[name], spikes, err_msg=name)
    np.testing.assert_allclose(trace.output["read"], reference.output["read"], rtol=1e-9, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 8), WAYS)
def test_all_losses_of_a_random_net_together_make_the_program(seed: int, bits: int, way: dict) -> None:
    rng = np.random.default_rng(seed)
    graph = random_net(rng, exact=False)
    x = events(graph, rng, steps=5, samples=3)
    program, network = lower(graph, calibration=x, weight_bits=bits, **way), float_network(graph, choose(graph))
    trace = simulate(program, x, backend="oracle", record=("spikes", "state"))
    losses = [loss for loss in program.losses if loss.kind != "structure"]
    changed, arithmetic = reduce(lambda done, loss: apply_loss(*done, program, loss), losses, (network, Arithmetic()))
    applied = run_network(changed, x, arithmetic)
    theta = {p.name: np.asarray(p.vth) << 6 for p in program.populations}
    assume(not any((trace.state[n]["v"].reshape(5, 3, -1) == theta[n]).any() for n in applied.spikes))
    for name, spikes in applied.spikes.items():
        np.testing.assert_array_equal(spikes, trace.spikes[name], err_msg=name)
