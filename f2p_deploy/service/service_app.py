"""The HTTP interface of the service; docs/serve.md describes it."""

import asyncio
import base64
import json
import logging
import math
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, get_args

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from f2p_deploy import __version__
from f2p_deploy.character.parameter_files import from_json
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.made_character import character_facts
from f2p_deploy.pipeline.mode import choose_mode
from f2p_deploy.service import answer_models as answers
from f2p_deploy.service.admission import Admission
from f2p_deploy.service.backend import Backend
from f2p_deploy.service.idempotency import KeptAnswers
from f2p_deploy.service.json_log import Stopwatch
from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.metrics import ServiceMetrics
from f2p_deploy.service.openapi import KEY_PATTERN, LONGEST_KEY, describe_with, operation_of
from f2p_deploy.service.refusals import Refusal, refusal_of
from f2p_deploy.service.tokens import is_loopback, knows
from f2p_deploy.service.uploads import FIELD_BYTES, Form, discard_body, parse_form, read_body
from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

#: Fields of the form that makes a character.
FIELDS = ("photo", "mode", "keep", "picture")

#: What errors call a photo: its file's name is never repeated.
_PHOTO = "photo"


class CharacterApi:
    """The endpoints.

    Args:
        backend: computes the answers.
        limits: of one request and of the queue.
        metrics: measures the answers.
        tokens: hashes of the tokens, see `read_tokens`; None to ask for none, and to answer at loopback names only.
    """

    def __init__(
        self, backend: Backend, limits: ServiceLimits, metrics: ServiceMetrics, tokens: Collection[bytes] | None
    ) -> None:
        self.backend = backend
        self.limits = limits
        self.metrics = metrics
        self.tokens = tokens
        self.admission = Admission(limits.queue, metrics.accepted)
        self.kept = KeptAnswers()

    async def make(self, request: Request) -> Response:
        """Make a character from a photo."""
        watch = Stopwatch()
        most = self.limits.upload_bytes + FIELD_BYTES
        body = await read_body(request, most, self.limits.upload_seconds)
        form = await parse_form(body, request.headers, "photo", ("keep",))
        seconds = {"upload": watch.lap()}
        mode, keep, wants_picture = self._asked(form)
        if form.file is not None and len(form.file) > self.limits.upload_bytes:
            raise Refusal("too-large", f"the photo has more than {self.limits.upload_bytes:,} bytes")
        if form.file is None:
            raise Refusal("invalid-request", "the form needs the field 'photo' with a photo's file")
        if not form.file:
            raise Refusal("unreadable", f"{_PHOTO}: the file is empty")
        photo = form.file

        async def compute() -> bytes:
            return await self._make(photo, mode, keep, wants_picture, request.state.id, watch, seconds)

        key = request.headers.get("idempotency-key")
        if key is None:
            content, again = await unless_gone(request, compute()), False
        elif re.fullmatch(KEY_PATTERN, key) and len(key) <= LONGEST_KEY:
            owner = request.headers.get("authorization", "")
            content, again = await self.kept.answer(f"{owner}\n{key}", form.digest_text(), compute)
        else:
            raise Refusal("invalid-request", f"an Idempotency-Key has 1 to {LONGEST_KEY} ASCII characters, no spaces")
        headers = {"idempotent-replay": "true"} if again else None
        return Response(content, media_type="application/json", headers=headers)

    async def _make(
        self,
        photo: bytes,
        asked: str,
        keep: Parameters | None,
        wants_picture: bool,
        request_id: str,
        watch: Stopwatch,
        seconds: dict[str, float],
    ) -> bytes:
        async with asyncio.timeout(self.limits.align_seconds):
            face = await self.backend.align(photo, _PHOTO)
        seconds["align"] = watch.lap()
        mode, reason = choose_mode(asked, face)
        if mode not in self.backend.served.modes and asked == "auto":
            mode, reason = self.backend.served.modes[0], "the only one that is served"
        picture = None
        async with asyncio.timeout(self.limits.generate_seconds):
            generation = await self.backend.generate(face, mode, keep)
            seconds["generate"] = watch.lap()
            if wants_picture:
                picture = base64.b64encode(await self.backend.draw(generation.parameters)).decode()
                seconds["draw"] = watch.lap()
        for stage, spent in seconds.items():
            self.metrics.stage(stage, spent)
        facts = character_facts(generation, face, reason)
        rounded = {stage: round(spent, 4) for stage, spent in seconds.items()}
        answer = {"id": request_id, **facts, "picture": picture, "seconds": rounded}
        return json.dumps(answer, allow_nan=False, separators=(",", ":")).encode()

    def _asked(self, form: Form) -> tuple[str, Parameters | None, bool]:
        """Return the mode, the character to keep values of, and whether a picture is wanted."""
        unknown = [name for name in form.fields if name not in FIELDS]
        if unknown:
            raise Refusal("invalid-request", f"no field named {unknown[0][:80]!r}: there are {', '.join(FIELDS)}")
        served = self.backend.served
        mode, picture = form.fields.get("mode", "auto"), form.fields.get("picture", "false").lower()
        if mode != "auto" and mode not in served.modes:
            given = f"mode is one of {', '.join(('auto', *served.modes))}"
            if mode in get_args(Mode):
                given = f"the artifact of this service lacks graphs that other modes need: {given}"
            raise Refusal("invalid-request", f"{given}; found {mode[:80]!r}")
        if picture not in ("true", "false"):
            raise Refusal("invalid-request", f"picture is true or false, found {picture[:80]!r}")
        if picture == "true" and not served.draws:
            raise Refusal("invalid-request", "this service draws no pictures: its artifact has no graph 'render'")
        text = form.fields.get("keep")
        return mode, None if text is None else self._parameters(text, "keep"), picture == "true"

    def _parameters(self, text: str | bytes, what: str) -> Parameters:
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refusal("invalid-request", f"{what} is not JSON") from error
        try:
            return from_json(data, self.backend.served.schema)
        except InputError as error:
            raise Refusal("invalid-request", f"{what}: {error}") from error

    async def render(self, request: Request) -> Response:
        """Draw a character; the body is a parameters.json."""
        watch = Stopwatch()
        body = await read_body(request, FIELD_BYTES, self.limits.upload_seconds)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Refusal("media-type", "send a character: Content-Type must be application/json")
        parameters = self._parameters(body, "the body")
        if not self.backend.served.draws:
            raise Refusal("invalid-request", "this service draws no pictures: its artifact has no graph 'render'")
        self.metrics.stage("upload", watch.lap())
        async with asyncio.timeout(self.limits.generate_seconds):
            picture = await unless_gone(request, self.backend.draw(parameters))
        self.metrics.stage("draw", watch.lap())
        return Response(picture, media_type="image/png")

    async def schema(self, request: Request) -> Response:
        """Describe the bundle and the parameters of its characters."""
        self.admission.require_loaded()
        served = self.backend.served
        facts = {
            "bundle": served.name,
            "fingerprint": served.fingerprint,
            "modes": ["auto", *served.modes],
            "draws": served.draws,
            "image_size": served.image_size,
            "computed_by": served.computed_by,
            "schema": served.schema.to_dict(),
        }
        return _json(facts)

    async def health(self, request: Request) -> Response:
        """Answer as long as the process lives."""
        return _json({"status": "ok"})

    async def readiness(self, request: Request) -> Response:
        """Answer `ok` from the golden check and the warm-up on, until the service is about to end."""
        self.admission.require_ready()
        return _json({"status": "ok"})

    async def measurements(self, request: Request) -> Response:
        """Send all measurements in Prometheus' text format."""
        content, media_type = self.metrics.text()
        return Response(content, headers={"content-type": media_type})

    def note(
        self, request_id: str, method: str, route: str, answer: tuple[int, str], seconds: float, level: int
    ) -> None:
        """Count an answered request, and write the log's line.

        Args:
            request_id: its random id, which refusals tell.
            method, route: of the request; the route as documented, `other` for an unknown one.
            answer: the status, and the refusal's code; empty for none.
            seconds: it took.
            level: of the log.
        """
        status, code = answer
        self.metrics.request(route, status, code, seconds)
        facts = {"id": request_id, "method": method, "route": route, "status": status, "code": code}
        logger.log(level, "request", extra={"facts": facts | {"seconds": round(seconds, 4)}})

    def require_allowed(self, request: Request, public: bool) -> None:
        """Raise unless a request may be answered.

        Raises:
            Refusal: `unauthorized`, or `foreign-host` without tokens.
        """
        if self.tokens is None:
            host = request.headers.get("host", "")
            name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
            site = request.headers.get("sec-fetch-site", "none")
            peer = request.client is None or is_loopback(request.client.host)
            if not peer or not is_loopback(name) or site not in ("same-origin", "none"):
                raise Refusal("foreign-host", "without tokens this service answers this machine only")
        elif not public and not knows(request.headers.get("authorization", ""), self.tokens):
            raise Refusal("unauthorized", "send one of the service's tokens: Authorization: Bearer TOKEN")


