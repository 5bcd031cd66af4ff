"""The service as an application of Ray Serve: `serve run f2p_deploy.service.ray_app:app_builder source=DIR`."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f2p_deploy.service.ray_order import RayOrder, Replicas
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Where Ray Serve finds the application.
IMPORT_PATH = "f2p_deploy.service.ray_app:app_builder"

#: An id of a request as Ray Serve makes it.
_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")


def app_builder(words: Mapping[str, Any]) -> Any:
    """Return the application for Ray Serve.

    Args:
        words: see `RayOrder.from_words`.

    Raises:
        InputError: a word that is unknown or wrong.
        MissingDependency: an extra is not installed.
    """
    require("serve", "the service")
    require("ray", "the service on Ray")
    from ray import serve

    from f2p_deploy.service.ray_replicas import AlignerReplica, GeneratorReplica

    order = RayOrder.from_words(words)
    if order.tokens is None and os.environ.get("RAY_SERVE_ENABLE_HA_PROXY") == "1":
        raise InputError("behind Ray Serve's HAProxy everybody seems to be on this machine: the word tokens is needed")
    options = {each.pop("name"): each for each in deployments_of(order)}

    def deployed(kind: type, name: str) -> Any:
        return serve.deployment(kind).options(name=name, **options[name])

    said = order.words()
    generator = deployed(GeneratorReplica, "Generator").bind(said)
    aligner = deployed(AlignerReplica, "Aligner").bind(said)
    ingress = deployed(serve.ingress(_builder(said))(IngressReplica), "Ingress")
    return ingress.bind(generator, aligner)


def deployments_of(order: RayOrder) -> list[dict[str, Any]]:
    """Return the deployments as a configuration file of Ray Serve lists them."""
    searches = max(64, order.limits().queue)
    sizes = (
        ("Ingress", order.ingresses, {"num_cpus": 0.25}, 2 * order.limits().queue + 16),
        ("Aligner", order.aligners, {"num_cpus": 0.5}, searches),
        ("Generator", order.replicas, {"num_cpus": order.cpus, "num_gpus": order.gpus}, searches),
    )
    listed = []
    for name, text, resources, ongoing in sizes:
        replicas = Replicas.parse(text)
        number: dict[str, Any] = {"num_replicas": replicas.least}
        if replicas.most > replicas.least:
            number = {
                "autoscaling_config": {
                    "min_replicas": replicas.least,
                    "max_replicas": replicas.most,
                    "target_ongoing_requests": order.ongoing,
                }
            }
        listed.append(
            {
                "name": name,
                **number,
                "max_ongoing_requests": ongoing,
                "ray_actor_options": resources,
                "graceful_shutdown_wait_loop_s": 0.5,
                "graceful_shutdown_timeout_s": order.grace,
                "health_check_period_s": 5.0,
                "max_surge_percent": 100,  # a new bundle's replica is there before an old one goes
            }
        )
    return listed


class IngressReplica:
    """Speaks HTTP; it is healthy once a generator has answered.

    Args:
        parts: the deployments that it needs.
    """

    def __init__(self, *parts: Any) -> None:
        from f2p_deploy.service.json_log import log_to

        self._parts = parts
        log_to()

    async def check_health(self) -> None:
        """Raise unless a generator has answered once."""
        await self.app.application.state.starting  # type: ignore[attr-defined]


def _builder(words: Mapping[str, Any]) -> "Callable[[], ASGIApp]":
    def build() -> "ASGIApp":
        from ray import serve

        from f2p_deploy.service.ray_backend import RayBackend
        from f2p_deploy.service.service_app import create_app
        from f2p_deploy.service.tokens import read_tokens

        order = RayOrder.from_words(words)
        tokens = None if order.tokens is None else read_tokens(Path(order.tokens))
        backend = RayBackend(serve.get_deployment_handle("Aligner"), serve.get_deployment_handle("Generator"))
        return OneRequestId(create_app(backend, order.limits(), tokens=tokens))

    return build


class OneRequestId:
    """Gives a request the id that Ray Serve's proxy puts into its log and into the answer's header.

    Args:
        application: the service.
    """

    def __init__(self, application: "FastAPI") -> None:
        self.application = application

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer; the service's own header is left out, since the proxy adds the same one."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        scope = {**scope, "state": {"id": given if _ID.fullmatch(given) else secrets.token_hex(16)}}

        async def once(message: "Message") -> None:
            if given and message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"x-request-id"]
                message = {**message, "headers": headers}
            await send(message)

        await self.application(scope, receive, once)
