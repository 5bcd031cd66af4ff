"""An editor's session with the demo bundle in ONNX Runtime, its server, and a client with the cookie."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from f2p_deploy.alignment import Landmarks
from f2p_deploy.alignment.sample_faces import ASTRONAUT
from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import average
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.edit_start import EditStart, find_start
from f2p_deploy.runtimes import Runtime


class AstronautFinder:
    """Finds the astronaut's face in photos of her size, and no face in others."""

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Return the face of the sample photo."""
        return [Landmarks(ASTRONAUT, source="file")] if image.shape == (512, 512, 3) else []


@pytest.fixture(scope="session")
def demo_runtime() -> Runtime:
    """The demo bundle's artifact in ONNX Runtime: no PyTorch is needed."""
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_artifact import artifact_of
    from f2p_deploy.runtimes import load

    return load(artifact_of(load_bundle(None)), "onnxruntime", 1)


@pytest.fixture
def run_folder(demo_runtime: Runtime, tmp_path: Path) -> Path:
    """A folder with two average characters, as `run` writes them, without pictures."""
    for name in ("anna", "ben & co"):
        (tmp_path / "out" / name).mkdir(parents=True)
        write_parameters(tmp_path / "out" / name / "parameters.json", average(demo_runtime.schema))
    return tmp_path / "out"


@pytest.fixture
def open_session(demo_runtime: Runtime) -> Callable[..., EditSession]:
    """Open a loaded session for a path, or for nothing."""

    def opened(path: Path | None = None) -> EditSession:
        session = EditSession(find_start(path) if path else EditStart())
        session.load(demo_runtime, None)
        session.finder.set_result(AstronautFinder())
        return session

    return opened


class Answer:
    """An answer that was read: status, headers and content."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.content = answer.status, answer.headers, answer.read()

    @property
    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)

    @property
    def lines(self) -> list[Any]:
        """The lines of JSON."""
        return [json.loads(line) for line in self.content.splitlines()]


class Client:
    """Sends requests to an editor's server, with its cookie after `enter`."""

    def __init__(self, address: str) -> None:
        self.address = urlsplit(address)
        self.cookie = ""

    def enter(self) -> "Client":
        """Exchange the address for the cookie."""
        answer = self.get(f"/?{self.address.query}")
        assert answer.status == 200
        self.cookie = answer.headers["set-cookie"].split(";")[0]
        return self

    def connect(self) -> http.client.HTTPConnection:
        """Return a new connection."""
        return http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=30)

    def send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        """Send a request and return its answer, unread; a dict is sent as JSON."""
        own = {"Cookie": self.cookie} if self.cookie else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, {**own, **given})
        return connection.getresponse()

    def get(self, path: str, **headers: str) -> Answer:
        """Return the answer of a GET."""
        return Answer(self.send(self.connect(), "GET", path, **headers))

    def post(self, path: str, body: Any = b"", **headers: str) -> Answer:
        """Return the answer of a POST."""
        return Answer(self.send(self.connect(), "POST", path, body, **headers))


@pytest.fixture
def enter() -> Callable[[str], Client]:
    """Return a client that has exchanged an address for the cookie."""
    return lambda address: Client(address).enter()


@pytest.fixture
def serve(open_session: Callable[..., EditSession]) -> Iterator[Callable[..., Client]]:
    """Serve a session, and return a client that has entered."""
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    from f2p_deploy.editor.editor_server import serve_editor

    with ExitStack() as stack:

        def served(path: Path | None = None, session: EditSession | None = None) -> Client:
            server = stack.enter_context(serve_editor(session or open_session(path), stay=True))
            return Client(server.address).enter()

        yield served
