"""From a trained network to integers that lose nothing: what it costs, why, and what to do about it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bit_search": ["BitSearch"],
        "diagnosis": ["Diagnosis"],
        "examine": ["diagnose"],
        "findings": ["Finding"],
        "finetuning": ["finetune"],
        "finetuning_recipe": ["FineTuning", "Recipe"],
        "methods": ["Method", "compare_methods"],
        "search": ["search_bits"],
        "gains": ["GainComparison", "compare_gains"],
    },
)
