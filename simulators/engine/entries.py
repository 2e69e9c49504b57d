"""Compiled entries of the engine, loaded from the user's cache, or compiled on first use and kept there.

Loading takes llvmlite alone; Numba is imported only to compile.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache, partial
from threading import Lock
from time import perf_counter
from typing import Any, NamedTuple

import llvmlite.binding as llvm

from ...models.errors import InputError
from ...models.files import CACHE_VARIABLE
from .keeping import Kernels, kernel_file, read_kernels, write_kernels

PARAMETERS = {"run_samples": 10, "count_synapses": 1, "spread_synapses": 2}
"""64-bit integers that each entry takes."""


class Entries(NamedTuple):
    """Compiled functions of 64-bit integers; they hold no lock of the interpreter.

    Attributes
    ----------
    run_samples, count_synapses, spread_synapses : callable
        As in `kernels` and `list_kernels`.
    """

    run_samples: Callable[..., None]
    count_synapses: Callable[..., None]
    spread_synapses: Callable[..., None]


def entries() -> Entries:
    """Load the entries, and compile them before if that has not been done for this processor.

    The threads of a first run come here together; one does the work.
    """
    with _ONE_AT_A_TIME:
        return _entries()


_ONE_AT_A_TIME = Lock()


@cache
def _entries() -> Entries:
    kernels = read_kernels(kernel_file())
    return _load(_compile() if kernels is None else kernels)


def warm_up() -> None:
    """Compile and keep the entries, if that has not been done for this processor.

    Raises
    ------
    InputError
        If they cannot be kept.
    """
    path = kernel_file()
    with _ONE_AT_A_TIME:
        if read_kernels(path) is None:
            _compile()
    if read_kernels(path) is None:
        raise InputError(
            f"Compiled kernels cannot be kept: {path.parent} cannot be written. "
            f"Set {CACHE_VARIABLE} to a folder that can; until then every process compiles them."
        )


def kernel_state() -> str:
    """Whether the kernels lie ready for this processor, and where, in words."""
    path = kernel_file()
    if read_kernels(path) is None:
        return "kernels are compiled on first use, or by spikewright doctor --warm-up"
    return f"kernels compiled, in {path}"


def _compile() -> Kernels:
    from .building import build  # and with it Numba

    path, begin = kernel_file(), perf_counter()
    _tell("compiling the engine for this processor, once; that takes up to half a minute ...")
    kernels = build()
    kept = f"kept in {path}" if write_kernels(path, kernels) else f"not kept: {path.parent} cannot be written"
    _tell(f"compiled in {perf_counter() - begin:.0f} s, {kept}")
    return kernels


def _tell(text: str) -> None:
    sys.stderr.write(f"spikewright: {text}\n")
    sys.stderr.flush()


_engines: list[Any] = []
"""Machine code lives as long as they do."""


def _load(kernels: Kernels) -> Entries:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    found = {}
    for name, (symbol, code) in kernels.items():
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        _engines.append(engine)
        found[name] = _callable(engine.get_function_address(symbol), PARAMETERS[name])
    return Entries(**found)


_NOTHING = ctypes.c_void_p()
"""Compiled code writes a null there, and never anything else."""


def _callable(address: int, count: int) -> Callable[..., None]:
    """Python's side of Numba's calling convention: two addresses ahead, of what is returned and what went wrong."""
    function = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * count)(address)
    return partial(function, ctypes.byref(_NOTHING), ctypes.byref(_NOTHING))
