"""What the tests of commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikewright.toolchain.cli import main


@pytest.fixture
def run(capfd: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run one command in an empty folder; give exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out = capfd.readouterr()
        return code, out.out, out.err

    return call
