import functools
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from f2p_deploy.alignment import download_landmarker, find_landmarker_model
from f2p_deploy.alignment.landmarker_model import LANDMARKER_VARIABLE
from f2p_deploy.system.errors import F2PError, InputError


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(LANDMARKER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "f2p-deploy"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{http_server.server_port}/face_landmarker.task"
        http_server.shutdown()


def test_nobody_named_one_and_the_cache_is_empty() -> None:
    assert find_landmarker_model() is None


def test_the_argument_goes_before_the_variable_and_that_before_the_cache(
    tmp_path: Path, landmarker: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_cache.mkdir(parents=True)
    cached = empty_cache / "face_landmarker.task"
    cached.write_bytes(landmarker.read_bytes())
    assert find_landmarker_model() == cached
    by_variable = tmp_path / "v.task"
    by_variable.write_bytes(landmarker.read_bytes())
    monkeypatch.setenv(LANDMARKER_VARIABLE, str(by_variable))
    assert find_landmarker_model() == by_variable
    assert find_landmarker_model(landmarker) == landmarker


def test_a_changed_file_in_the_cache_is_refused(empty_cache: Path) -> None:
    empty_cache.mkdir(parents=True)
    (empty_cache / "face_landmarker.task").write_bytes(b"something else")
    with pytest.raises(InputError, match="delete"):
        find_landmarker_model()


def test_another_model_is_taken_if_named_and_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = tmp_path / "own.task"
    with zipfile.ZipFile(other, "w") as task:
        task.writestr("face_landmarks_detector.tflite", b"own weights")
    assert find_landmarker_model(other) == find_landmarker_model(other) == other
    assert caplog.text.count("not the published") == 1


def test_what_is_no_task_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "text.task"
    text.write_text("no model")
    with pytest.raises(InputError, match="--landmarker.*not a MediaPipe task file"):
        find_landmarker_model(text)
    with zipfile.ZipFile(tmp_path / "hand.task", "w") as task:
        task.writestr("hand_detector.tflite", b"")
    with pytest.raises(InputError, match="hand_detector"):
        find_landmarker_model(tmp_path / "hand.task")
    monkeypatch.setenv(LANDMARKER_VARIABLE, str(tmp_path / "gone.task"))
    with pytest.raises(InputError, match=f"{LANDMARKER_VARIABLE}.*not a file"):
        find_landmarker_model()


def test_the_download_is_checked_and_kept(server: tuple[Path, str], landmarker: Path, empty_cache: Path) -> None:
    folder, url = server
    (folder / "face_landmarker.task").write_bytes(landmarker.read_bytes())
    assert download_landmarker(url) == empty_cache / "face_landmarker.task"
    assert [path.name for path in empty_cache.iterdir()] == ["face_landmarker.task"]
    assert find_landmarker_model() == empty_cache / "face_landmarker.task"


def test_a_wrong_download_leaves_nothing_behind(server: tuple[Path, str], empty_cache: Path) -> None:
    folder, url = server
    (folder / "face_landmarker.task").write_bytes(b"<html>please log in</html>")
    with pytest.raises(F2PError, match="nothing was kept"):
        download_landmarker(url)
    assert not empty_cache.exists() or not list(empty_cache.iterdir())


def test_no_answer_is_one_sentence(server: tuple[Path, str], empty_cache: Path) -> None:
    with pytest.raises(F2PError, match="cannot download") as caught:
        download_landmarker(server[1])
    assert "404" in str(caught.value) and "\n" not in str(caught.value)
    assert not list(empty_cache.iterdir())


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1/a.task", "Connection refused"),
        ("no address", "the address is invalid"),
        ("https://no-such-host.invalid/a.task", "Name|resolution|known"),
    ],
)
def test_why_there_is_no_answer_is_said_in_our_words(url: str, sentence: str, empty_cache: Path) -> None:
    with pytest.raises(F2PError, match=sentence) as caught:
        download_landmarker(url, timeout=5.0)
    assert "urlopen" not in str(caught.value) and "--landmarker" in str(caught.value)


def test_a_server_s_status_is_told_and_not_its_words(server: tuple[Path, str], empty_cache: Path) -> None:
    with pytest.raises(F2PError, match=r"the server answered with status 404\. Without a connection") as caught:
        download_landmarker(server[1])
    assert "Not Found" not in str(caught.value) and "HTTP Error" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_named(server: tuple[Path, str], landmarker: Path, tmp_path: Path) -> None:
    folder, url = server
    (folder / "face_landmarker.task").write_bytes(landmarker.read_bytes())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot write .*file/out.task: .*"):
        download_landmarker(url, tmp_path / "file" / "out.task")
    assert (tmp_path / "file").is_file()


def test_progress_counts_bytes(server: tuple[Path, str], landmarker: Path, tmp_path: Path) -> None:
    folder, url = server
    (folder / "face_landmarker.task").write_bytes(landmarker.read_bytes())
    steps: list[tuple[float, float]] = []
    download_landmarker(url, tmp_path / "out.task", progress=lambda doing, done, total: steps.append((done, total)))
    size = landmarker.stat().st_size
    assert steps[-1][0] >= size and {total for _, total in steps} == {size}
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_file_that_is_there_and_right_is_kept(server: tuple[Path, str], landmarker: Path, tmp_path: Path) -> None:
    (tmp_path / "out.task").write_bytes(landmarker.read_bytes())
    assert download_landmarker(server[1], tmp_path / "out.task") == tmp_path / "out.task", "the server has none"


def test_a_server_that_fails_once_is_asked_again(
    landmarker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Failing(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(503 if len(asked) == 1 else 200)
            self.end_headers()
            if len(asked) > 1:
                self.wfile.write(landmarker.read_bytes())

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        download_landmarker(f"http://127.0.0.1:{http_server.server_port}/x", tmp_path / "out.task")
        http_server.shutdown()
    assert len(asked) == 2 and (tmp_path / "out.task").read_bytes() == landmarker.read_bytes()
