"""What this processor can do, as far as compiled code asks."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache

import llvmlite.binding

SWITCH = "SPIKEWRIGHT_MATRIX_UNIT"
"""Environment variable; "off" leaves the matrix unit alone. Results are the same."""
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")
_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA = 158, 0x1023, 18


@cache
def features() -> dict[str, bool]:
    """Instruction sets by LLVM's names."""
    return dict(llvmlite.binding.get_host_cpu_features())


def multiplies_tiles() -> bool:
    """Whether this processor has a matrix unit, whatever the switch says."""
    return IS_X86 and bool(features().get("amx-tile") and features().get("amx-int8"))


@cache
def has_matrix_unit() -> bool:
    """Whether this process may multiply tiles; asks Linux for the permission, which threads share."""
    if os.environ.get(SWITCH, "").lower() == "off" or not IS_X86 or platform.system() != "Linux":
        return False
    if not multiplies_tiles():
        return False
    return ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA) == 0


def has_halves() -> bool:
    """Whether this processor's widest vectors are those of AVX2, whose products of 16-bit halves spare instructions."""
    return IS_X86 and bool(features().get("avx2")) and not features().get("avx512f")


def can_expand() -> bool:
    """Whether this processor spreads bytes out by a mask (AVX-512 VBMI2)."""
    return bool(features().get("avx512vbmi2") and features().get("avx512bw"))