async def unless_gone(request: Request, work: Awaitable[bytes]) -> bytes:
    """Return the result of work; if the caller goes away first, the work is cancelled.

    Raises:
        ClientDisconnect: the caller has gone.
    """

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


def id_of(request: Request) -> str:
    """Return the request's id: of the server in front, which then puts it into the answer's header, or a random one."""
    return str(getattr(request.state, "id", None) or secrets.token_hex(16))


def _json(content: Any) -> Response:
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")


def _answering(api: CharacterApi, route: str, endpoint: Endpoint, counted: bool, public: bool) -> Endpoint:
    """Return an endpoint with everything around it: id, token, admission, refusals, measurements and the log's line.

    Args:
        api: the endpoints.
        route: the documented path.
        endpoint: one of them.
        counted: whether its requests take a place in the queue.
        public: whether it needs no token.
    """

    async def answer(request: Request) -> Response:
        watch = Stopwatch()
        request.state.id = id_of(request)
        code = ""
        try:
            api.require_allowed(request, public)
            if counted:
                with api.admission.accepted():
                    response = await endpoint(request)
                api.admission.note(watch.total)
            else:
                response = await endpoint(request)
        except ClientDisconnect:
            response, code = Response(status_code=499), "gone"
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code == "internal":
                logger.error("bug", exc_info=error, extra={"facts": {"id": request.state.id}})
            code = refusal.code
            await discard_body(request, api.limits.upload_bytes, min(2.0, api.limits.upload_seconds))
            response = problem(refusal, request.state.id)
        response.headers["x-request-id"] = request.state.id
        level = logging.INFO if counted or code else logging.DEBUG
        api.note(request.state.id, request.method, route, (response.status_code, code), watch.total, level)
        return response

    return answer


