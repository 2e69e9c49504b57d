"""Floor 4, what a person uses: ``import spikewright.toolchain as sw``."""

from importlib import import_module
from typing import Any

_HOME = {
    "EventList": "..exporters",
    "LazyInput": "..exporters",
    "Loss": "..exporters",
    "Program": "..exporters",
    "Trace": "..exporters",
    "export_lava": "..exporters",
    "from_nir": "..exporters",
    "host_current": "..exporters",
    "load_program": "..exporters",
    "lower": ".lowering",
    "read_nir": "..exporters",
    "run_graph": "..exporters",
    "split_host": "..exporters",
    "to_nir": "..exporters",
    "write_nir": "..exporters",
    "load_trace": "..simulators",
    "place": "..simulators",
    "predict_memory": "..simulators",
    "price": "..simulators",
    "simulate": "..simulators",
    "compare": ".comparison",
    "compare_methods": ".quantisation",
    "diagnose": ".quantisation",
    "search_bits": ".quantisation",
    "report": ".reporting",
}
__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that running a saved program imports neither torch nor nir.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOME[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return __all__
