"""`edit`: its address, its end, and what it refuses in one sentence."""

import http.client
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.system.extras import EXTRAS

#: The demo bundle's artifact, and neither a browser nor the search for an engine.
QUICK = ("--no-browser", "--runtime", "onnxruntime", "--offline", "--threads", "1")

#: A grey photo.
PNG = io.BytesIO()
Image.new("RGB", (100, 100)).save(PNG, "PNG")


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start the command in another process."""
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    started: list[subprocess.Popen[str]] = []

    def begin(*words: object, code: str = "") -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", f"{code}\nfrom f2p_deploy.cli import main; main()", "edit", *map(str, words)]
        environment = {**os.environ, "NO_COLOR": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        started.append(process)
        return process

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield begin
    signal.signal(signal.SIGINT, before)
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(address: str, path: str, body: Any = None, cookie: str = "") -> http.client.HTTPResponse:
    at = urlsplit(address)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=30)
    connection.request("GET" if body is None else "POST", path, body, {"Cookie": cookie} if cookie else {})
    return connection.getresponse()


def enter(address: str) -> str:
    """Exchange the address for the cookie."""
    answer = ask(address, f"/?{urlsplit(address).query}")
    answer.read()
    return answer.headers["set-cookie"].split(";")[0]


def test_a_character_is_edited_saved_and_the_page_closed(start: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    write_parameters(path, average(load_schema("makehuman")))
    process = start(path, *QUICK)
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    cookie = enter(address)
    session = json.loads(ask(address, "/api/session", cookie=cookie).read())
    opened = session["start"]
    asked = {"entry": None, "version": opened["version"], **opened["parameters"], "locked": ["nose.width"]}
    assert ask(address, "/api/save", json.dumps(asked), cookie).status == 200
    page = ask(address, "/api/alive", cookie=cookie)
    assert page.readline() == b"data: alive\n"
    page.close()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "") and f"saved: {path}\n" in err
    assert json.loads(path.read_text())["locked"] == ["nose.width"]


def test_without_the_extra_faces_photos_are_read(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("F2P_FACE_LANDMARKER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = "from f2p_deploy.system.extras import EXTRAS; EXTRAS['faces'] = ('no_such_module',)"
    process = start("--no-browser", "--runtime", "onnxruntime", "--stay", code=code)
    address = process.stdout.readline().strip()
    cookie = enter(address)
    values = average(load_schema("makehuman")).values.astype("<f4").tobytes()
    assert ask(address, "/api/draw", values, cookie).status == 200
    refused = json.loads(ask(address, "/api/photo?name=a.png", PNG.getvalue(), cookie).read())["error"]
    assert refused["kind"] == "no-face", "the built-in finder needs no extra"


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_ends_it_at_once(start: Callable[..., Any]) -> None:
    process = start(*QUICK, "--json", "--stay")
    printed = "".join(iter(process.stdout.readline, "}\n")) + "}"
    address = json.loads(printed)["address"]
    cookie = enter(address)
    ask(address, "/api/session", cookie=cookie).read()
    assert ask(address, "/api/alive", cookie=cookie).readline() == b"data: alive\n"
    stopped = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "") and err.endswith("error: stopped\n") and "Traceback" not in err
    assert time.monotonic() - stopped < 10


def test_what_cannot_be_opened_is_one_sentence(f2p: Callable, tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    (tmp_path / "text.jpg").write_text("text")
    (tmp_path / "empty").mkdir()
    write_parameters(tmp_path / "girl.json", average(load_schema("justice-girl")))
    (tmp_path / "cut.json").write_text('{"format"')
    for name, sentence in (
        ("none.jpg", "there is no file or folder"),
        ("text.jpg", "text.jpg: this is not a picture in a supported format"),
        ("empty", "holds no characters: name an output folder of f2p-deploy run"),
        ("girl.json", "'schema' must be 'makehuman', found 'justice-girl'"),
        ("cut.json", "damaged or truncated JSON"),
    ):
        ran = f2p("edit", tmp_path / name, *QUICK)
        assert ran.code == 2 and sentence in ran.err and ran.err.count("error: ") == 1, ran.err
        assert not ran.out, "no address of a page that will not come"
    ran = f2p("edit", *QUICK, "--port", 70000)
    assert ran.code == 2 and "--port" in ran.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--artifact", "none"), "none is not an artifact: there is no such folder"),
        (("--bundle", "none"), "none is not a bundle"),
        (("--engine-at", "127.0.0.1:9"), "the address of an engine begins with tcp://: tcp://127.0.0.1:9"),
        (("--engine-at", "tcp://127.0.0.1:1"), "no engine listens at tcp://127.0.0.1:1: start it first"),
        (("--assets", "none"), "assets in none lack"),
        (("--landmarker", "none"), "--offline means the built-in finder"),
        (("--landmarks", "none.json"), "--offline means the built-in finder"),
    ],
    ids=lambda given: given[0].strip("-") + "-" + given[1] if isinstance(given, tuple) else "",
)
def test_what_is_named_is_checked_before_the_address_is_printed(
    f2p: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, str], sentence: str
) -> None:
    pytest.importorskip("starlette")
    monkeypatch.chdir(tmp_path)
    ran = f2p("edit", *QUICK, *words)
    assert ran.code in (2, 3) and sentence in ran.err and ran.err.count("\n") == 1, ran.err
    assert not ran.out


def test_without_the_extra_the_line_that_installs_it(f2p: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "edit", ("no_such_module",))
    ran = f2p("edit", "--json")
    assert ran.code == 3 and "the editor needs no_such_module, not installed here" in ran.json["error"]
