"""The face of a result: JSON with a schema, and one self-contained page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"build": ["Report", "report"]})
