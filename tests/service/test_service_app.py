"""The HTTP interface: answers, refusals, tokens, hosts, keys, overload, callers that leave."""

import asyncio
import base64
import concurrent.futures
import io
import json
import logging
import time

import httpx
import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameter_files import from_json, to_json
from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.service.service_app import create_app
from f2p_deploy.service.tokens import read_tokens

PHOTO = {"photo": ("me.jpg", b"anything")}


def post(address: str, data=None, files=PHOTO, **keywords) -> httpx.Response:
    return httpx.post(f"{address}/v1/characters", data=data, files=files, timeout=30, **keywords)


def test_a_photo_becomes_a_character_with_its_picture(demo_service: str, portrait: bytes) -> None:
    answer = post(demo_service, {"mode": "hybrid", "picture": "true"}, {"photo": ("a.png", portrait)})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    schema = load_schema("makehuman")
    parameters = from_json(found["parameters"], schema)
    assert found["mode"] == "hybrid" and found["losses"][1] < found["losses"][0]
    assert found["engine_units"] == pytest.approx(parameters.in_engine_units())
    assert found["face"]["finder"] == "networks" and found["read"]
    assert found["id"] == answer.headers["x-request-id"]
    assert set(found["seconds"]) == {"upload", "align", "generate", "draw"}
    drawn = httpx.post(f"{demo_service}/v1/render", json=found["parameters"], timeout=30)
    assert drawn.headers["content-type"] == "image/png"
    assert drawn.content == base64.b64decode(found["picture"])
    assert Image.open(io.BytesIO(drawn.content)).size == (256, 256)


def test_locked_values_are_kept(demo_service: str, portrait: bytes) -> None:
    schema = load_schema("makehuman")
    name = schema.controllers[0].name
    kept = average(schema).with_values({name: 0.125}).lock(name)
    found = post(demo_service, {"keep": json.dumps(to_json(kept))}, {"photo": ("a.png", portrait)}).json()
    assert found["parameters"]["controllers"][name] == 0.125 and found["parameters"]["locked"] == [name]
    as_file = {"photo": ("a.png", portrait), "keep": ("parameters.json", json.dumps(to_json(kept)))}
    assert post(demo_service, {}, as_file).json()["parameters"] == found["parameters"]
    again = post(demo_service, {}, {"photo": ("a.png", portrait)}).json()
    assert again["parameters"]["controllers"][name] != 0.125 and again["parameters"]["locked"] == []


def test_every_caller_gets_its_own_answer(demo_service: str, portrait: bytes) -> None:
    def photo(angle: int) -> bytes:
        stream = io.BytesIO()
        Image.open(io.BytesIO(portrait)).rotate(angle, fillcolor=(angle * 9, 90, 90)).save(stream, "PNG")
        return stream.getvalue()

    def values(content: bytes) -> list[float]:
        answer = post(demo_service, {"mode": "hybrid"}, {"photo": ("a.png", content)})
        return list(answer.json()["parameters"]["controllers"].values())

    photos = [photo(angle) for angle in (0, 4, 8, 12)]
    alone = [values(content) for content in photos]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        together = list(pool.map(values, photos * 3))
    assert together == alone * 3
    assert len({tuple(each) for each in alone}) == 4


def test_what_is_served_is_described(demo_service: str) -> None:
    found = httpx.get(f"{demo_service}/v1/schema").json()
    assert found["bundle"] == "demo" and found["modes"] == ["auto", "one-shot", "iterative", "hybrid"]
    assert found["schema"]["name"] == "makehuman" and found["image_size"] == 256 and found["draws"]


