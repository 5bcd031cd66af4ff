"""The engine at the other end of a TCP link: the studio's own program draws, f2p-deploy asks it."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from f2p_deploy import __version__
from f2p_deploy.character.parameters import check_vectors, column_names
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.link.address import LinkAddress, LinkConnection, connect_within
from f2p_deploy.engine.link.answers import Welcome, largest_answer, read_answer
from f2p_deploy.engine.link.messages import LARGEST_REQUEST, PROTOCOL, LinkFault, LinkRefused, Message
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LinkPatience:
    """The limits of time and of repetitions of a link.

    Args:
        connect_seconds: time to connect.
        answer_seconds: time to draw and send one picture.
        restart_seconds: time in which an engine that was connected before may start again.
        attempts: number of times that one picture is asked for, at least 1.
    """

    connect_seconds: float = 5.0
    answer_seconds: float = 60.0
    restart_seconds: float = 30.0
    attempts: int = 4


class LinkedEngine:
    """The `Engine` that asks another program for pictures, over TCP.

    The other program is the server, since it runs for long, while commands come and go. A picture depends on nothing
    but its request, so a request that was cut off is repeated on a new connection, and no picture is lost.

    Args:
        where: `tcp://HOST:PORT`.
        schema: the parameters that the engine should have.
        patience: the limits of time.

    Raises:
        InputError: nobody answers there, or an engine of another schema or version.
    """

    def __init__(self, where: str, schema: Schema, patience: LinkPatience = LinkPatience()) -> None:
        self.schema = schema
        self.address = LinkAddress.parse(where)
        self.patience = patience
        if not self.address.local:
            logger.warning("%s is another machine: what is sent there is neither encrypted nor signed", self.address)
        self._number = 0
        self._connection: LinkConnection | None = None
        self._connection, self.welcome = self._connect(wait=0.0)

    def __reduce__(self) -> tuple[type["LinkedEngine"], tuple[str, Schema, LinkPatience]]:
        """Pickle the address and the schema; another process makes a connection of its own."""
        return LinkedEngine, (str(self.address), self.schema, self.patience)

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        """Draw one character; see `Engine.render`.

        Raises:
            InputError: parameters, a size or a scene that cannot be drawn, an engine that says so, or one that does
                not give a sound picture however often it is asked.
        """
        values = check_vectors(parameters, self.schema)
        if values.ndim != 1:
            raise InputError(f"render draws one character, found parameters of shape {values.shape}: use render_many")
        welcome = self.welcome
        if not welcome.smallest <= size <= welcome.largest:
            sizes = f"{welcome.smallest} to {welcome.largest} pixels"
            raise InputError(f"the engine at {self.address} draws pictures of {sizes}, asked for {size}")
        if scene != FRONT_VIEW and not welcome.scenes:
            raise InputError(f"the engine at {self.address} draws the front view only, no other pose, light or crop")
        self._number += 1
        shown = {**asdict(scene), "expression": dict(scene.expression)}
        header = {"type": "render", "id": self._number, "size": size, "scene": shown}
        return self._ask(Message(header, values.astype("<f4").tobytes()), size)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Draw (N, n) parameters in order, one after the other: the engine is one program, whatever `workers` is."""
        views = [FRONT_VIEW] * len(batch) if scenes is None else list(scenes)
        if len(views) != len(batch):
            raise InputError(f"{len(batch)} characters need {len(batch)} scenes, found {len(views)}")
        for parameters, scene in zip(batch, views, strict=True):
            yield self.render(parameters, size, scene)

    def close(self) -> None:
        """Say goodbye and close the connection; the next picture opens another."""
        if self._connection is not None:
            try:
                self._connection.send(Message({"type": "bye"}))
            except LinkFault as error:
                logger.info("%s", error)
        self.abandon()

    def abandon(self) -> None:
        """Close the connection immediately."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _ask(self, request: Message, size: int) -> Rendering:
        """Send a request until a sound picture comes back."""
        number, fault = request.header["id"], ""
        for _ in range(self.patience.attempts):
            try:
                connection = self._connection or self._reconnect()
                connection.send(request)
                return read_answer(connection.receive(largest_answer(size)), number, size, self.welcome, connection.who)
            except LinkRefused:
                raise  # it was waited for already
            except LinkFault as error:
                fault = str(error)
                logger.info("render %d: %s; asking again", number, error)
                self.abandon()
            except InputError:
                raise  # the engine's own refusal: the connection is as before
            except BaseException:
                self.abandon()  # Ctrl-C: the answer may still arrive
                raise
        raise InputError(f"{fault} (asked {self.patience.attempts} times)")

    def _reconnect(self) -> LinkConnection:
        """Connect again; an engine that is starting is waited for."""
        connection, welcome = self._connect(self.patience.restart_seconds)
        if (welcome.labels, welcome.landmarks) != (self.welcome.labels, self.welcome.landmarks):
            connection.close()
            raise InputError(f"{connection.who} came back with other outputs: label maps or landmarks differ")
        self._connection, self.welcome = connection, welcome
        return connection

    def _connect(self, wait: float) -> tuple[LinkConnection, Welcome]:
        """Connect and shake hands."""
        patience = self.patience
        connection = connect_within(self.address, patience.connect_seconds, patience.answer_seconds, wait)
        try:
            connection.send(self._hello())
            welcome = Welcome.from_message(connection.receive(LARGEST_REQUEST), self.schema, connection.who)
        except BaseException:
            connection.close()
            raise
        return connection, welcome

    def _hello(self) -> Message:
        schema = self.schema
        described = {
            "schema": schema.name,
            "fingerprint": schema.fingerprint,
            "parameters": column_names(schema),
            "low": [controller.low for controller in schema.controllers],
            "high": [controller.high for controller in schema.controllers],
        }
        return Message({"type": "hello", "protocol": PROTOCOL, "program": f"f2p-deploy {__version__}", **described})
