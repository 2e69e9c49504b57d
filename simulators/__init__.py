"""Floor 3: a program is executed and priced."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chips.profile": ["Chip", "list_chips", "load_chip"],
        "engine.memory": ["Memory", "predict_memory"],
        "placement": ["Placement", "check_fit", "place"],
        "pricing": ["Cost", "price"],
        "run": ["simulate"],
        "trace_folder": ["load_trace"],
    },
)
