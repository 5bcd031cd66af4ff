"""Runs the service with Ray Serve, or writes the configuration file for `serve deploy`."""

import logging
import re
import socket
import time
from collections.abc import Callable
from typing import Any

from f2p_deploy.bulk.ray_chunks import ray_session
from f2p_deploy.service.ray_app import IMPORT_PATH, app_builder, deployments_of
from f2p_deploy.service.ray_order import RayOrder, Replicas
from f2p_deploy.service.server import KEEP_ALIVE
from f2p_deploy.system import errors
from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.listener import listen

logger = logging.getLogger(__name__)

#: Name of the application in Ray Serve.
APPLICATION = "f2p-deploy"

#: Words of `RayOrder` that a configuration file says of its deployments, where Ray's users look for them.
_OF_DEPLOYMENTS = ("replicas", "aligners", "ingresses", "cpus", "ongoing", "grace")

#: Ray Serve's own logs: in Ray's folder, without a line for every request, which the service has itself.
_LOGS = {"encoding": "JSON", "enable_access_log": False, "log_level": "WARNING"}

#: Seconds between looks at whether the application still runs.
_LOOK_SECONDS = 2.0


def serve_config(order: RayOrder, host: str, port: int) -> dict[str, Any]:
    """Return the content of a configuration file for `serve deploy`.

    Args:
        order: the service.
        host, port: where every machine's proxy listens.
    """
    words = {word: value for word, value in order.words().items() if word not in _OF_DEPLOYMENTS}
    return {
        "proxy_location": "EveryNode",
        "http_options": {"host": host, "port": port, "keep_alive_timeout_s": KEEP_ALIVE},
        "logging_config": _LOGS,
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": "/",
                "import_path": IMPORT_PATH,
                "args": words,
                "deployments": deployments_of(order),
            }
        ],
    }


def cores_of(order: RayOrder) -> float:
    """Return the cores that all replicas take, with those of another bundle that is rolled out beside them."""
    most = {"Ingress": order.ingresses, "Aligner": order.aligners, "Generator": order.replicas}
    return 2 * sum(
        Replicas.parse(most[each["name"]]).most * float(each["ray_actor_options"]["num_cpus"])
        for each in deployments_of(order)
    )


def run_on_ray(order: RayOrder, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until a signal: on the cluster in RAY_ADDRESS, or on this machine with a Ray of its own.

    Args:
        order: the service.
        host: where the proxy listens.
        port: 0 for a free one.
        ready: called with the address once every deployment is healthy.

    Raises:
        F2PError: a replica cannot start: what it says, such as golden vectors that are not right.
    """
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        name = f"[{host}]" if listener.family is socket.AF_INET6 else host
    with ray_session(num_cpus=max(1, round(cores_of(order) + 0.5)), spilling=False):
        from ray import serve

        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        serve.start(
            proxy_location="HeadOnly",
            http_options={"host": host, "port": port, "keep_alive_timeout_s": KEEP_ALIVE},
            logging_config=_LOGS,
        )
        try:
            try:
                serve.run(app_builder(order.words()), name=APPLICATION, route_prefix="/", logging_config=_LOGS)
            except RuntimeError as error:
                raise _told_by_ray(error) from error
            ready(f"http://{name}:{port}")
            while APPLICATION in serve.status().applications:
                time.sleep(_LOOK_SECONDS)
            raise F2PError(f"the application {APPLICATION} was removed from the cluster")
        finally:
            try:
                serve.delete(APPLICATION)
            except Exception:  # the signal reached Ray's own processes, too
                logger.warning("Ray Serve did not end the service in time", exc_info=True)


def _told_by_ray(error: RuntimeError) -> F2PError:
    """Return the error of this package that a replica ended with, which Ray tells as text."""
    from ray import serve

    found = serve.status().applications.get(APPLICATION)
    messages = [found.message, *(each.message for each in found.deployments.values())] if found else []
    for kind, sentence in re.findall(r"f2p_deploy\.system\.errors\.(\w+): (.+)", "\n".join([*messages, str(error)])):
        known = getattr(errors, kind, None)
        if isinstance(known, type) and issubclass(known, F2PError) and known is not errors.PhotoError:
            return known(sentence.strip())
    return F2PError("Ray Serve could not start the service: Ray's logs say why, in /tmp/ray/session_latest/logs/serve")
