"""Conversations with the service that no honest caller has: damaged forms, lies about lengths, half a request."""

import json
import random
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

from hostile_photos import FORMATS, bombs, damaged, heic, polyglot, sound
from mutations import damage_bytes
from PIL import Image

#: A status for a connection that was closed without an answer.
CLOSED = 0

_HOST = b"Host: 127.0.0.1\r\n"
_BOUNDARY = b"f2pf2p"


class Talk(NamedTuple):
    """What is sent, and what may be answered.

    Args:
        kind: what is hostile about it.
        parts: bytes to send, or seconds to wait.
        end: after sending, `wait` for the answer, `half` close and wait, or `leave`.
        allowed: statuses of the answers, `CLOSED` among them if there may be none.
    """

    kind: str
    parts: tuple[bytes | float, ...]
    end: str
    allowed: frozenset[int]


class Heard(NamedTuple):
    """What the service did: statuses, seconds, and what is wrong with that; empty if nothing is."""

    statuses: tuple[int, ...]
    seconds: float
    wrong: str


def talk(seed: int, pictures: Sequence[Image.Image]) -> Talk:
    """Return the conversation of a seed; half of them send a photo, a quarter a form, a quarter is HTTP."""
    choice = random.Random(seed)
    kind = choice.choices((_photo, _form, _http), (2, 1, 1))[0]
    return kind(choice, pictures)


def _photo(choice: random.Random, pictures: Sequence[Image.Image]) -> Talk:
    form = choice.choice(FORMATS) if choice.random() < 0.9 else "HEIC"
    picture = choice.choices(pictures, (1, 3, 1))[0]
    content = (heic(picture.resize((80, 64))) if form == "HEIC" else None) or sound(
        form if form != "HEIC" else "JPEG", picture, choice
    )
    kind = choice.choices(("sound", "damaged", "polyglot", "bomb", "noise"), (2, 10, 2, 4, 1))[0]
    if kind == "damaged":
        content = damaged(content, choice)
    elif kind == "polyglot":
        content = polyglot([content, sound("GIF", picture, choice), sound("JPEG", picture, choice)], choice)
    elif kind == "bomb":
        content = bombs(choice)
    elif kind == "noise":
        content = choice.randbytes(choice.choice((0, 1, 100, 100_000)))
    fields = ((b"mode", b"one-shot"),) if choice.random() < 0.5 else ()
    body = _form_of(content, *fields)
    allowed = {413, 422} if kind in ("bomb", "noise") else {200, 413, 422}
    return Talk(f"photo, {kind}", (_post(body), body), "wait", frozenset(allowed))


def _form(choice: random.Random, pictures: Sequence[Image.Image]) -> Talk:
    photo = sound("JPEG", pictures[1], choice)
    kind = choice.randrange(12)
    extra = b""
    body = _form_of(photo, (b"mode", b"one-shot"))
    content_type = b"multipart/form-data; boundary=" + _BOUNDARY
    if kind == 0:
        content_type = choice.choice(_odd_types(content_type))
    elif kind == 1:
        body = body.replace(b"name=", choice.choice((b"nome=", b"name*=utf-8''", b"name", b"name=\"")), 1)
    elif kind == 2:
        body = body.replace(b"\r\n\r\n", b"\r\n" + b"X-A: b\r\n" * choice.choice((3, 50, 20_000)) + b"\r\n", 1)
    elif kind == 3:
        body = body.replace(b"\r\n\r\n", b"\r\nX: " + b"a" * choice.choice((5000, 2_000_000)) + b"\r\n\r\n", 1)
    elif kind == 4:
        body = _form_of(body, (b"mode", b"one-shot"))  # a form in a form
    elif kind == 5:
        body = _form_of(photo, *[(b"mode", b"auto")] * choice.choice((2, 17, 5000)))
    elif kind == 6:
        body = _form_of(photo, *[(b"f%d" % i, b"") for i in range(choice.choice((1, 17, 5000)))])
    elif kind == 7:
        body = b"".join(_part(b"photo", photo, b"a.jpg") for _ in range(choice.choice((2, 300)))) + _LAST
    elif kind == 8:
        odd = (b"{", b"[" * 100_000, b"\xff", b"null", b'{"a":' * 9999, b"1" * 6000, b'"\\ud800"', b"NaN", b"x" * 2**19)
        body = _form_of(photo, (b"keep", choice.choice(odd)))
    elif kind == 9:
        name = choice.choice((b"mode", b"picture", b"keep", b"", b"\xff", b"photo"))
        body = _form_of(photo, (name, choice.choice((b"", b"\0", b"maybe", b"\xff", b"x" * 10_000))))
    elif kind == 10:
        odd_keys = (b"", b"a" * 201, b"\xff", b"a\tb", b"a b", b"k")
        extra = b"Idempotency-Key: " + choice.choice(odd_keys) + b"\r\n"
    else:
        body = damage_bytes(body, choice)
    return Talk("form", (_post(body, content_type, extra), body), "wait", frozenset({200, 409, 413, 415, 422}))


