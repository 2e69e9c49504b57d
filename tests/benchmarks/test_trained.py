"""Trained networks as cases: everybody gets the network that the program is."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.casefile import read_case
from benchmarks.contest import Effort, open_ours
from benchmarks.peers import SNNTORCH
from benchmarks.reference import run_reference
from benchmarks.rivals import open_rivals
from benchmarks.trained.nets import Net
from benchmarks.trained.spec import Spec, case_of
from spikewright.exporters.program.make import make_program
from spikewright.exporters.program.program import Input, Output, Population, Program, Projection
from spikewright.toolchain import simulate

pytestmark = pytest.mark.torch

STEPS, SAMPLES, SHAPE = 10, 6, (2, 9, 8)


def population(name: str, shape: tuple[int, ...], level: int, **settings: object) -> Population:
    bias = np.zeros(int(np.prod(shape)), np.int32)
    given = {"du": 4095, "dv": 2048, "vth": 400, "bias_mant": bias, "level": level}
    return Population(name, shape, **given | settings)  # type: ignore[arg-type]


def network() -> Program:
    """A convolution with a bias and a sum shifted left, a dense layer with one shifted right, and a readout."""
    rng = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return (2 * rng.integers(-60, 80, shape)).astype(np.int16)

    bias = np.repeat(rng.integers(-900, 2000, 4), 5 * 4).astype(np.int32)
    return make_program(
        (Input("in", SHAPE),),
        (
            population("one", (4, 5, 4), 1, bias_mant=bias, bias_exp=2, vth=1500),
            population("two", (12,), 2, bias_mant=np.arange(12, dtype=np.int32) * 100),
            population("out", (3,), 3, kind="readout", dv=0, vth=131071, bias_mant=np.arange(3, dtype=np.int32)),
        ),
        (
            Projection(
                "a", "in", "one", weights(4, 2, 3, 3), 3, kind="convolution", stride=(2, 2), padding=(1, 1)
            ),
            Projection("b", "one", "two", weights(12, 80), -1),
            Projection("c", "two", "out", weights(3, 12), 1),
        ),
        (Output("y", "out", "membrane"),),
    )  # fmt: skip


def spec(program: Program) -> Spec:
    x = (np.random.default_rng(1).random((STEPS, SAMPLES, *SHAPE)) < 0.2).astype(np.uint8)
    return Spec(Net("net", "words", "nowhere", STEPS, lambda samples, cache: program), program, x)


def test_a_program_as_a_case_has_its_spikes_and_operations_and_is_the_same_after_reading(tmp_path: Path) -> None:
    case, program = spec(network()).build(tmp_path)
    trace = simulate(program, case.x, backend="oracle")
    for one in (case, read_case(tmp_path)):
        found = run_reference(one, program.populations, SAMPLES)
        assert found.spikes == [int(trace.counts[name].sum()) for name in ("one", "two")]
        assert min(found.spikes) > 50
        assert found.synaptic_ops == sum(ops.sum() for ops in trace.synaptic_ops.values()) / SAMPLES
        assert [layer.exponent for layer in one.projections] == [3, -1, 1] and one.dv == 2048


def test_every_form_of_a_peer_has_nearly_the_spikes_of_the_program(tmp_path: Path) -> None:
    drawn = spec(network())
    case, program = drawn.build(tmp_path)
    effort = Effort(single_rows=STEPS * SAMPLES, batches=(1,), search_rows=STEPS, local=True)
    reference = run_reference(case, program.populations, SAMPLES)
    with ExitStack() as stack:
        open_ours(case, "oracle", reference, SAMPLES, stack)
        (rival,), _ = open_rivals((SNNTORCH,), case, effort, drawn, reference, (1,), stack)
        assert rival.matched


def test_a_peer_reads_out_the_membranes_of_the_program(tmp_path: Path) -> None:
    import torch

    from benchmarks.peers import snntorch_peer, torch_peer

    case, program = spec(network()).build(tmp_path)
    trace = simulate(program, case.x, backend="oracle", record=("spikes",))
    model = torch_peer._network(snntorch_peer.make, case, "lean")
    assert model.readout is not None
    with torch.no_grad():
        read = model.readout(torch.from_numpy(trace.spikes["two"]).float().sum(0))
    # One unit of a weight is 2 of the readout's sums, each of which is 64 of its membrane.
    assert np.array_equal(read.numpy() * 2 * 64, trace.output["y"])


@pytest.mark.parametrize(
    ("settings", "told"), [({"reset": "subtract"}, "not those of every peer"), ({"du": 0}, "not those of every peer")]
)
def test_other_neurons_are_no_case(settings: dict, told: str) -> None:
    program = network()
    one, *rest = program.populations
    other = make_program(program.inputs, (replace(one, **settings), *rest), program.projections, program.outputs)
    with pytest.raises(ValueError, match=told):
        case_of(other, spec(program).x, Path())
