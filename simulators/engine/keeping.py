"""Where compiled kernels are kept between processes, and under which name."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding

from ...exporters.program.program import STATE_LIMIT
from ...exporters.program.reciprocals import RECIPROCAL_EXP, reciprocals
from ...models.errors import InputError
from ...models.files import atomic_file, cache_folder
from ..neurons import QUOTIENT_LIMIT
from .processor import features

_FOREIGN = [STATE_LIMIT, QUOTIENT_LIMIT, RECIPROCAL_EXP, *(reciprocals(bits).tolist() for bits in (2, 3, 4))]
"""Constants of other folders that are compiled into the kernels."""


def kernel_file() -> Path:
    """File of the compiled kernels; its name tells what they are made of and for: sources, compilers, processor."""
    return cache_folder() / "kernels" / source_digest() / f"{processor_digest()}.kernels"


@cache
def source_digest(folder: Path = Path(__file__).parent) -> str:
    """Digest of the engine's sources and of the compilers' versions, 16 hexadecimal digits."""
    digest = hashlib.sha256(f"numba {version('numba')} llvmlite {version('llvmlite')} {_FOREIGN}".encode())
    for file in sorted(folder.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def processor_digest() -> str:
    """Digest of the processor's name and instruction sets, 16 hexadecimal digits."""
    name, triple = llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_process_triple()
    own = sorted(name for name, there in features().items() if there)
    return hashlib.sha256(f"{triple} {name} {own}".encode()).hexdigest()[:16]


Kernels = dict[str, tuple[str, bytes]]
"""Symbol and object code of every entry by its name."""


def read_kernels(path: Path) -> Kernels | None:
    """Kernels in the file `path`; None if there are none or if a bit of it has changed."""
    try:
        digest, _, rest = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode("ascii", "replace") != hashlib.sha256(rest).hexdigest():
        return None
    head, _, code = rest.partition(b"\n")
    found, first = {}, 0
    for name, symbol, size in json.loads(head):
        found[name] = symbol, code[first : first + size]
        first += size
    return found


def write_kernels(path: Path, kernels: Kernels) -> bool:
    """Keep `kernels` in the file `path`, behind a digest of all that follows; False where nothing can be written."""
    head = json.dumps([(name, symbol, len(code)) for name, (symbol, code) in kernels.items()]).encode()
    rest = b"\n".join((head, b"".join(code for _, code in kernels.values())))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as temporary:
            Path(temporary).write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    except (OSError, InputError):
        return False
    return True
