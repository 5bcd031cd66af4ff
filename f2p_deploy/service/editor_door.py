"""The editor's page at `/` of the service, for its own users: `f2p-deploy serve --edit`."""

import logging
import secrets
from collections.abc import Collection
from urllib.parse import parse_qs

from fastapi import FastAPI

from f2p_deploy.alignment import LandmarkFinder
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.edit_start import EditStart
from f2p_deploy.editor.editor_app import editor_app
from f2p_deploy.editor.gate import GO_ON, HEADERS, Receive, Scope, Send
from f2p_deploy.editor.page_files import policy_of, read_page
from f2p_deploy.editor.photo_shelf import PhotoShelf
from f2p_deploy.editor.presence import PagePresence
from f2p_deploy.editor.workbench import AcceptedPhotos
from f2p_deploy.runtimes import Runtime
from f2p_deploy.service.admission import Admission
from f2p_deploy.service.json_log import Stopwatch
from f2p_deploy.service.refusals import Refusal
from f2p_deploy.service.service_app import CharacterApi, problem
from f2p_deploy.service.tokens import is_loopback, knows

#: Faces of photos that all pages together remember.
MOST_PHOTOS = 256

#: Most browsers that have come in with a token and are remembered; the oldest has to open the address again.
MOST_BROWSERS = 4096

COOKIE = "f2p-serve"

#: Addresses that belong to the service itself.
_OWN = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json")

#: What of the editor's interface computes, and so takes a place in the queue.
_COUNTED = ("/api/photo", "/api/make", "/api/draw")

#: What measurements and the log call everything else of it.
_PAGE = "editor"


class EditorDoor:
    """An ASGI application: the service, and beside it the editor's page with its own interface below `/api/`.

    With tokens, `/?token=TOKEN` opens the page: the token is exchanged for a cookie, and nothing else lets a browser
    in. Without, the page is open at loopback names. A request that another site's page has sent is refused. Pages save
    nothing on the server; photos are remembered by random ids, the last 256 of all pages.

    Args:
        service: see `create_app`.
        tokens: hashes of the tokens; None for none.

    Raises:
        MissingDependency: the page was not built.
    """

    def __init__(self, service: FastAPI, tokens: Collection[bytes] | None) -> None:
        page = read_page()
        self.state = service.state
        limits = service.state.api.limits
        self.session = EditSession(EditStart(), AcceptedPhotos(limits.upload_bytes, limits.photo_pixels, sent=True))
        self._service = service
        self._tokens = tokens
        self._browsers: dict[str, None] = {}
        self._editor = editor_app(self.session, PagePresence(lambda: None, ended=self._ends), page)
        self._headers = [(b"content-security-policy", policy_of(page).encode()), *HEADERS]

    @property
    def _api(self) -> CharacterApi:
        api: CharacterApi = self._service.state.api
        return api

    @property
    def _admission(self) -> Admission:
        return self._api.admission

    def _ends(self) -> bool:
        return self._admission.ending

    def load(self, runtime: Runtime, finder: LandmarkFinder) -> None:
        """Hand over the networks, once they are loaded."""
        self.session.load(runtime, None)
        self.session.bench.photos = PhotoShelf(MOST_PHOTOS)
        self.session.finder.set_result(finder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http" or scope["path"].startswith(_OWN):
            await self._service(scope, receive, send)
            return

        watch, status, code, request_id = Stopwatch(), 0, "", secrets.token_hex(16)
        counted = scope["method"] == "POST" and scope["path"] in _COUNTED

        async def send_with_headers(message: Scope) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            cookie = self._enter(scope, headers)
            if cookie:
                await _page(send_with_headers, cookie)
            elif counted:
                with self._admission.accepted():
                    await self._editor(scope, receive, send_with_headers)
            else:
                await self._editor(scope, receive, send_with_headers)
        except Refusal as refusal:
            code = refusal.code
            await problem(refusal, request_id)(scope, receive, send_with_headers)
        if counted or code:
            route = scope["path"] if counted else _PAGE
            answer = (status, code) if status else (499, "gone")
            self._api.note(request_id, scope["method"], route, answer, watch.total, logging.INFO)

    def _enter(self, scope: Scope, headers: dict[bytes, str]) -> str:
        """Return the cookie for a request with a token, or "" to pass the request on.

        Raises:
            Refusal: it may not come in.
        """
        host, site = headers.get(b"host", ""), headers.get(b"sec-fetch-site", "none")
        opens_page = scope["path"] == "/" and headers.get(b"sec-fetch-mode") == "navigate"
        origin = headers.get(b"origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refusal("foreign-host", "the editor answers its own page only")
        if site not in ("same-origin", "none") and not opens_page:
            raise Refusal("foreign-host", "the editor answers its own page only")
        if self._tokens is None:
            if not is_loopback(host if host.endswith("]") else host.rsplit(":", 1)[0]):
                raise Refusal("foreign-host", "without tokens this service answers this machine only")
            return ""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and given and knows(f"Bearer {given}", self._tokens):
            cookie = secrets.token_urlsafe(32)
            self._browsers[cookie] = None
            while len(self._browsers) > MOST_BROWSERS:
                del self._browsers[next(iter(self._browsers))]
            return cookie
        pairs = (pair.strip().partition("=") for pair in headers.get(b"cookie", "").split(";"))
        if not any(name == COOKIE and value in self._browsers for name, _, value in pairs):
            raise Refusal("unauthorized", "open the editor with one of the service's tokens: /?token=TOKEN")
        return ""


async def _page(send: Send, cookie: str) -> None:
    """Answer the address with the token: it gives the cookie and goes on to the page."""
    words = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict".encode()
    length = str(len(GO_ON)).encode()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", length), (b"set-cookie", words)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": GO_ON})
