"""Bodies: limits, damaged forms, and nothing on the disk."""

import asyncio
import tempfile

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.requests import Request

from f2p_deploy.service.refusals import Refusal
from f2p_deploy.service.uploads import FIELD_BYTES, discard_body, parse_form, read_body

#: A form whose part has no name.
NAMELESS = b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"


def encoded(data=None, files=None) -> tuple[bytes, Headers]:
    request = httpx.Request("POST", "http://x", data=data, files=files)
    return request.read(), Headers(dict(request.headers))


def parsed(body: bytes, headers: Headers):
    return asyncio.run(parse_form(body, headers, "photo"))


def request_of(*parts: bytes, headers=(), pause: float = 0.0) -> Request:
    left = list(parts)

    async def receive():
        await asyncio.sleep(pause)
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)


def test_a_form_gives_its_file_and_its_fields() -> None:
    form = parsed(*encoded({"mode": "hybrid"}, {"photo": ("a.jpg", b"\xff\xd8")}))
    assert form.file == b"\xff\xd8" and form.fields == {"mode": "hybrid"}
    other = parsed(*encoded({"mode": "hybrid"}, {"photo": ("b.jpg", b"\xff\xd8")}))
    changed = parsed(*encoded({"mode": "hybri", "d": ""}, {"photo": ("b.jpg", b"\xff\xd8")}))
    assert form.digest_text() == other.digest_text() != changed.digest_text()


def test_a_large_photo_is_not_written_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments, **keywords):
        raise AssertionError("a file was opened")

    body = encoded(files={"photo": ("a.jpg", bytes(5 * 2**20))})
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert len(parsed(*body).file) == 5 * 2**20


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{}", "application/json", "media-type"),
        (b"", "multipart/form-data", "invalid-request"),
        (b"xx", "multipart/form-data; boundary=b", "invalid-request"),
        (NAMELESS, "multipart/form-data; boundary=b", "invalid-request"),
    ],
)
def test_damaged_forms_are_refused(body: bytes, kind: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        parsed(body, Headers({"content-type": kind}))
    assert refused.value.code == code


def test_files_and_fields_have_their_places() -> None:
    for data, files, sentence in (
        ({}, {"other": ("a", b"x")}, "'other' takes no file"),
        ({"mode": ["a", "b"]}, {"photo": ("a", b"x")}, "'mode' is given twice"),
        ({}, [("photo", ("a", b"x")), ("photo", ("a", b"y"))], "Too many files"),
        ({"mode": b"\xff"}, {"photo": ("a", b"x")}, "'mode' is not UTF-8"),
        ({str(i): "x" for i in range(20)}, {"photo": ("a", b"x")}, "Too many fields"),
    ):
        with pytest.raises(Refusal, match=sentence):
            parsed(*encoded(data, files))


def test_some_fields_may_come_as_files() -> None:
    body = encoded(files={"photo": ("a", b"x"), "keep": ("parameters.json", "{é}".encode())})
    assert asyncio.run(parse_form(*body, "photo", ("keep",))).fields == {"keep": "{é}"}
    for content, code in ((b"\xff", "invalid-request"), (bytes(FIELD_BYTES + 1), "too-large")):
        with pytest.raises(Refusal) as refused:
            asyncio.run(parse_form(*encoded(files={"keep": ("a", content)}), "photo", ("keep",)))
        assert refused.value.code == code


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "unicode_escape", "punycode", "latin-1", "hex", "no-such"])
def test_text_is_utf8_whatever_the_form_says(charset: str) -> None:
    content = b"\xff\xd8 +2AA- \\ud800 \x00"
    part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"photo", content) + part % (b"mode", b"+2AA- \\ud800") + b"--b--\r\n"
    form = parsed(body, Headers({"content-type": f"multipart/form-data; charset={charset}; boundary=b"}))
    assert form.file == content and form.fields == {"mode": "+2AA- \\ud800"} and form.digest_text()


def test_a_body_is_read_within_bytes_and_seconds() -> None:
    assert asyncio.run(read_body(request_of(b"ab", b"c"), 3, 5)) == b"abc"
    with pytest.raises(Refusal, match="more than 2 bytes"):
        asyncio.run(read_body(request_of(b"ab", b"c"), 2, 5))
    with pytest.raises(Refusal, match="more than 2 bytes"):
        asyncio.run(read_body(request_of(headers=[(b"content-length", b"3")]), 2, 5))
    with pytest.raises(Refusal, match="must be a number"):
        asyncio.run(read_body(request_of(headers=[(b"content-length", b"x")]), 2, 5))
    with pytest.raises(Refusal, match=r"within 0\.05 seconds"):
        asyncio.run(read_body(request_of(*[b"a"] * 99, pause=0.02), 999, 0.05))


def test_the_rest_of_a_body_is_forgotten_within_bounds() -> None:
    for parts, pause in (((b"a", b"b"), 0.0), ((b"a",) * 99, 0.0), ((b"a",) * 99, 0.1)):
        asyncio.run(discard_body(request_of(*parts, pause=pause), 10, 0.05))
