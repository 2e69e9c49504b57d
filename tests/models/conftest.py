"""Input that the tests of circuits share."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spikewright.models.encoders import rate_code


@pytest.fixture
def spikes() -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return rate_code(torch.rand(96, 64, generator=generator), 8).double()
