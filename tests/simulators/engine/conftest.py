"""Running a test with and without the processor's matrix unit."""

from __future__ import annotations

import pytest

from spikewright.simulators.engine import packing
from spikewright.simulators.engine.processor import has_matrix_unit

UNITS = [
    pytest.param(True, marks=pytest.mark.skipif(not has_matrix_unit(), reason="this processor has no matrix unit")),
    False,
]


@pytest.fixture(params=UNITS, ids=["tiles", "events"])
def unit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the engine may use the matrix unit."""
    monkeypatch.setattr(packing, "has_matrix_unit", lambda: request.param)
    return request.param
