"""Compiling the entries of the engine with Numba to object code that is loaded without it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import compiler, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from .keeping import Kernels
from .kernels import run_samples
from .list_kernels import count_synapses, spread_synapses

ENTRIES: dict[Callable[..., Any], int] = {run_samples: 10, count_synapses: 1, spread_synapses: 2}
"""Functions that Python calls, and how many 64-bit integers each takes."""


def build() -> Kernels:
    """Compile all entries; a quarter to half a minute."""
    with global_compiler_lock, _parts_left_to_their_callers(), _nothing_collected():
        return {function.__name__: _compile(function, count) for function, count in ENTRIES.items()}


def _compile(function: Callable[..., Any], count: int) -> tuple[str, bytes]:
    flags = compiler.Flags()
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.error_model = "numpy"
    done = compiler.compile_extra(
        cpu_target.typing_context, cpu_target.target_context, function, (types.int64,) * count, types.void, flags, {}
    )
    library = done.library
    library.finalize()
    return done.fndesc.llvm_func_name, library._codegen._tm.emit_object(library._final_module)


class _Part(JITCodeLibrary):
    """Code of a function that others call: it is optimised, and becomes machine code, where it ends up."""

    @property
    def _is_entry(self) -> bool:
        return self.name in {function.__name__ for function in ENTRIES}

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        if self._is_entry:  # once: Numba's first, cheaper run is for counts of references, and there are none
            passes, builder = self._codegen._module_pass_manager()
            passes.run(self._final_module, builder)

    def _finalize_final_module(self) -> None:
        self._finalized = True


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Spare Python the search for garbage among millions of small objects that are all still needed."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@contextmanager
def _parts_left_to_their_callers() -> Iterator[None]:
    """Keep Numba from making machine code of every function by itself, which takes as long as all that is needed."""
    context = cpu_target.target_context
    codegen = context.codegen()
    before = codegen._library_class
    codegen._library_class = _Part
    # Nobody calls them from Python, but Numba knows each by a built-in function of its own.
    context.get_executable = lambda library, *parts: [library].append
    try:
        yield
    finally:
        codegen._library_class = before
        del context.get_executable
