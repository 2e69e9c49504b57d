"""The figures of a report: drawn by matplotlib, coloured and captioned for the page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"run": ["draw_figures"]})
