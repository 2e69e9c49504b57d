"""Floor 2: a model leaves PyTorch, as NIR, as the integer program, as a Lava folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "lava.export": ["export_lava"],
        "nir.build": ["from_nir"],
        "nir.execute": ["run_graph"],
        "nir.files": ["read_nir", "write_nir"],
        "nir.host": ["host_current", "split_host"],
        "nir.trace": ["to_nir"],
        "program.event_list": ["EventList"],
        "program.feed": ["LazyInput"],
        "program.file": ["load_program"],
        "program.losses": ["Loss"],
        "program.lower": ["lower"],
        "program.program": ["Input", "Output", "Population", "Program", "Projection"],
        "program.trace": ["Trace"],
    },
)
