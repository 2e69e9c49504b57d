"""The downloader against a real HTTP server: resuming, broken transfers, wrong files, other servers, interruption."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikewright.models.errors import InputError
from spikewright.toolchain.data import download as downloading
from spikewright.toolchain.data.download import download
from spikewright.toolchain.data.known import Published

CONTENT = np.random.default_rng(0).integers(0, 256, 1_000_000, np.uint8).tobytes()
FILE = Published("images.gz", len(CONTENT), hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest())


class _Handler(BaseHTTPRequestHandler):
    """The first part of the path says how this server behaves."""

    def do_GET(self) -> None:
        kind, given = self.path.split("/")[1], self.headers.get("Range")
        self.server.asked.append((kind, given))  # type: ignore[attr-defined]
        if kind == "missing":
            return self.send_error(404)
        content = {"wrong": bytes(len(CONTENT)), "short": CONTENT[:1000]}.get(kind, CONTENT)
        start = int(given.removeprefix("bytes=").rstrip("-")) if given and kind != "norange" else 0
        self.send_response(206 if start else 200)
        if start:
            said = start + (kind == "lie")
            self.send_header("Content-Range", f"bytes {said}-{len(content) - 1}/{len(content)}")
        if kind != "nolength":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = start + (len(content) - start) // 2 if kind in ("cut", "nolength") else len(content)
        self.wfile.write(content[start:end])
        return None

    def log_message(self, *words: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as running:
        running.asked = []  # type: ignore[attr-defined]
        running.url = f"http://127.0.0.1:{running.server_port}"  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def _mirrors(server: Any, *kinds: str) -> list[str]:
    return [f"{server.url}/{kind}/" for kind in kinds]


def _part(folder: Path, content: bytes) -> None:
    (folder / f"{FILE.name}.part").write_bytes(content)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".lock"}


def test_a_file_arrives_whole_with_progress(server: Any, tmp_path: Path) -> None:
    told: list[str] = []
    path = download(FILE, _mirrors(server, "good"), tmp_path / "new" / "folder", told.append)
    assert path.read_bytes() == CONTENT
    assert _names(path.parent) == {FILE.name}
    assert told[-1] == "images.gz: 100% of 1.0 MB"
    assert download(FILE, _mirrors(server, "missing"), path.parent) == path
    assert server.asked == [("good", None)]


def test_a_part_is_resumed(server: Any, tmp_path: Path) -> None:
    _part(tmp_path, CONTENT[:300_000])
    assert download(FILE, _mirrors(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.asked == [("good", "bytes=300000-")]


def test_a_whole_part_is_only_checked(server: Any, tmp_path: Path) -> None:
    _part(tmp_path, CONTENT)
    assert download(FILE, _mirrors(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.asked == []


def test_a_server_without_range_starts_over(server: Any, tmp_path: Path) -> None:
    _part(tmp_path, b"x" * 300_000)
    assert download(FILE, _mirrors(server, "norange"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["cut", "nolength"])
def test_broken_transfers_go_on_here_and_on_the_next_server(server: Any, tmp_path: Path, kind: str) -> None:
    assert download(FILE, _mirrors(server, kind, "good"), tmp_path).read_bytes() == CONTENT
    starts = [given for _, given in server.asked]
    # Every transfer brings half of what is missing, so the fifth starts at 15/16.
    assert starts == [None, "bytes=500000-", "bytes=750000-", "bytes=875000-", "bytes=937500-", "bytes=968750-"]
    assert [asked for asked, _ in server.asked] == [kind] * downloading.ATTEMPTS + ["good"]


def test_a_broken_transfer_is_kept(server: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is kept") as error:
        download(FILE, _mirrors(server, "cut"), tmp_path)
    assert "the transfer ended after 968,750 bytes" in str(error.value)
    assert (tmp_path / f"{FILE.name}.part").read_bytes() == CONTENT[:968_750]


def test_a_damaged_part_is_thrown_away(server: Any, tmp_path: Path) -> None:
    _part(tmp_path, b"x" * 300_000)
    assert download(FILE, _mirrors(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.asked == [("good", "bytes=300000-"), ("good", None)]


def test_a_part_longer_than_the_file_is_thrown_away(server: Any, tmp_path: Path) -> None:
    _part(tmp_path, CONTENT + b"more")
    assert download(FILE, _mirrors(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.asked == [("good", None)]


def test_the_first_server_that_has_the_file_is_taken(server: Any, tmp_path: Path) -> None:
    kinds = ["missing", "short", "wrong", "good"]
    assert download(FILE, _mirrors(server, *kinds), tmp_path).read_bytes() == CONTENT
    assert [kind for kind, _ in server.asked] == kinds


def test_every_reason_is_told(server: Any, tmp_path: Path) -> None:
    _part(tmp_path, CONTENT[:10])
    with pytest.raises(InputError) as error:
        download(FILE, _mirrors(server, "missing", "lie", "short", "wrong"), tmp_path)
    missing, lie, short, wrong = error.value.violations
    assert missing == f"{server.url}/missing/images.gz: the server answers HTTP Error 404: Not Found"
    assert "asked for the bytes from 10, the server gives 'bytes 11-" in lie
    assert "has 990 bytes from byte 10 on, published are 999990" in short
    assert f"published is {FILE.md5}" in wrong
    assert FILE.md5 in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert _names(tmp_path) == set()


def test_offline_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/"
    with pytest.raises(InputError, match="put it into") as error:
        download(FILE, [url], tmp_path)
    assert "refused" in error.value.violations[0]


def test_an_interruption_keeps_what_has_arrived(server: Any, tmp_path: Path) -> None:
    def interrupt(text: str) -> None:
        if "5" in text.split("%")[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(FILE, _mirrors(server, "good"), tmp_path, interrupt)
    kept = (tmp_path / f"{FILE.name}.part").read_bytes()
    assert 500_000 <= len(kept) < len(CONTENT)
    assert kept == CONTENT[: len(kept)]
    assert download(FILE, _mirrors(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == ("good", f"bytes={len(kept)}-")


def test_two_at_once_download_once(server: Any, tmp_path: Path) -> None:
    threads = [threading.Thread(target=download, args=(FILE, _mirrors(server, "good"), tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / FILE.name).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_a_folder_that_cannot_be_made(server: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        download(FILE, _mirrors(server, "good"), tmp_path / "file")
