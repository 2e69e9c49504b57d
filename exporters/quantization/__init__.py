"""Training through the integers: a program as a torch module whose forward pass is the numeric contract."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"build": ["fake_quantise"], "network": ["QuantisedNetwork"]}
)
