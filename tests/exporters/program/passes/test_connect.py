"""What a program cannot say is refused with every reason at once."""

import nir
import numpy as np
import pytest

from graphs import chain, replaced
from spikewright.exporters.nir.semantics import choose
from spikewright.exporters.program.passes.connect import connect
from spikewright.models.errors import UnsupportedOp


def test_exactly_the_kinds_that_are_missing_are_listed() -> None:
    full = np.ones(2)
    cuba = nir.CubaLIF(full, full, full, 0 * full, full, v_reset=0 * full)
    graph = replaced(chain([np.eye(2), np.eye(2)]), n1=cuba, fc2=nir.Scale(full))
    with pytest.raises(UnsupportedOp) as caught:
        connect(graph, choose(graph))
    assert [sentence.split(";")[0] for sentence in caught.value.violations] == [
        "node 'fc2' is a Scale",
        "node 'n1' is a CubaLIF",
    ]


def test_conventions_that_a_chip_does_not_have_are_refused_until_given_up() -> None:
    graph = chain([np.eye(2)], node="IF")
    refused = choose(graph, "sinabs", reset="zero")
    with pytest.raises(UnsupportedOp) as caught:
        connect(graph, refused)
    told = " ".join(caught.value.violations)
    assert "multi_spike holds (dialect sinabs)" in told and "v_floor = False" in told
    with pytest.raises(UnsupportedOp, match="spike_late holds"):
        connect(graph, choose(graph, "spyx", reset="zero"))
    given_up = choose(graph, "sinabs", reset="zero", multi_spike=False, v_floor=False)
    assert [n.name for n in connect(graph, given_up).neurons] == ["n1"]
