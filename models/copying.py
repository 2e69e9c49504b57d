"""Copy a module that has been in use."""

from __future__ import annotations

import copy

from torch import Tensor, nn


def copy_module(module: nn.Module) -> nn.Module:
    """Deep copy of `module`; states that hang on an autograd graph, as snnTorch's after a run, are copied detached."""
    memo: dict[int, Tensor] = {}
    for part in module.modules():
        for value in (*part._buffers.values(), *vars(part).values()):
            if isinstance(value, Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return copy.deepcopy(module, memo)
