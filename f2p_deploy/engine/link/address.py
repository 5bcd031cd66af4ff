"""The address of an engine on the network, and connections to it."""

import ipaddress
import logging
import re
import socket
import time
from dataclasses import dataclass
from typing import Self

from f2p_deploy.engine.link.messages import LinkFault, LinkRefused, Message, encode_message, read_message
from f2p_deploy.system.errors import InputError

#: The beginning of an address.
TCP = "tcp://"

#: The port of the files to copy into an engine, if no other is chosen.
DEFAULT_PORT = 7788

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LinkAddress:
    """The host and the port of an engine.

    Args:
        host: a name or an IP address; an IPv6 address without brackets.
        port: in [1, 65535].

    Example:
        >>> LinkAddress.parse("tcp://127.0.0.1:7788")
        LinkAddress(host='127.0.0.1', port=7788)
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `tcp://HOST:PORT`; without a host it is this machine, without a port `DEFAULT_PORT`.

        Raises:
            InputError: the text is not an address.
        """
        match = re.fullmatch(rf"{TCP}(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]@]*)(?::(\d{{1,5}}))?/?", text)
        port = int(match[2] or DEFAULT_PORT) if match else 0
        if match is None or not 1 <= port <= 65535:
            raise InputError(f"an engine's address is tcp://HOST:PORT, such as tcp://127.0.0.1:7788, found {text!r}")
        return cls(match[1].strip("[]") or "127.0.0.1", port)

    @property
    def local(self) -> bool:
        """True if the host is this machine."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        """Return `tcp://HOST:PORT`."""
        return f"{TCP}[{self.host}]:{self.port}" if ":" in self.host else f"{TCP}{self.host}:{self.port}"


class LinkConnection:
    """A connection to an engine, on which one message is sent or received at a time.

    Args:
        address: the engine's.
        connect_seconds: time to connect.
        answer_seconds: time for a message to be received or sent.

    Raises:
        LinkRefused: nobody answers there.
    """

    def __init__(self, address: LinkAddress, connect_seconds: float, answer_seconds: float) -> None:
        self.who = f"the engine at {address}"
        self._seconds = answer_seconds
        try:
            self._socket = socket.create_connection((address.host, address.port), connect_seconds)
        except TimeoutError:
            raise LinkRefused(f"nothing answers at {address} within {connect_seconds:g} s") from None
        except ConnectionRefusedError as error:
            raise LinkRefused(f"no engine listens at {address}: start it first") from error
        except (OSError, UnicodeError) as error:
            raise LinkRefused(f"cannot connect to {address}: the host is unknown or cannot be reached") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            LinkFault: the connection broke, or the engine does not read.
            InputError: a message that cannot be sent, see `encode_message`.
        """
        content = encode_message(message)
        try:
            self._socket.settimeout(self._seconds)
            self._socket.sendall(content)
        except TimeoutError:
            raise LinkFault(f"{self.who} did not read a message within {self._seconds:g} s") from None
        except OSError as error:
            raise LinkFault(f"the connection to {self.who} broke: {error.strerror or error}") from error

    def receive(self, largest_body: int) -> Message:
        """Receive one message; see `read_message`."""
        return read_message(self._socket, largest_body, self._seconds, self.who)

    def close(self) -> None:
        """Close the connection; it may be broken already."""
        self._socket.close()


def connect_within(address: LinkAddress, connect_seconds: float, answer_seconds: float, wait: float) -> LinkConnection:
    """Connect to an engine that may be starting: try again until `wait` seconds are over; 0 tries once.

    Raises:
        LinkRefused: nobody answers there.
    """
    deadline, pause = time.monotonic() + wait, 0.05
    while True:
        try:
            return LinkConnection(address, connect_seconds, answer_seconds)
        except LinkRefused as error:
            if time.monotonic() + pause > deadline:
                raise
            logger.info("%s; trying again", error)
        time.sleep(pause)
        pause = min(2 * pause, 1.0)