def problem(refusal: Refusal, request_id: str) -> Response:
    """Return the answer of a refusal."""
    headers = {"x-request-id": request_id}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(math.ceil(refusal.retry_after))
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    content = json.dumps(refusal.to_dict(request_id))
    return Response(content, refusal.status, headers, media_type="application/problem+json")


def create_app(
    backend: Backend,
    limits: ServiceLimits | None = None,
    metrics: ServiceMetrics | None = None,
    tokens: Collection[bytes] | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the service as an ASGI application; the backend is started and stopped with it.

    Args:
        backend: computes the answers.
        limits: the usual ones if not given.
        metrics: those that the backend measures with.
        tokens: hashes of the bearer tokens, see `read_tokens`; None to answer without, at loopback names only.
        on_ready: called once the backend has started.
    """
    limits = limits or ServiceLimits()
    api = CharacterApi(backend, limits, metrics or ServiceMetrics(limits.queue), tokens)

    async def begin() -> None:
        await backend.start()
        on_ready()
        api.admission.ready = True
        logger.info("ready", extra={"facts": {"bundle": backend.served.name, "by": backend.served.computed_by}})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Health is answered while the networks load; a failure ends the service.
        starting = asyncio.create_task(begin())
        starting.add_done_callback(lambda task: app.state.failed(task))
        app.state.starting = starting
        yield
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await backend.stop()

    app = FastAPI(
        title="f2p-deploy",
        version=__version__,
        summary="One photo in, one editable game character out.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.api = api
    app.state.failed = lambda task: None
    describe_with(app, secured=tokens is not None)
    routes: tuple[tuple[str, str, Endpoint, bool, bool, type | None], ...] = (
        ("POST", "/v1/characters", api.make, True, False, answers.CharacterAnswer),
        ("POST", "/v1/render", api.render, True, False, None),
        ("GET", "/v1/schema", api.schema, False, False, answers.SchemaAnswer),
        ("GET", "/healthz", api.health, False, True, answers.HealthAnswer),
        ("GET", "/readyz", api.readiness, False, True, answers.HealthAnswer),
        ("GET", "/metrics", api.measurements, False, False, None),
    )
    for method, path, endpoint, counted, public, model in routes:
        answering = _answering(api, path, endpoint, counted, public)
        described = operation_of(path, endpoint, model, public)
        app.add_api_route(path, answering, methods=[method], response_class=Response, **described)
        if public:  # load balancers also ask with HEAD
            app.add_api_route(path, answering, methods=["HEAD"], include_in_schema=False)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        watch = Stopwatch()
        code = "method-not-allowed" if error.status_code == 405 else "not-found"
        sentence = f"there is no {request.method} {request.scope['path'][:200]}"  # its URL fails for some hosts
        request_id = id_of(request)
        await discard_body(request, limits.upload_bytes, 2.0)
        response = problem(Refusal(code, sentence), request_id)
        response.headers.update(error.headers or {})
        api.note(request_id, request.method, "other", (response.status_code, code), watch.total, logging.INFO)
        return response

    return app
