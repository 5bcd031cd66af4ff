"""Opens the sockets that servers of this package listen on."""

import os
import socket

from f2p_deploy.system.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """Open a socket.

    Its protocol is named: asyncio sends small packets at once (TCP_NODELAY) only on connections of such a socket, and
    else an answer whose head and body are written apart waits 40 ms for the other side's acknowledgement.

    Args:
        host: name or address.
        port: 0 for a free one.

    Raises:
        InputError: there is no such address, or the port is taken or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise InputError(f"cannot listen on {host}: {getattr(error, 'strerror', None) or 'no such host'}") from error
    try:
        if os.name == "posix":  # a port that was used a minute ago is free; elsewhere the option would share it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "no such port"
        raise InputError(f"cannot listen on {host}:{port}: {reason}; --port 0 takes a free port") from error
    return listener
