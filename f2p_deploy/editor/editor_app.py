"""The HTTP interface of the editor's server; docs/editor.md lists it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.editor.character_file import ChangedOnDisk
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.line_stream import line_stream
from f2p_deploy.editor.page_files import INDEX, PageFile
from f2p_deploy.editor.plain_errors import Stopped, plain_error
from f2p_deploy.editor.presence import PagePresence
from f2p_deploy.system.errors import F2PError, InputError

#: Largest body of a request that sends no photo, in bytes.
MOST_BYTES = 2**20

Endpoint = Callable[[Request], Awaitable[Response]]


class TooLarge(InputError):
    """A request's body has too many bytes."""


class EditorApi:
    """The endpoints below `api/`; work that blocks runs in threads.

    Args:
        session: what was opened.
        presence: counts the open pages.
    """

    def __init__(self, session: EditSession, presence: PagePresence) -> None:
        self.session = session
        self.presence = presence
        self._drawing = {by: asyncio.Lock() for by in ("imitator", "engine")}

    async def describe(self, request: Request) -> Response:
        """Send the facts that a page needs at its start, as soon as the networks are loaded."""
        return JSONResponse(await run_in_threadpool(self.session.describe))

    async def dropped(self, request: Request) -> Response:
        """Send the file of the photo that was named on the command line."""
        content = self.session.start.photo
        if content is None:
            raise InputError("no photo was opened: f2p-deploy edit PHOTO does that")
        return Response(content, media_type="application/octet-stream")

    async def photo(self, request: Request) -> Response:
        """Align the largest face of a photo; the body is the photo's file."""
        accepted = self.session.accepted
        content = await _body(request, accepted.most_bytes)
        name = request.query_params.get("name") or "photo"

        def align() -> dict[str, Any]:
            return self.session.describe_photo(self.session.bench.align_photo_file(content, name, accepted))

        return JSONResponse(await run_in_threadpool(align))

    async def face(self, request: Request) -> Response:
        """Send the aligned face of a photo as RGB."""
        face = await run_in_threadpool(lambda: self.session.bench.photos.take(request.path_params["photo"]))
        return _rgb(face.image)

    async def make(self, request: Request) -> Response:
        """Make a character from a photo: lines of JSON, progress and then the result or the error."""
        asked = await _json(request)
        photo, mode, kept = asked.get("photo"), asked.get("mode"), asked.get("keep")
        if not isinstance(photo, str) or not isinstance(mode, str):
            raise InputError("make needs a 'photo' and a 'mode'")

        def work(tell: Callable[[Any], None], stop: Event) -> dict[str, Any]:
            keep = None if kept is None else self._parameters(kept)
            made = self.session.bench.make(photo, mode, keep, tell, stop)
            return {
                "values": made.parameters.values.tolist(),
                "probabilities": made.probabilities.tolist(),
                "losses": list(made.losses),
            }

        return _lines(work)

    async def draw(self, request: Request) -> Response:
        """Draw a character with the imitator; the body is its values."""
        return await self._draw(request, "imitator", lambda drawn: self.session.bench.draw(drawn))

    async def draw_with_engine(self, request: Request) -> Response:
        """Draw a character with the engine; the body is its values."""
        return await self._draw(request, "engine", lambda drawn: self.session.bench.draw_with_engine(drawn))

    async def sheet(self, request: Request) -> Response:
        """Send the entries of the contact sheet."""
        return JSONResponse(await run_in_threadpool(lambda: self.session.sheet.entries()))

    async def entry(self, request: Request) -> Response:
        """Send the character and the photo of an entry of the contact sheet."""
        return JSONResponse(await run_in_threadpool(self.session.describe_entry, request.path_params["name"]))

    async def thumbnail(self, request: Request) -> Response:
        """Send the small picture of an entry of the contact sheet as RGB."""
        return _rgb(await run_in_threadpool(self.session.thumbnail, request.path_params["name"]))

    async def entry_face(self, request: Request) -> Response:
        """Send the aligned face of an entry of the contact sheet, small, as RGB."""
        return _rgb(await run_in_threadpool(self.session.sheet.small_face, request.path_params["name"]))

    async def kept(self, request: Request) -> Response:
        """Note that an entry is kept, or open again."""
        asked = await _json(request)
        name, kept = asked.get("name"), asked.get("kept")
        if not isinstance(name, str) or not isinstance(kept, bool):
            raise InputError("kept needs a 'name', and 'kept' true or false")
        await run_in_threadpool(self.session.sheet.set_kept, name, kept)
        return JSONResponse({})

    async def save(self, request: Request) -> Response:
        """Write a character where it came from."""
        asked = await _json(request)
        entry, version, overwrite = asked.get("entry"), asked.get("version"), asked.get("overwrite", False)
        if not isinstance(entry, str | None) or not isinstance(version, str) or not isinstance(overwrite, bool):
            raise InputError("save needs a 'version', an 'entry' or null, and 'overwrite' true or false")

        def save() -> dict[str, Any]:
            return self.session.save(entry, self._parameters(asked), version, overwrite)

        return JSONResponse(await run_in_threadpool(save))

    async def alive(self, request: Request) -> Response:
        """Send events as long as the page is open."""
        return StreamingResponse(self.presence.events(), media_type="text/event-stream")

    def _parameters(self, asked: Any) -> Parameters:
        """Return the character of plain data with `values` and `locked`."""
        values, locked = (asked.get("values"), asked.get("locked", [])) if isinstance(asked, dict) else (None, [])
        numbers = isinstance(values, list) and all(isinstance(value, int | float) for value in values)
        if not numbers or not isinstance(locked, list) or not all(isinstance(name, str) for name in locked):
            raise InputError("a character needs 'values', a list of numbers, and 'locked', a list of names")
        return Parameters(self.session.bench.runtime.schema, np.array(values, np.float32), frozenset(locked))

    async def _draw(self, request: Request, by: str, draw: Callable[[Parameters], np.ndarray]) -> Response:
        """Draw in the order of arrival; what a page has given up meanwhile is not drawn."""
        content = await _body(request, MOST_BYTES)

        def work() -> np.ndarray:
            schema = self.session.bench.runtime.schema
            if len(content) != 4 * schema.n:
                raise InputError(f"a character is {schema.n} float32 = {4 * schema.n} bytes, found {len(content)}")
            return draw(Parameters(schema, np.frombuffer(content, "<f4")))

        async with self._drawing[by]:
            if await request.is_disconnected():
                raise Stopped("stopped")
            return _rgb(await run_in_threadpool(work))