def _odd_types(sound_type: bytes) -> tuple[bytes, ...]:
    form = b"multipart/form-data"
    return (
        *(form, form + b"; boundary=", form + b'; boundary="', form + b"; boundary=" + b"b" * 3000),
        *(b"multipart/mixed; boundary=" + _BOUNDARY, b"text/plain", b"application/json", b"", b"\xff/\xff"),
        *(sound_type + b"; charset=utf-16", sound_type * 3),
    )


def _http(choice: random.Random, pictures: Sequence[Image.Image]) -> Talk:
    body = _form_of(sound("JPEG", pictures[1], choice), (b"mode", b"one-shot"))
    get = b"GET /healthz HTTP/1.1\r\n" + _HOST
    end = b"Connection: close\r\n\r\n"
    chunked = b"POST /v1/characters HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n" + _TYPE + end
    post = b"POST /v1/characters HTTP/1.1\r\n" + _HOST + _TYPE
    kind = choice.randrange(10)
    bad = frozenset({CLOSED, 400})
    if kind == 0:
        size = choice.choice((b"zz", b"-1", b"f" * 16, b"f" * 40, b"5\r\nabcdefgh", b"", b"0x5"))
        return Talk("chunks", (chunked, size + b"\r\nabc\r\n0\r\n\r\n"), "half", bad | {413, 422})
    if kind == 1:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 99]), body[i : i + 99]) for i in range(0, len(body), 99))
        return Talk("chunks", (chunked, chunks, 0.05, b"0\r\n\r\n"), "wait", frozenset({422}))
    if kind == 2:
        lengths = (b"-1", b"+5", b"5, 6", b"0x5", b"9" * 5000, b"99999999999", b"1e3", b"", b"5\r\nContent-Length: 6")
        head = post + b"Content-Length: " + choice.choice(lengths) + b"\r\n" + end
        return Talk("length", (head, b"abcdef"), choice.choice(("half", "leave")), bad | {413, 422})
    if kind == 3:
        lie = choice.choice((-20, -1, 1, 500))
        head = post + b"Content-Length: %d\r\n" % (len(body) + lie) + end
        return Talk("length", (head, body), choice.choice(("half", "leave")), bad | {413, 422})
    if kind == 4:
        both = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"
        return Talk("length", (post + both + end, b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"), "half", bad | {404, 413, 422})
    if kind == 5:
        heads = [get + b"\r\n"] * choice.choice((2, 30)) + choice.choice(([], [b"\0\1\2\r\n\r\n"], [get[:9]]))
        return Talk("pipelined", (b"".join(heads),), choice.choice(("half", "leave")), frozenset({CLOSED, 200, 400}))
    if kind == 6:
        pause = choice.choice((0.0, 0.1, 0.3))
        whole = _post(body) + body
        cut = choice.randrange(1, len(whole))
        return Talk("cut", (whole[:cut], pause), choice.choice(("half", "leave")), bad | {422})
    if kind == 7:
        slow = [piece for i in range(0, 60, 6) for piece in ((_post(body) + body)[i : i + 6], 0.02)]
        return Talk("slow", (*slow, (_post(body) + body)[60:]), "wait", frozenset({422}))
    if kind == 8:
        heads = (
            get.replace(_HOST, b"") + end, get + _HOST + end, get + b"A: \0\r\n" + end, get + b"A: \x01\r\n" + end,
            get + b"X: " + b"a" * 100_000 + b"\r\n" + end, get + b"X: a\r\n" * 10_000 + end, get + b" folded\r\n" + end,
            get + b"\xff: \xff\r\n" + end, get + b"Host\r\n" + end, get.replace(b"127.0.0.1", b"[") + end,
            get.replace(b"127.0.0.1", b"evil.example") + end, get + b"Expect: 100-continue\r\n" + end,
            get + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", get + b"Upgrade: h2c\r\n" + end,
            get + b"Range: bytes=0-\r\n" + end, get + b"Accept: text/x-nothing\r\n" + end,
        )  # fmt: skip
        return Talk("head", (choice.choice(heads),), "half", frozenset({CLOSED, 200, 400, 403}))
    lines = (
        b"GET /", b"GET / HTTP/0.9", b"GET / HTTP/9.9", b"PRI * HTTP/2.0", b"get / HTTP/1.1", b"OPTIONS * HTTP/1.1",
        b"GET http://other/healthz HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /%ff%00 HTTP/1.1",
        b"GET /../../etc/passwd HTTP/1.1", b"GET //healthz HTTP/1.1", b"TRACE / HTTP/1.1", b"G" * 70_000,
        b"GET /" + b"a" * 60_000 + b" HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 500,
        b"DELETE /v1/characters HTTP/1.1", b"POST /healthz HTTP/1.1", b"HEAD /healthz HTTP/1.1",
        b"GET /v1/schema?a=%00&b=" + b"c" * 9000 + b" HTTP/1.1", b"GET /healthz#x HTTP/1.1", choice.randbytes(300),
    )  # fmt: skip
    line = choice.choice(lines) + b"\r\n" + _HOST + end
    return Talk("line", (line,), "half", frozenset({CLOSED, 200, 400, 404, 405}))


_TYPE = b"Content-Type: multipart/form-data; boundary=" + _BOUNDARY + b"\r\n"
_LAST = b"--" + _BOUNDARY + b"--\r\n"


def _part(name: bytes, content: bytes, file: bytes | None = None) -> bytes:
    named = b'; filename="' + file + b'"' if file is not None else b""
    head = b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n' % (_BOUNDARY, name, named)
    return head + content + b"\r\n"


def _form_of(photo: bytes, *fields: tuple[bytes, bytes]) -> bytes:
    return b"".join(_part(name, value) for name, value in fields) + _part(b"photo", photo, b"a.jpg") + _LAST


def _post(body: bytes, content_type: bytes = _TYPE[14:-2], extra: bytes = b"") -> bytes:
    head = b"POST /v1/characters HTTP/1.1\r\n" + _HOST + b"Content-Type: " + content_type + b"\r\n" + extra
    return head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)


def hold(said: Talk, port: int, patience: float = 60.0) -> Heard:
    """Have a conversation with the service on a port of this machine; it may take `patience` seconds."""
    began = time.monotonic()
    came = b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        try:
            for part in said.parts:
                if isinstance(part, float):
                    time.sleep(part)
                else:
                    connection.sendall(part)
            if said.end == "leave":
                return Heard((), time.monotonic() - began, "")
            if said.end == "half":
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the service has closed it; what it said first is still to be read
        try:
            while part := connection.recv(65_536):
                came += part
        except TimeoutError:
            return Heard((), patience, f"no end after {patience:g} s; {came[:200]!r}")
        except OSError:
            pass
    return Heard(*_judge(came, said, time.monotonic() - began))


def _judge(came: bytes, said: Talk, seconds: float) -> tuple[tuple[int, ...], float, str]:
    statuses, wrong = [], ""
    while came.startswith(b"HTTP/1.1 "):
        head, _, came = came.partition(b"\r\n\r\n")
        status = int(head[9:12])
        headers = {line.split(b":")[0].lower(): line.split(b":", 1)[1].strip() for line in head.split(b"\r\n")[1:]}
        length = int(headers.get(b"content-length", b"0"))
        body, came = (came, b"") if b"content-length" not in headers else (came[:length], came[length:])
        if status == 100:
            continue
        statuses.append(status)
        if headers.get(b"content-type", b"").startswith(b"application/problem+json"):
            if b"HEAD " not in b"".join(part for part in said.parts if isinstance(part, bytes))[:5]:
                problem = json.loads(body)
                wrong = wrong or ("" if problem["status"] == status else f"another status in the problem: {body!r}")
        elif status not in (200, 400, 503):
            wrong = f"{status} without a problem: {head[:200]!r}"
    found = set(statuses) or {CLOSED}
    if came:
        wrong = f"not HTTP: {came[:200]!r}"
    elif not wrong and not found <= said.allowed:
        wrong = f"answered {sorted(found)}, allowed {sorted(said.allowed)}"
    return tuple(statuses), seconds, wrong
