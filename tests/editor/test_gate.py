"""The gate: who is let in, with harmless requests."""

import asyncio
from typing import Any

import pytest

from f2p_deploy.editor.gate import Gate
from f2p_deploy.editor.page_files import read_page

HOST = "127.0.0.1:8000"


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(gate: Gate, path: str = "/api/sheet", query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and the content of an answer; `host` is right unless given."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    given = {"host": HOST, **headers}
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in given.items() if value]
    scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": pairs}
    asyncio.run(gate(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, sent[1]["body"]


@pytest.fixture
def gate() -> Gate:
    return Gate(inside, 8000, "default-src 'none'")


def enter(gate: Gate) -> str:
    """Exchange the token; return the cookie."""
    status, headers, content = ask(gate, "/", gate.address.partition("?")[2])
    assert status == 200 and b'content="0;url=/"' in content
    assert b'rel="icon" href="/icon.svg"' in content and "icon.svg" in read_page(), "browsers ask for /favicon.ico else"
    return headers["set-cookie"].partition(";")[0]


def test_the_token_gives_a_cookie_once(gate: Gate) -> None:
    query = gate.address.partition("?")[2]
    status, headers, _ = ask(gate, "/", query)
    assert gate.address.startswith("http://127.0.0.1:8000/?token=") and len(query) > 30
    assert status == 200 and headers["set-cookie"].startswith("f2p-edit-8000=")
    assert headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
    status, headers, content = ask(gate, "/", query)
    assert status == 403 and "set-cookie" not in headers and b"was used before" in content


def test_a_wrong_token_gives_nothing_and_leaves_the_right_one(gate: Gate) -> None:
    for query in ("token=", "token=x", "token=%ff", "token=" + "a" * 32):
        assert ask(gate, "/", query)[0] == 403
    assert ask(gate, "/api/sheet", gate.address.partition("?")[2])[0] == 403
    cookie = enter(gate)
    assert ask(gate, "/", "token=x", cookie=cookie)[0] == 200  # a reload of the address in the same browser


@pytest.mark.parametrize("path", ["/", "/backend.json", "/api/session", "/assets/index.js", "/api/alive"])
def test_everything_needs_the_cookie(gate: Gate, path: str) -> None:
    cookie = enter(gate)
    name = cookie.partition("=")[0]
    for wrong in ("", f"{name}=", f"{name}=wrong", f"other{cookie}", f"{name}=\xe9"):
        assert ask(gate, path, cookie=wrong)[0] == 403
    assert ask(gate, path, cookie=cookie)[2] == b"inside"
    for others in ("a=b", 'a={"b": [1, 2]}', "a", "=", "a=\xe9"):
        assert ask(gate, path, cookie=f"{others}; {cookie}; {others}")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": ""},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8001"},
        {"host": "example.org:8000"},
        {"host": "127.0.0.1.example.org:8000"},
        {"origin": "http://example.org"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": "http://localhost:8000"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "navigate"},
    ],
)
def test_other_hosts_and_other_pages_are_refused_even_with_the_cookie(gate: Gate, headers: dict[str, str]) -> None:
    status, answered, content = ask(gate, cookie=enter(gate), **headers)
    assert status == 403 and b'"kind": "invalid-input"' in content
    assert not any(name.startswith("access-control") for name in answered)


def test_its_own_page_is_answered_at_both_names(gate: Gate) -> None:
    cookie = enter(gate)
    for host in (HOST, "localhost:8000"):
        own = {"host": host, "origin": f"http://{host}", "sec_fetch_site": "same-origin"}
        assert ask(gate, cookie=cookie, **own)[0] == 200


def test_the_address_may_be_clicked_on_another_page(gate: Gate) -> None:
    query = gate.address.partition("?")[2]
    assert ask(gate, "/", query, sec_fetch_site="cross-site", sec_fetch_mode="cors")[0] == 403
    assert ask(gate, "/", query, sec_fetch_site="cross-site", sec_fetch_mode="navigate")[0] == 200


@pytest.mark.parametrize("allowed", [True, False])
def test_every_answer_has_the_headers(gate: Gate, allowed: bool) -> None:
    headers = ask(gate, cookie=enter(gate) if allowed else "")[1]
    assert headers["content-security-policy"] == "default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp" and headers["cache-control"] == "no-store"


def test_two_servers_have_different_secrets() -> None:
    first, second = Gate(inside, 8000, ""), Gate(inside, 8000, "")
    assert first.address != second.address and enter(first) != enter(second)