def editor_app(session: EditSession, presence: PagePresence, page: dict[str, PageFile]) -> Starlette:
    """Return the application behind the gate: the page's files and the interface below `api/`.

    Args:
        session: what was opened.
        presence: counts the open pages.
        page: the page's files, see `read_page`.
    """
    api = EditorApi(session, presence)

    async def file(request: Request) -> Response:
        found = page.get(request.path_params["path"] or INDEX)
        if found is None:
            return Response("there is no such page\n", 404, media_type="text/plain")
        return Response(found.content, media_type=found.media_type)

    async def kind(request: Request) -> Response:
        return JSONResponse({"kind": "server"})

    async def unknown(request: Request) -> Response:
        return JSONResponse({"error": plain_error(InputError(f"there is no {request.url.path}"))}, 404)

    reads: dict[str, Endpoint] = {
        "session": api.describe,
        "dropped": api.dropped,
        "face/{photo}": api.face,
        "sheet": api.sheet,
        "entry/{name:path}": api.entry,
        "thumbnail/{name:path}": api.thumbnail,
        "entry-face/{name:path}": api.entry_face,
        "alive": api.alive,
    }
    writes: dict[str, Endpoint] = {
        "photo": api.photo,
        "make": api.make,
        "draw": api.draw,
        "engine": api.draw_with_engine,
        "kept": api.kept,
        "save": api.save,
    }
    routes = [Route(f"/api/{path}", _plainly(endpoint), methods=["GET"]) for path, endpoint in reads.items()]
    routes += [Route(f"/api/{path}", _plainly(endpoint), methods=["POST"]) for path, endpoint in writes.items()]
    routes += [Route("/api/{path:path}", unknown), Route("/backend.json", kind), Route("/{path:path}", file)]
    return Starlette(routes=routes)


def _plainly(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that answers errors as the page reads them."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            return JSONResponse({"error": plain_error(error)}, _status(error))

    return answer


def _status(error: Exception) -> int:
    if isinstance(error, Stopped | ChangedOnDisk):
        return 409
    if isinstance(error, TooLarge):
        return 413
    return 400 if isinstance(error, F2PError) else 500


async def _body(request: Request, most: int) -> bytes:
    """Return a request's body; it is refused as soon as it is known to be too large."""
    refusal = TooLarge(f"a request has at most {most / 2**20:.3g} MB")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most:
        raise refusal
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > most:
                raise refusal
    except ClientDisconnect as error:
        raise Stopped("stopped") from error
    return bytes(content)


async def _json(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await _body(request, MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError("the request is not JSON") from error
    if not isinstance(content, dict):
        raise InputError("the request must be a JSON object")
    return content


def _lines(work: Callable[[Callable[[Any], None], Event], Any]) -> Response:
    return StreamingResponse(line_stream(work), media_type="application/x-ndjson")


def _rgb(picture: np.ndarray) -> Response:
    """Return an (H, W, 3) uint8 picture as bytes, its size in headers."""
    size = {"x-height": str(picture.shape[0]), "x-width": str(picture.shape[1])}
    content = np.ascontiguousarray(picture).tobytes()
    return Response(content, media_type="application/octet-stream", headers=size)
