"""The application for Ray Serve: its parts, and the one id of a request."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from f2p_deploy.service.ray_app import OneRequestId, app_builder, deployments_of
from f2p_deploy.service.ray_order import RayOrder
from f2p_deploy.service.service_app import id_of
from f2p_deploy.system.errors import InputError

ID = b"f4a20393-6368-4ea9-94ed-09d400d64b65"


def test_the_queue_of_the_service_is_full_before_that_of_ray() -> None:
    sizes = {each["name"]: each for each in deployments_of(RayOrder(queue=100))}
    assert list(sizes) == ["Ingress", "Aligner", "Generator"]
    assert sizes["Ingress"]["max_ongoing_requests"] > 100
    assert all(each["max_surge_percent"] == 100 for each in sizes.values())


@pytest.mark.parametrize("given", [ID, b"\xff chosen by the caller", b""])
def test_a_request_has_one_id(given: bytes) -> None:
    sent: list[dict[str, Any]] = []

    async def service(scope, receive, send) -> None:
        answer = PlainTextResponse(id_of(Request(scope)), headers={"x-request-id": "of the service"})
        await answer(scope, receive, send)

    async def send(message) -> None:
        sent.append(message)

    headers = [(b"x-request-id", given)] if given else []
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    asyncio.run(OneRequestId(service)(scope, None, send))
    kept = [value for name, value in sent[0]["headers"] if name == b"x-request-id"]
    assert kept == ([] if given else [b"of the service"])
    assert (sent[1]["body"] == ID) == (given == ID) and len(sent[1]["body"]) >= 32


def test_words_are_checked_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    with pytest.raises(InputError, match="no word 'x'"):
        app_builder({"x": "1"})
    monkeypatch.setenv("RAY_SERVE_ENABLE_HA_PROXY", "1")
    with pytest.raises(InputError, match="the word tokens is needed"):
        app_builder({})
