"""What all tests share: tests of Lava and of the browser run where these are, and say so where they are not."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

# Where tests run side by side each process keeps to one thread: there are as many processes as cores.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from spikewright.models.errors import BackendUnavailable
from spikewright.simulators.lava_environment import find_lava_python

# With importlib mode pytest leaves the path alone; this lets every test import `strategies`.
sys.path.insert(0, str(Path(__file__).parent))

# Time limits are pytest's: the engine's first call loads its kernels, and CI machines are busy.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# `make test-matrix` runs without torch and leaves out what has the marker `torch`; these files need it to load at all.
collect_ignore = [] if find_spec("torch") else ["exporters/program/test_synapses.py", "simulators/test_neurons.py"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("lava") is not None:
        try:
            find_lava_python()
        except BackendUnavailable as error:
            _missing(str(error), "SPIKEWRIGHT_REQUIRE_LAVA")
    if item.get_closest_marker("browser") is not None and find_browser() is None:
        _missing(f"No browser found: {', '.join(BROWSERS)}.", "SPIKEWRIGHT_REQUIRE_BROWSER")


def find_browser() -> str | None:
    """Path of a headless-capable Chromium."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def _missing(reason: str, required: str) -> None:
    if os.environ.get(required) == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> str | None:
    """Path of the browser that tests with the marker `browser` drive."""
    return find_browser()
