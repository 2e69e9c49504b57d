"""Placing a program on the cores of a chip, and the rules that a placement keeps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "counting": ["count_by_core"],
        "placement": ["Core", "Placement"],
        "fitting": ["check_fit", "place"],
        "rules": ["Finding"],
    },
)
