"""The editor's page beside the service: who comes in, what it computes, how it ends."""

import io
import logging
from pathlib import Path

import httpx
import pytest
from PIL import Image

from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.runtimes import load
from f2p_deploy.service.editor_door import EditorDoor
from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.service_app import create_app
from f2p_deploy.service.tokens import read_tokens

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"
TOKEN = "0123456789abcdef"


@pytest.fixture
def door(timed, tmp_path: Path):
    """Makes a door with the demo bundle's networks behind the page."""

    def make(secured: bool = False, **limits) -> EditorDoor:
        file = tmp_path / "tokens"
        file.write_text(f"{TOKEN}\n")
        tokens = read_tokens(file) if secured else None
        made = EditorDoor(create_app(timed, ServiceLimits(**limits), tokens=tokens), tokens)
        made.load(load(read_artifact(DEMO), "onnxruntime", threads=1), NetworkFinder())
        return made

    return make


def test_the_page_and_the_service_answer_side_by_side(door, serve, portrait: bytes) -> None:
    with serve(door()) as address, httpx.Client(base_url=address, timeout=60) as client:
        page = client.get("/")
        assert page.status_code == 200 and "<title>" in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert client.get("/backend.json").json() == {"kind": "server"}
        session = client.get("/api/session").json()
        assert session["saves"] is False and session["start"] == {} and session["engine"] is None
        photo = client.post("/api/photo?name=a.png", content=portrait).json()
        assert len(client.get(f"/api/face/{photo['id']}").content) == 3 * 256 * 256
        lines = client.post("/api/make", json={"photo": photo["id"], "mode": "one-shot", "keep": None}).text
        assert '"result"' in lines
        assert client.post("/api/save", json={"version": "", "values": []}).status_code == 400
        assert client.get("/v1/schema").status_code == 200


def test_a_token_opens_it_once_for_a_browser(door, serve) -> None:
    with serve(door(secured=True)) as address:
        for path in ("/", "/api/session", "/?token=fedcba9876543210", "/index.html"):
            refused = httpx.get(f"{address}{path}")
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        with httpx.Client(base_url=address) as browser:
            entered = browser.get(f"/?token={TOKEN}")
            assert entered.status_code == 200 and "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
            assert TOKEN not in entered.text + entered.headers["set-cookie"]
            assert browser.get("/").status_code == browser.get("/api/session").status_code == 200
            assert browser.get("/v1/schema").status_code == 401  # the cookie opens the editor, not the service
        forged = httpx.get(f"{address}/", headers={"cookie": "f2p-serve=guess"})
        assert forged.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://game.example"}, {"sec-fetch-site": "cross-site"}, {"host": "game.example"}],
)
def test_other_sites_do_not_reach_it(door, serve, headers: dict[str, str]) -> None:
    with serve(door()) as address:
        refused = httpx.post(f"{address}/api/draw", headers=headers, content=b"")
        assert (refused.status_code, refused.json()["code"]) == (403, "foreign-host")


def test_its_work_takes_a_place_in_the_queue(door, serve) -> None:
    made = door(queue=1)
    with serve(made) as address, made._admission.accepted():
        refused = httpx.post(f"{address}/api/draw", content=b"")
        assert (refused.status_code, refused.json()["code"]) == (429, "busy")
        assert httpx.get(f"{address}/").status_code == 200


def test_its_photos_keep_the_limits_of_the_service(door, serve, portrait: bytes) -> None:
    bitmap, large = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (64, 64)).save(bitmap, "PPM")
    Image.new("L", (400, 400)).save(large, "PNG")
    with serve(door(upload_bytes=len(portrait) - 1, photo_pixels=100_000)) as address:
        for content, status, sentence in (
            (portrait, 413, "a request has at most"),
            (large.getvalue(), 400, "400x400 pixels are"),
            (bitmap.getvalue(), 400, "this is not a picture in a supported format"),
        ):
            refused = httpx.post(f"{address}/api/photo?name=a", content=content, timeout=30)
            assert refused.status_code == status and sentence in refused.json()["error"]["message"]


def test_its_work_and_its_refusals_are_measured_and_logged(door, serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "f2p_deploy")
    with serve(door(secured=True)) as address:
        refused = httpx.get(f"{address}/")
        with httpx.Client(base_url=address) as browser:
            browser.get(f"/?token={TOKEN}")
            browser.post("/api/photo?name=a.png", content=b"no picture")
        text = httpx.get(f"{address}/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text
    facts = [getattr(record, "facts", {}) for record in caplog.records]
    logged = [one for one in facts if one.get("route") in ("editor", "/api/photo")]
    assert [(one["route"], one["code"]) for one in logged] == [("editor", "unauthorized"), ("/api/photo", "")]
    assert logged[0]["id"] == refused.json()["id"] == refused.headers["x-request-id"]
    assert 'f2p_requests_total{code="unauthorized",route="editor",status="401"} 1.0' in text
    assert 'route="/api/photo"' in text and TOKEN not in str(logged)


def test_open_pages_do_not_hold_the_end_up(door, serve) -> None:
    made = door()
    with serve(made) as address, httpx.stream("GET", f"{address}/api/alive", timeout=10) as stream:
        chunks = stream.iter_text()
        assert "alive" in next(chunks)
        made._admission.ending = True
        assert list(chunks) == []