def test_measurements_count_what_was_answered(demo_service: str, portrait: bytes) -> None:
    post(demo_service, {"mode": "one-shot"}, {"photo": ("a.png", portrait)})
    post(demo_service, {"mode": "one-shot"}, {"photo": ("a.png", b"no picture")})
    text = httpx.get(f"{demo_service}/metrics").text
    for part in (
        'f2p_requests_total{code="",route="/v1/characters",status="200"}',
        'f2p_failures_total{code="unreadable"}',
        'f2p_batch_size_bucket{le="1.0",mode="one-shot"}',
        'f2p_stage_seconds_count{stage="align"}',
        "f2p_queue 0.0",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("data", "photo", "status", "code", "sentence"),
    [
        ({}, b"no picture", 422, "unreadable", "photo: this is not a picture"),
        ({}, "grey", 422, "no-face", "no face"),
        ({}, "tiny", 422, "too-small", "8x8 pixels are too few"),
        ({"mode": "best"}, b"x", 422, "invalid-request", "mode is one of auto, one-shot, iterative, hybrid"),
        ({"picture": "yes"}, b"x", 422, "invalid-request", "picture is true or false"),
        ({"keep": "{"}, b"x", 422, "invalid-request", "keep is not JSON"),
        ({"keep": "[]"}, b"x", 422, "invalid-request", "keep: "),
        ({"size": "3"}, b"x", 422, "invalid-request", "no field named 'size'"),
        ({}, b"", 422, "unreadable", "photo: the file is empty"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(demo_service: str, data, photo, status, code, sentence) -> None:
    if isinstance(photo, str):
        stream = io.BytesIO()
        Image.fromarray(np.full((96, 96, 3) if photo == "grey" else (8, 8, 3), 99, np.uint8)).save(stream, "PNG")
        photo = stream.getvalue()
    answer = post(demo_service, data, {"photo": ("secret-name.png", photo)})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert sentence in problem["detail"] and "secret" not in answer.text


def test_unknown_addresses_and_methods_are_problems_too(serve_timed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "f2p_deploy")
    with serve_timed() as address:
        nothing = httpx.get(f"{address}/v2/characters")
        assert nothing.status_code == 404 and nothing.json()["code"] == "not-found"
        method = httpx.delete(f"{address}/v1/characters")
        assert method.status_code == 405 and method.json()["code"] == "method-not-allowed"
        assert method.headers["allow"] == "POST"
        for path, headers in (("/v1/characters/", {}), ("//v1/schema", {}), ("/x", {"host": "["})):
            answer = httpx.get(f"{address}{path}", headers=headers)
            assert answer.status_code == 404 and answer.json()["code"] == "not-found"
            facts = [getattr(record, "facts", {}) for record in caplog.records]
            (logged,) = [one for one in facts if one.get("id") == answer.json()["id"]]
            assert (logged["route"], logged["code"]) == ("other", "not-found")
            assert answer.headers["x-request-id"] == logged["id"]
        without = httpx.post(f"{address}/v1/characters", files={"mode": (None, "auto")})
        assert "needs the field 'photo'" in without.json()["detail"]


def test_a_character_that_cannot_be_drawn_is_one_sentence(serve_timed) -> None:
    with serve_timed() as address:
        for content, kind, status, code in (
            (b"{", "application/json", 422, "invalid-request"),
            (b"{}", "application/json", 422, "invalid-request"),
            (b"{}", "text/plain", 415, "media-type"),
            (b" " * (2**20 + 1), "application/json", 413, "too-large"),
        ):
            answer = httpx.post(f"{address}/v1/render", content=content, headers={"content-type": kind})
            assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_limits_are_kept(serve_timed, timed) -> None:
    with serve_timed(upload_bytes=1000, align_seconds=0.2, generate_seconds=0.2) as address:
        for size in (1001, 3 * 2**20):
            large = post(address, files={"photo": ("a.jpg", bytes(size))})
            assert (large.status_code, large.json()["code"]) == (413, "too-large")
        timed.seconds = 5.0
        late = post(address)
        assert (late.status_code, late.json()["code"]) == (504, "timeout") and timed.cancelled == 1
        timed.aligning = 5.0
        assert post(address).status_code == 504


def test_a_bug_is_logged_and_not_told(serve_timed, caplog: pytest.LogCaptureFixture) -> None:
    with serve_timed() as address:
        answer = post(address, files={"photo": ("a.jpg", b"bug")})
    assert answer.status_code == 500 and answer.json()["code"] == "internal" and "secret" not in answer.text
    assert any(record.exc_info and "secret" in str(record.exc_info[1]) for record in caplog.records)


def test_beyond_the_queue_requests_are_refused_at_once(serve_timed, timed) -> None:
    timed.seconds = 1.0
    with serve_timed(queue=2) as address, concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(address), range(6)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, 200, 429, 429, 429, 429]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "busy" and int(refused.headers["retry-after"]) >= 1
        assert "f2p_queue 0.0" in httpx.get(f"{address}/metrics").text
        assert post(address).status_code == 200


def test_the_same_key_gives_the_same_answer(serve_timed, timed) -> None:
    key = {"idempotency-key": "purchase-17"}
    timed.seconds = 0.2
    with serve_timed() as address:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            one, two = pool.map(lambda _: post(address, headers=key), range(2))
        assert one.content == two.content and timed.begun == 1
        assert {one.headers.get("idempotent-replay"), two.headers.get("idempotent-replay")} == {None, "true"}
        other = post(address, {"mode": "one-shot"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "key-reused")
        for bad in ("x" * 201, "a\tb", "a b", "é"):
            assert post(address, headers={"idempotency-key": bad.encode()}).json()["code"] == "invalid-request"


def test_a_caller_that_leaves_is_not_computed_for(serve_timed, timed) -> None:
    timed.seconds = 30.0
    with serve_timed(queue=1) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/v1/characters", files=PHOTO, timeout=0.3)
        for _ in range(100):
            if timed.cancelled:
                break
            time.sleep(0.02)
        timed.seconds = 0.0
        assert timed.cancelled == 1 and post(address).status_code == 200


def test_a_load_balancer_may_ask_with_head(serve_timed) -> None:
    with serve_timed() as address:
        for path in ("/healthz", "/readyz"):
            answer = httpx.head(f"{address}{path}")
            assert answer.status_code == 200 and answer.content == b""


def test_tokens_are_asked_for_where_they_are_set(serve_timed, tmp_path) -> None:
    file = tmp_path / "tokens"
    file.write_text("0123456789abcdef\n")
    with serve_timed(read_tokens(file)) as address:
        for path in ("/v1/schema", "/metrics"):
            refused = httpx.get(f"{address}{path}")
            assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
        assert post(address).json()["code"] == "unauthorized"
        good = {"authorization": "Bearer 0123456789abcdef"}
        assert post(address, headers=good).status_code == 200
        assert httpx.get(f"{address}/v1/schema", headers=good | {"host": "game.example"}).status_code == 200
        assert httpx.get(f"{address}/healthz").status_code == httpx.get(f"{address}/readyz").status_code == 200
        document = httpx.get(f"{address}/openapi.json").json()
        assert document["security"] == [{"bearer": []}]


def test_without_tokens_other_sites_do_not_reach_it(serve_timed) -> None:
    with serve_timed() as address:
        for headers in ({"host": "game.example"}, {"host": "127.0.0.1.nip.io"}, {"sec-fetch-site": "cross-site"}):
            refused = httpx.get(f"{address}/v1/schema", headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "foreign-host")
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
            assert httpx.get(f"{address}/v1/schema", headers={"host": host}).status_code == 200


def test_a_slow_sender_is_refused_and_holds_no_other(serve_timed) -> None:
    def slowly():
        yield b"--b\r\n"
        time.sleep(1.5)
        yield b"x"

    with serve_timed(upload_seconds=0.4) as address:
        kind = {"content-type": "multipart/form-data; boundary=b"}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(httpx.post, f"{address}/v1/characters", content=slowly(), headers=kind, timeout=10)
            assert post(address).status_code == 200
            answer = slow.result()
        assert (answer.status_code, answer.json()["code"]) == (408, "upload-timeout")


def test_readiness_fails_while_it_loads_and_when_it_ends(timed, serve) -> None:
    app = create_app(timed)
    with serve(app) as address:
        app.state.api.admission.ready = False
        assert httpx.get(f"{address}/healthz").status_code == 200
        waiting = httpx.get(f"{address}/readyz")
        assert (waiting.status_code, waiting.json()["code"]) == (503, "not-ready") and "retry-after" in waiting.headers
        assert post(address).json()["code"] == "not-ready"
        app.state.api.admission.ready, app.state.api.admission.ending = True, True
        assert httpx.get(f"{address}/readyz").json()["code"] == "ending"
        assert post(address).status_code == 200


def test_without_tokens_another_machine_is_refused_whatever_name_it_asks_for(timed) -> None:
    async def ask(host: str) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(timed), client=(host, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/healthz")

    assert asyncio.run(ask("127.0.0.1")).status_code == 200
    refused = asyncio.run(ask("203.0.113.9"))
    assert refused.status_code == 403 and refused.json()["code"] == "foreign-host"
