"""An output is the last row of a membrane or the sum of rows, also behind nodes without a membrane."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.readout import reads_membrane
from spikewright.models.errors import UnsupportedOp

DT = 1e-4
ONE = np.array([1])
X = np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1)


def network(*edges: tuple[str, str], outputs: tuple[str, ...] = ("output",)) -> nir.NIRGraph:
    """Of an integrator "i", a counter "n" that fires above 0.5, and nodes without a membrane."""
    nodes = {
        "input": nir.Input({"input": ONE}),
        "i": nir.I(np.array([1 / DT])),
        "n": nir.IF(np.array([1 / DT]), np.array([0.5]), v_reset=np.zeros(1)),
        "double": nir.Scale(np.array([2.0])),
        "fc": nir.Affine(np.array([[3.0]]), np.array([1.0])),
        "delay": nir.Delay(np.array([DT])),
        "threshold": nir.Threshold(np.array([2.0])),
        **{name: nir.Output({"output": ONE}) for name in outputs},
    }
    used = {name for edge in edges for name in edge}
    return nir.NIRGraph({name: node for name, node in nodes.items() if name in used}, list(edges))


def through(*names: str) -> nir.NIRGraph:
    path = ("input", *names, "output")
    return network(*pairwise(path))


@pytest.mark.parametrize(
    ("names", "expected", "membrane"),
    [
        (("i",), 6, True),
        (("i", "double"), 12, True),
        (("i", "double", "fc"), 37, True),
        (("i", "delay"), 3, True),
        (("i", "threshold"), 2, False),
        (("i", "n", "double"), 6, False),
        (("n",), 3, False),
        (("n", "fc"), 12, False),
        (("double",), 12, False),
    ],
)
def test_what_lies_behind_an_output_decides(names: tuple[str, ...], expected: float, membrane: bool) -> None:
    graph = through(*names)
    assert run_graph(graph, X).output["output"].tolist() == [[expected]]
    assert reads_membrane(graph) is membrane


def test_membranes_and_spikes_in_one_output_are_refused() -> None:
    into_both = [("input", "i"), ("input", "n"), ("i", "double"), ("double", "output"), ("n", "output")]
    with pytest.raises(UnsupportedOp, match="an Output of its own") as caught:
        run_graph(network(*into_both), X)
    assert caught.value.violations == ("output 'output': membranes of i; rows of n",)
    apart = [*into_both[:-1], ("n", "counts")]
    output = run_graph(network(*apart, outputs=("output", "counts")), X).output
    assert {name: rows.tolist() for name, rows in output.items()} == {"output": [[12]], "counts": [[3]]}
