"""What all tests share: tests of the Lava backend run where Lava is, and say so where it is not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from spikewright.models.errors import BackendUnavailable
from spikewright.simulators.lava_environment import find_lava_python

# With importlib mode pytest leaves the path alone; this lets every test import `strategies`.
sys.path.insert(0, str(Path(__file__).parent))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("lava") is None:
        return
    try:
        find_lava_python()
    except BackendUnavailable as error:
        if os.environ.get("SPIKEWRIGHT_REQUIRE_LAVA") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
