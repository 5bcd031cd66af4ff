"""The bearer tokens of the service, and the hosts that it may answer at without one."""

import hashlib
import hmac
import ipaddress
from collections.abc import Collection
from pathlib import Path

from f2p_deploy.system.errors import InputError

#: Fewest characters of a token; `openssl rand -hex 32` gives 64.
SHORTEST = 16


def read_tokens(path: Path) -> tuple[bytes, ...]:
    """Read the SHA-256 of every token in a file with one token per line; empty lines and lines with # are left out.

    Raises:
        InputError: the file cannot be read, holds no token, or one that is too short or not printable ASCII.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "they are not ASCII"
        raise InputError(f"cannot read the tokens in {path}: {reason}") from error
    hashes = []
    for number, line in enumerate(lines, start=1):
        token = line.strip()
        if not token or token.startswith("#"):
            continue
        if len(token) < SHORTEST or not token.isprintable() or " " in token:
            raise InputError(
                f"{path}, line {number}: a token has at least {SHORTEST} characters and no spaces; "
                "openssl rand -hex 32 makes one"
            )
        hashes.append(hashlib.sha256(token.encode()).digest())
    if not hashes:
        raise InputError(f"{path} holds no token: write one per line; openssl rand -hex 32 makes one")
    return tuple(hashes)


def knows(header: str, hashes: Collection[bytes]) -> bool:
    """Return whether an `Authorization` header holds one of the tokens; it takes the same time for every token.

    Args:
        header: its value, such as `Bearer 0123456789abcdef`.
        hashes: as `read_tokens` returns them.
    """
    scheme, _, token = header.partition(" ")
    given = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
    equal = [hmac.compare_digest(given, known) for known in hashes]  # every one, whichever is equal
    return any(equal) and scheme.lower() == "bearer"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine only: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
