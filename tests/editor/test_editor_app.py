"""The HTTP interface, over real sockets: what a page asks for, what is refused, and the order of draws."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameter_files import read_parameters
from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.edit_start import EditStart
from f2p_deploy.editor.editor_app import MOST_BYTES
from f2p_deploy.editor.workbench import MOST_PHOTO_BYTES
from f2p_deploy.runtimes import Runtime, graph_calls
from f2p_deploy.system.errors import InputError

pytest.importorskip("starlette")

Serve = Callable[..., Any]


def test_the_page_and_its_kind(serve: Serve) -> None:
    client = serve()
    page = client.get("/")
    assert page.status == 200 and b"<script" in page.content and page.headers["content-type"].startswith("text/html")
    assert client.get("/backend.json").json == {"kind": "server"}
    for path in ("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/assets/", "/assets/none.js", "//etc/passwd"):
        assert client.get(path).status == 404
    assert client.get("/api/none").json["error"]["kind"] == "invalid-input"
    assert client.post("/api/session").status in (404, 405)


def test_a_page_waits_while_networks_are_loaded(serve: Serve, demo_runtime: Runtime) -> None:
    session = EditSession(EditStart())
    client = serve(session=session)
    Timer(0.3, session.load, (demo_runtime, None)).start()
    assert client.get("/api/session").json["bundle"] == "demo"
    failed = EditSession(EditStart())
    Timer(0.3, failed.fail, (InputError("no such bundle"),)).start()
    assert serve(session=failed).get("/api/session").json["error"]["message"] == "no such bundle"


def test_a_photo_becomes_a_character_and_a_picture(serve: Serve, demo_runtime: Runtime, photo: Path) -> None:
    client, schema = serve(), demo_runtime.schema
    assert client.get("/api/dropped").status == 400 and serve(photo).get("/api/dropped").content == photo.read_bytes()
    opened = client.post("/api/photo?name=anna%20%C3%A9.png", photo.read_bytes()).json
    name = opened.pop("id")
    assert opened == {"faces": 1, "warnings": [], "suits": "hybrid"} and len(name) == 16
    face = client.get(f"/api/face/{name}")
    assert (face.headers["x-width"], face.headers["x-height"], len(face.content)) == ("256", "256", 3 * 256 * 256)
    keep = {"values": average(schema).values.tolist(), "locked": ["nose.width"]}
    lines = client.post("/api/make", {"photo": name, "mode": "hybrid", "keep": keep}).lines
    assert [line["progress"]["done"] for line in lines[:-1]] == list(range(1, 31))
    made = lines[-1]["result"]
    parameters = Parameters(schema, np.array(made["values"], np.float32))
    assert parameters["nose.width"] == average(schema)["nose.width"] and len(made["probabilities"]) == schema.n
    drawn = client.post("/api/draw", parameters.values.astype("<f4").tobytes())
    assert drawn.content == graph_calls.render(demo_runtime, parameters).tobytes()


def test_errors_are_the_sentences_of_the_command_line(serve: Serve, demo_runtime: Runtime) -> None:
    client = serve()
    text = client.post("/api/photo?name=text.jpg", b"text")
    assert text.status == 400 and text.json["error"] == {
        "kind": "unreadable", "code": "unreadable", "values": {},
        "message": "text.jpg: this is not a picture in a supported format",
    }
    short = client.post("/api/draw", b"123")
    size = 4 * demo_runtime.schema.n
    assert short.status == 400 and short.json["error"]["message"].endswith(f"= {size} bytes, found 3")
    nan = np.full(demo_runtime.schema.n, np.nan, "<f4").tobytes()
    assert "must lie in [0, 1], found nan" in client.post("/api/draw", nan).json["error"]["message"]
    (line,) = client.post("/api/make", {"photo": "7", "mode": "hybrid"}).lines
    assert "no longer in memory" in line["error"]["message"]
    assert client.post("/api/engine", np.zeros(demo_runtime.schema.n, "<f4").tobytes()).status == 400


@pytest.mark.parametrize("path", ["make", "kept", "save"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"kept": 1, "photo": 2}', b"[" * 100_000, b"\xff"])
def test_what_is_no_request_is_refused(serve: Serve, run_folder: Path, path: str, body: bytes) -> None:
    answer = serve(run_folder).post(f"/api/{path}", body)
    assert answer.status == 400 and answer.json["error"]["kind"] == "invalid-input"
    assert not (run_folder / "review.json").exists()


@pytest.mark.parametrize(("path", "most"), [("photo", MOST_PHOTO_BYTES), ("draw", MOST_BYTES), ("save", MOST_BYTES)])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(serve: Serve, path: str, most: int) -> None:
    client = serve()
    connection = client.connect()
    connection.putrequest("POST", f"/api/{path}")
    connection.putheader("Cookie", client.cookie)
    connection.putheader("Content-Length", str(most + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and f"at most {most // 2**20} MB" in answer.read().decode()


def test_a_chunked_body_is_bounded_too(serve: Serve) -> None:
    client = serve()
    parts = iter([b"0" * 65536] * (MOST_BYTES // 65536 + 2))
    answer = client.send(client.connect(), "POST", "/api/draw", parts)
    assert answer.status == 413


def test_a_review_of_a_folder(serve: Serve, run_folder: Path, demo_runtime: Runtime) -> None:
    client, schema = serve(run_folder), demo_runtime.schema
    assert client.get("/api/sheet").json[1] == {"name": "ben & co", "state": "open", "photo": False}
    entry = client.get("/api/entry/ben%20%26%20co").json
    thumbnail = client.get("/api/thumbnail/ben%20%26%20co")
    assert thumbnail.headers["x-width"] == "192" and len(thumbnail.content) == 3 * 192 * 192
    assert "no face of 'ben & co'" in client.get("/api/entry-face/ben%20%26%20co").json["error"]["message"]
    Image.fromarray(np.full((256, 256, 3), 90, np.uint8)).save(run_folder / "anna" / "aligned.png")
    assert len(client.get("/api/entry-face/anna").content) == 3 * 192 * 192
    assert client.post("/api/kept", {"name": "anna", "kept": True}).json == {}
    path = run_folder / "ben & co" / "parameters.json"
    edited = average(schema).with_values({"nose.width": 0.9}).lock("nose.width")
    asked = {"entry": "ben & co", "version": entry["version"], "locked": ["nose.width"]}
    asked["values"] = edited.values.tolist()
    assert client.post("/api/save", asked).json["path"] == str(path)
    assert read_parameters(path, schema) == edited
    assert [one["state"] for one in client.get("/api/sheet").json] == ["kept", "changed"]
    changed = client.post("/api/save", asked)
    assert changed.status == 409 and changed.json["error"]["code"] == "changedOnDisk"
    assert client.post("/api/save", asked | {"overwrite": True}).status == 200
    for name in ("..", "%2e%2e%2fout%2fanna", "..%2Fanna", "anna%2F..%2Fanna", "none"):
        assert client.get(f"/api/entry/{name}").status in (400, 404)
        assert client.get(f"/api/thumbnail/{name}").status in (400, 404)


def test_closing_the_connection_stops_a_search(
    serve: Serve, open_session: Callable[..., EditSession], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session()
    client = serve(session=session)
    stopped = Event()

    def make(photo: str, mode: str, keep: object, on_step: Callable[[Any], None], stop: Event) -> None:
        on_step({"done": 1})
        if stop.wait(20):
            stopped.set()

    monkeypatch.setattr(session.bench, "make", make)
    connection = client.connect()
    answer = client.send(connection, "POST", "/api/make", {"photo": "1", "mode": "hybrid"})
    assert answer.readline() == b'{"progress": {"done": 1}}\n'
    answer.close()
    connection.close()
    assert stopped.wait(20)


def test_draws_are_answered_in_order_and_what_was_given_up_is_not_drawn(
    serve: Serve, open_session: Callable[..., EditSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session()
    client, release, drawn = serve(session=session), Event(), []

    def draw(parameters: Parameters) -> np.ndarray:
        assert release.wait(20)
        drawn.append(round(float(parameters.values[0]), 1))
        return np.zeros((2, 2, 3), np.uint8)

    monkeypatch.setattr(session.bench, "draw", draw)
    connections = []
    for first in (0.1, 0.2, 0.3, 0.4):
        values = average(session.bench.runtime.schema).values.astype("<f4")
        values[0] = first
        connection = client.connect()
        connection.request("POST", "/api/draw", values.tobytes(), {"Cookie": client.cookie})
        connections.append(connection)
        time.sleep(0.1)  # in this order
    connections.pop(2).close()
    time.sleep(0.1)
    release.set()
    assert [connection.getresponse().status for connection in connections] == [200, 200, 200]
    assert drawn == [0.1, 0.2, 0.4]
