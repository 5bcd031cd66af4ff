import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from f2p_deploy.system.downloads import Published, download_published
from f2p_deploy.system.errors import F2PError

pytest.importorskip("pooch")

CONTENT = b"a published file"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a file on a server of this machine; a download that failed is tried again at once."""
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file.bin").write_bytes(CONTENT)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file.bin"
        server.shutdown()


def published(address: str, content: bytes = CONTENT) -> Published:
    return Published("test file", address, hashlib.sha256(content).hexdigest(), "name it")


def test_a_file_is_downloaded_once_with_its_progress(address: str, tmp_path: Path) -> None:
    steps: list[tuple[str, float, float]] = []
    path = download_published(published(address), tmp_path / "out.bin", progress=lambda *step: steps.append(step))
    assert path.read_bytes() == CONTENT and steps[-1] == ("test file", len(CONTENT), len(CONTENT))
    assert download_published(published("http://127.0.0.1:1/nothing"), path) == path, "it is there and right"


def test_another_content_and_no_answer_are_sentences(address: str, tmp_path: Path) -> None:
    with pytest.raises(F2PError, match="is not the published test file"):
        download_published(published(address, b"another"), tmp_path / "out.bin")
    with pytest.raises(F2PError, match="cannot download the test file .* download it on another machine and name it"):
        download_published(published(address + "x"), tmp_path / "out.bin")
    assert not (tmp_path / "out.bin").exists()
