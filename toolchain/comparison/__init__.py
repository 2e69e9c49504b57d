"""Where float and chip part ways: the chain of references, compared neighbour by neighbour."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "alone": ["measure_alone"],
        "chain": ["Comparison", "compare"],
        "effects": ["Effect", "measure_effects"],
        "pairs": ["Agreement", "Divergence", "Pair", "compare_pair"],
    },
)
