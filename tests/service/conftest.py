"""A service around the demo bundle's artifact, and one around a backend that answers when it is told to."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import pytest

from f2p_deploy.alignment import AlignedFace, Landmarks, NetworkFinder
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.character.schema import load_schema
from f2p_deploy.model.result import Generation, Mode
from f2p_deploy.runtimes import load
from f2p_deploy.service.backend import ServedBundle
from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.local_backend import LocalBackend
from f2p_deploy.service.metrics import ServiceMetrics
from f2p_deploy.service.service_app import create_app
from f2p_deploy.service.timed_heads import TimedHeads
from f2p_deploy.system.listener import listen

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


class TimedBackend:
    """Answers with the average character once `gate` is open; `no face` as the photo has none."""

    def __init__(self) -> None:
        schema = load_schema("makehuman")
        self.served = ServedBundle("timed", "0" * 8, schema, ("one-shot", "hybrid"), True, 64, "nothing")
        self.average = average(schema)
        self.seconds = 0.0
        self.aligning = 0.0
        self.begun = 0
        self.cancelled = 0

    async def start(self) -> None:
        """Be ready."""

    async def stop(self) -> None:
        """Do nothing."""

    async def align(self, content: bytes, name: str) -> AlignedFace:
        """Return a grey face."""
        if self.aligning:
            await asyncio.sleep(self.aligning)
        if content == b"bug":
            raise RuntimeError("secret of the inside")
        landmarks = Landmarks(dict.fromkeys(LANDMARKS, (0.0, 0.0)), "timed")
        picture = np.full((64, 64, 3), 128, np.uint8)
        return AlignedFace(picture, np.eye(2, 3), landmarks, 1, 1, 0.0, 50.0, 0.5)

    async def generate(self, face: AlignedFace, mode: Mode, keep: Parameters | None) -> Generation:
        """Return the average character after `seconds`."""
        self.begun += 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Generation(keep or self.average, self.average.values, mode)

    async def draw(self, parameters: Parameters) -> bytes:
        """Return no picture."""
        return b"png"


#: Runs an application on a free port, and gives its address.
Serve = Callable[..., AbstractContextManager[str]]


@contextmanager
def serve_app(app) -> Iterator[str]:
    """Run an application in a thread, ready."""
    import uvicorn

    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, http=TimedHeads, log_config=None, ws="none", lifespan="on"))
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for _ in range(600):
            try:
                if httpx.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def timed() -> TimedBackend:
    """A backend that answers when it is told to."""
    return TimedBackend()


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Runs an application on a free port."""
    return serve_app


@pytest.fixture
def serve_timed(timed: TimedBackend) -> Serve:
    """Serves the timed backend with some limits and tokens."""

    def serve(tokens=None, **limits) -> AbstractContextManager[str]:
        return serve_app(create_app(timed, ServiceLimits(**limits), tokens=tokens))

    return serve


@pytest.fixture(scope="session")
def demo_service() -> Iterator[str]:
    """The address of a service with the demo bundle's artifact, one thread and the built-in finder."""
    metrics = ServiceMetrics(32)
    limits = ServiceLimits()
    backend = LocalBackend(
        lambda: load(read_artifact(DEMO), "onnxruntime", threads=1), NetworkFinder, limits, metrics, lanes=2
    )
    with serve_app(create_app(backend, limits, metrics)) as address:
        yield address
