"""The OpenAPI document of the service."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI

from f2p_deploy.pipeline.mode import MODES
from f2p_deploy.service.answer_models import GivenParameters, ProblemAnswer
from f2p_deploy.service.refusals import CODES, Refusal

#: Codes of refusals that each address can answer with, besides those of all.
_REFUSALS: dict[str, tuple[str, ...]] = {
    "/v1/characters": (
        "upload-timeout", "key-reused", "too-large", "too-many-pixels", "media-type", "invalid-request", "unreadable",
        "no-face", "several-faces", "too-small", "turned", "busy", "not-ready", "lost", "timeout",
    ),
    "/v1/render": (
        "upload-timeout", "too-large", "media-type", "invalid-request", "busy", "not-ready", "lost", "timeout",
    ),
    "/v1/schema": ("not-ready",),
    "/readyz": ("not-ready", "ending"),
}

_FORM = {
    "type": "object",
    "required": ["photo"],
    "additionalProperties": False,
    "properties": {
        "photo": {"type": "string", "format": "binary", "description": "The photo's file: JPEG, PNG, WebP and others."},
        "mode": {
            "type": "string",
            "enum": list(MODES),
            "default": "auto",
            "description": "auto searches where the face is frontal, sharp and large, else it is one-shot.",
        },
        "keep": {"$ref": "#/components/schemas/GivenParameters"},
        "picture": {"type": "boolean", "default": False, "description": "Draw the character, too."},
    },
}

#: What an idempotency key may be.
KEY_PATTERN, LONGEST_KEY = "^[!-~]+$", 200

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A request that is sent again with the same key within ten minutes gets the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": KEY_PATTERN},
}

#: A random id of a request.
EXAMPLE_ID = "0f3c1c9a4a7b4f2e9d1b6a5c8e7f0a1b"

#: A character that the service answers with.
EXAMPLE = {
    "id": EXAMPLE_ID,
    "mode": "hybrid",
    "mode_reason": "chosen because the face is frontal (3 degrees), sharp and 142 pixels wide from eye to eye",
    "parameters": {
        "format": "f2p-parameters",
        "version": 1,
        "schema": "makehuman",
        "schema_fingerprint": "9a0c41e2",
        "controllers": {"nose-width": 0.62},
        "discrete": {"hair": "short01"},
        "locked": [],
    },
    "engine_units": {"nose-width": 0.24},
    "read": {
        "hair": {"from": "photo", "option": "short01", "confidence": 0.81, "next": "bald", "next_confidence": 0.1}
    },
    "losses": [0.81, 0.34],
    "face": {
        "faces": 1, "sharpness": 88.1, "brightness": 0.52, "eye_distance": 142.3, "yaw": 3.1, "pitch": -2.0,
        "residual": 0.021, "finder": "networks",
    },
    "warnings": [],
    "picture": None,
    "seconds": {"upload": 0.002, "align": 0.03, "generate": 0.07},
}


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


def _headers(status: int, path: str, codes: Sequence[str]) -> dict[str, Any]:
    """Return the headers of an answer; `codes` are its refusals."""
    headers = {"X-Request-Id": _header("Random id of the request, also in the log.", pattern="^[0-9a-f]{32}$")}
    if status == 401:
        headers["WWW-Authenticate"] = _header("How to ask.", const="Bearer")
    if any(CODES[code].retry for code in codes):
        seconds = {"type": "integer", "minimum": 1}
        headers["Retry-After"] = {"description": "Seconds after which to try again.", "schema": seconds}
    if status == 200 and path == "/v1/characters":
        headers["Idempotent-Replay"] = _header("The answer was kept from an earlier request.", const="true")
    return headers


def _problem(code: str) -> dict[str, Any]:
    """Return an example of a refusal."""
    return Refusal(code, f"{CODES[code].title.lower()}: one sentence that says more").to_dict(EXAMPLE_ID)


def _form() -> dict[str, Any]:
    """Return the description of the form that makes a character."""
    return {"schema": _FORM, "encoding": {"keep": {"contentType": "application/json"}}}


def operation_of(
    path: str, endpoint: Callable[..., Any], model: type | None, public: bool
) -> dict[str, Any]:
    """Return FastAPI's keywords that describe an endpoint.

    Args:
        path: the documented path.
        endpoint: its docstring's first line is the summary.
        model: of the answer's JSON; None if it is something else.
        public: whether it needs no token.
    """
    codes = (*_REFUSALS.get(path, ()), "foreign-host", "internal", *(() if public else ("unauthorized",)))
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].status, []).append(code)
    responses: dict[int | str, dict[str, Any]] = {
        status: {
            "model": ProblemAnswer,
            "description": "; ".join(f"`{code}`: {CODES[code].title}" for code in found),
            "content": {"application/json": {"examples": {code: {"value": _problem(code)} for code in found}}},
        }
        for status, found in sorted(by_status.items())
    }
    if model is not None:
        responses[200] = {"model": model, "description": (model.__doc__ or "").strip()}
    elif path == "/metrics":
        text = {"schema": {"type": "string"}}
        responses[200] = {"description": "Prometheus' text format", "content": {"text/plain": text}}
    else:
        png = {"schema": {"type": "string", "format": "binary"}}
        responses[200] = {"description": "The picture", "content": {"image/png": png}}
    extra: dict[str, Any] = {}
    if path == "/v1/characters":
        extra["requestBody"] = {"required": True, "content": {"multipart/form-data": _form()}}
        extra["parameters"] = [_KEY]
    elif path == "/v1/render":
        body = {"schema": {"$ref": "#/components/schemas/GivenParameters"}, "example": EXAMPLE["parameters"]}
        what = "A parameters.json. It holds every controller of /v1/schema; the example has one, to be short."
        extra["requestBody"] = {"description": what, "required": True, "content": {"application/json": body}}
    if public:
        extra["security"] = []
    for status, response in responses.items():
        response["headers"] = _headers(int(status), path, by_status.get(int(status), []))
    summary = (endpoint.__doc__ or "").strip().splitlines()[0]
    name = path.strip("/").replace("/", "-")
    return {"summary": summary, "responses": responses, "openapi_extra": extra, "name": name}


def describe_with(app: FastAPI, secured: bool) -> None:
    """Let an application's OpenAPI document say what FastAPI cannot know.

    Args:
        app: the service.
        secured: whether it asks for bearer tokens.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = plain()
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if status >= "400" and "application/json" in response.get("content", {}):
                        response["content"] = {"application/problem+json": response["content"]["application/json"]}
        # FastAPI would leave the example's null out, which is a value here.
        made = document["paths"]["/v1/characters"]["post"]["responses"]["200"]
        made["content"]["application/json"]["example"] = EXAMPLE
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["GivenParameters"] = GivenParameters.model_json_schema(
            by_alias=True, ref_template="#/components/schemas/{model}"
        )
        if secured:
            components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"bearer": []}]
        app.openapi_schema = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]
