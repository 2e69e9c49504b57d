"""A pytest plugin, ``-p without_avx512``: the engine is compiled as for a processor whose vectors end at AVX2."""

import llvmlite.binding as llvm
import pytest
from llvmlite.binding import targets

PROCESSOR = "haswell"
LATER = ("avx512", "avx10", "evex512", "amx", "avxvnni", "avxifma", "vaes", "vpclmul", "gfni")
OTHER_PROCESSES = (
    "test_a_second_start_loads_them_without_numba_and_without_a_word",
    "test_a_damaged_file_is_made_again_with_a_message",
)

_of_host = targets.get_host_cpu_features


def _features() -> dict[str, bool]:
    found = _of_host()
    for name in found:
        found[name] = found[name] and not name.startswith(LATER)
    return found


for module in (llvm, targets):
    module.get_host_cpu_features = _features
    module.get_host_cpu_name = lambda: PROCESSOR


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name in OTHER_PROCESSES:
            item.add_marker(pytest.mark.skip(reason="starts a process, which sees the processor as it is"))
