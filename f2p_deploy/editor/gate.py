"""The gate of the editor's server: it lets in only the page that this command opened, on this machine.

A page of another site cannot reach the server: its requests carry another `Origin` or `Sec-Fetch-Site`, no cookie, and
after rebinding a name to 127.0.0.1 another `Host`.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from f2p_deploy.editor.plain_errors import plain_error
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import json_text

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Headers of every answer, besides the policy.
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)

#: Sent for the token. The page itself goes on, not a redirect: then the cookie, which other sites' links do not carry,
#: is also sent if the address was clicked on another site, such as a terminal in the browser.
GO_ON = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    b'<link rel="icon" href="/icon.svg"><title>Character editor</title><a href="/">Open the editor</a></html>'
)

_USED = (
    "this address does not open the editor, or was used before: it opens it once, in one browser; "
    "start f2p-deploy edit again"
)


class Gate:
    """An ASGI application in front of another: checks every request, and adds the headers of every answer.

    Args:
        app: the application behind it.
        port: of the server.
        policy: the Content-Security-Policy.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], port: int, policy: str) -> None:
        self._app = app
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._cookie_name = f"f2p-edit-{port}"
        self._headers = [(b"content-security-policy", policy.encode()), *HEADERS]
        self._token: str | None = secrets.token_urlsafe(24)
        self._secret = secrets.token_urlsafe(32)
        self.address = f"http://{self._hosts[0]}/?token={self._token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        reason = self._why_not(scope, headers)
        if reason:
            await _refuse(scope["path"], reason, send_with_headers)
        elif scope["path"] == "/" and (given := parse_qs(scope["query_string"].decode("latin-1")).get("token")):
            await self._exchange(given[0], headers, send_with_headers)
        elif not self._knows(headers):
            await _refuse(scope["path"], _USED, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _why_not(self, scope: Scope, headers: dict[bytes, str]) -> str:
        """Return why a request comes from somewhere else; empty if it does not."""
        if sum(name.lower() == b"host" for name, _ in scope["headers"]) != 1 or headers[b"host"] not in self._hosts:
            return f"this server answers at {self._hosts[0]} only"
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site", "none")
        opens_page = scope["path"] == "/" and headers.get(b"sec-fetch-mode") == "navigate"
        if origin is not None and origin != f"http://{headers[b'host']}":
            return "this server answers its own page only"
        if site not in ("same-origin", "none") and not opens_page:
            return "this server answers its own page only"
        return ""

    async def _exchange(self, given: str, headers: dict[bytes, str], send: Send) -> None:
        """Answer the address with the token: it gives the cookie once."""
        token = self._token
        if token is not None and secrets.compare_digest(given.encode(), token.encode()):
            self._token = None
            cookie = f"{self._cookie_name}={self._secret}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(send, 200, GO_ON, b"text/html; charset=utf-8", [(b"set-cookie", cookie.encode())])
        elif self._knows(headers):
            await _answer(send, 200, GO_ON, b"text/html; charset=utf-8")
        else:
            await _refuse("/", _USED, send)

    def _knows(self, headers: dict[bytes, str]) -> bool:
        # Other servers on this machine share the cookies, and not all write them as a parser of the standard wants.
        pairs = (pair.strip().partition("=") for pair in headers.get(b"cookie", "").split(";"))
        given = [value for name, _, value in pairs if name == self._cookie_name]
        return len(given) == 1 and secrets.compare_digest(given[0].encode(), self._secret.encode())


async def _refuse(path: str, reason: str, send: Send) -> None:
    if path.startswith("/api/"):
        content = json_text({"error": plain_error(InputError(reason))}).encode()
        await _answer(send, 403, content, b"application/json")
    else:
        await _answer(send, 403, f"{reason}\n".encode(), b"text/plain; charset=utf-8")


async def _answer(
    send: Send, status: int, content: bytes, media_type: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    length = str(len(content)).encode()
    all_headers = [(b"content-type", media_type), (b"content-length", length), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": content})
