"""Downloading a published file: from the first server that has it, resumed where it stopped, checked, then named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...models.errors import InputError

if TYPE_CHECKING:
    from .known import Published

TIMEOUT_S = 30
CHUNK_BYTES = 1 << 18
ATTEMPTS = 5
"""Transfers tried from one server, as long as each brings the file further."""

Tell = Callable[[str], None]


class _Refused(Exception):
    """What one server gives is not the file."""


def download(file: Published, mirrors: Sequence[str], folder: Path, tell: Tell | None = None) -> Path:
    """Fetch `file` into `folder` and return its path.

    What has arrived stays beside it as ``NAME.part`` if the transfer breaks or is interrupted; the next call goes on
    there (HTTP Range), from any server. The file gets its name only when size, MD5 and SHA-256 are as published. Two
    processes that want the same file wait for one another.

    Parameters
    ----------
    file : Published
    mirrors : sequence of str
        Addresses of folders, tried in this order.
    folder : Path
        Made if missing.
    tell : callable, optional
        Is given a sentence at every tenth of the file.

    Raises
    ------
    InputError
        With one reason for every server, if none gives the file, or if the folder cannot be written.
    """
    target, part = folder / file.name, folder / f"{file.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if target.exists():  # another process has fetched it meanwhile
                return target
            reasons = []
            for url in (mirror + file.name for mirror in mirrors):
                reason = _from_server(url, file, part, tell or (lambda text: None))
                if reason is None:
                    return part.replace(target)
                reasons.append(f"{url}: {reason}")
    except OSError as error:
        raise InputError(f"{file.name} cannot be written to {folder}: {error}.") from error
    raise InputError(
        f"{file.name} ({file.size_bytes:,} bytes, MD5 {file.md5}) could not be downloaded. If this machine is offline, "
        f"fetch it on another one from an address below and put it into {folder}. What has arrived is kept.",
        reasons,
    )


def _from_server(url: str, file: Published, part: Path, tell: Tell) -> str | None:
    """Complete `part` from one server; the reason if that fails."""
    reason = ""
    for _ in range(ATTEMPTS):
        held = _size(part)
        if held < file.size_bytes:
            reason = _receive(url, file, part, tell) or f"the transfer ended after {_size(part):,} bytes"
        if _size(part) < file.size_bytes:
            if _size(part) <= held:
                break
            continue
        wrong = _difference(file, part)
        if wrong is None:
            return None
        part.unlink()
        reason = wrong
        if not held:  # all of it came from this server, so asking again gives the same
            break
    return reason


def _receive(url: str, file: Published, part: Path, tell: Tell) -> str | None:
    """Append what the server has beyond `part`; the reason if it broke."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    held = _size(part)
    request = Request(url, headers={"Range": f"bytes={held}-"} if held else {})
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            held = _start(answer, held, file.size_bytes)
            with part.open("ab" if held else "wb") as out:
                while held < file.size_bytes and (block := answer.read(min(CHUNK_BYTES, file.size_bytes - held))):
                    out.write(block)
                    before, held = held, held + len(block)
                    if 10 * held // file.size_bytes > 10 * before // file.size_bytes:
                        tell(f"{file.name}: {held / file.size_bytes:.0%} of {file.size_bytes / 1e6:.1f} MB")
    except HTTPError as error:
        return f"the server answers {error}"
    except URLError as error:
        return str(error.reason)
    except (OSError, HTTPException, _Refused) as error:
        return f"{error or type(error).__name__}"
    return None


def _start(answer: Any, held: int, size: int) -> int:
    """At which byte of the file the answer starts: where we are, or at 0 if the server does not know Range."""
    if answer.status == 206:
        given = answer.headers.get("Content-Range", "")
        if not given.startswith(f"bytes {held}-"):
            raise _Refused(f"asked for the bytes from {held}, the server gives {given!r}")
    else:
        held = 0
    length = answer.headers.get("Content-Length")
    if length is not None and length != str(size - held):
        raise _Refused(f"the server's file has {length} bytes from byte {held} on, published are {size - held}")
    return held


def _difference(file: Published, part: Path) -> str | None:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with part.open("rb") as content:
        while block := content.read(CHUNK_BYTES):
            md5.update(block)
            sha256.update(block)
    if (_size(part), md5.hexdigest(), sha256.hexdigest()) == (file.size_bytes, file.md5, file.sha256):
        return None
    return f"what arrived has MD5 {md5.hexdigest()}, published is {file.md5}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process downloads into `folder`; the lock ends with its process."""
    with (folder / ".lock").open("a") as lock:
        # Neither Windows nor every network drive has such locks; the checksum still tells if two transfers mixed.
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
