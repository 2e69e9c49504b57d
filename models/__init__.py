"""Floor 1: what is trained in PyTorch and how it learns. Knows nothing of NIR or chips."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checkpoint": ["load_checkpoint", "save_checkpoint"],
        "ei": ["EILinear", "anneal_divisors", "clamp_constraints"],
        "freezing": ["freeze_gain"],
        "encoders": ["direct_code", "rate_code"],
        "errors": ["SpikewrightError"],
        "networks": ["EIMLP", "EIMLPConfig"],
        "neurons": ["LIF", "MeanReadout"],
    },
)
