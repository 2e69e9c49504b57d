"""Choices: read from metadata in whatever type a file gives them, and refused if they cannot be followed."""

import nir
import numpy as np
import pytest

from graphs import chain
from spikewright.exporters.nir.execute import run_graph
from spikewright.exporters.nir.semantics import choose
from spikewright.models.errors import ConfigError, InputError


def network(**metadata: object) -> nir.NIRGraph:
    graph = chain([np.eye(3)])
    graph.metadata = metadata
    return graph


def test_conventions_survive_metadata_as_text_and_bytes() -> None:
    said = {"multi_spike": "False", "reset": b"subtract", "v_floor": np.True_, "dt_s": "1e-3"}
    chosen = choose(network(spikewright=said))
    assert (chosen.multi_spike, chosen.reset, chosen.v_floor, chosen.dt_s) == (False, "subtract", True, 1e-3)
    with pytest.raises(ConfigError, match=r"multi_spike = 'perhaps' \(metadata\); it must be True or False"):
        choose(network(spikewright={"multi_spike": "perhaps"}))


@pytest.mark.parametrize(
    ("own", "violations"),
    [
        ("reset to zero", ["is str"]),
        (np.array([1.0, 2.0]), ["is ndarray"]),
        ({"dialect": "brian"}, ["dialect = 'brian' is unknown"]),
        ({"dt_s": "soon", "reset": 3, "multi_spike": 2}, ["dt_s = 'soon'", "reset = 3", "multi_spike = 2 (metadata)"]),
        ({"dt_s": np.array([1e-3, 2e-3]), "spike_op": np.nan}, ["dt_s = array", "spike_op = nan"]),
    ],
)
def test_metadata_that_cannot_be_followed_are_refused_all_at_once(own: object, violations: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        run_graph(network(spikewright=own), np.ones((1, 1, 3)))
    assert all(violation in str(caught.value) for violation in violations)


def test_arguments_of_a_wrong_type_are_refused_all_at_once() -> None:
    wrong = {"dt_s": "a", "reset": ["zero"], "spike_op": 1, "multi_spike": "no", "v_floor": 1, "tau_unit_s": -1.0}
    with pytest.raises(ConfigError) as caught:
        run_graph(network(), np.ones((1, 1, 3)), **wrong)
    assert {violation.split(" = ")[0] for violation in caught.value.violations} == wrong.keys()
    for dt_s in (-1e-4, 0, np.nan, np.inf, True, np.array([1e-4])):
        with pytest.raises(ConfigError, match="a time step is positive, in seconds"):
            choose(network(), dt_s=dt_s)
    assert choose(network(), dt_s=np.float32(0.5)).dt_s == 0.5


def test_unknown_names_are_refused() -> None:
    graph = chain([np.eye(1)])
    with pytest.raises(ConfigError, match="known are auto, spikewright, snntorch"):
        run_graph(graph, np.ones((1, 1, 1)), dialect="brian")
    with pytest.raises(ConfigError, match="dialect = None is unknown"):
        run_graph(graph, np.ones((1, 1, 1)), dialect=None)
    with pytest.raises(ConfigError, match="Unknown conventions v_ceiling"):
        run_graph(graph, np.ones((1, 1, 1)), v_ceiling=True)
