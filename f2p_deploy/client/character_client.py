"""The client of the HTTP service."""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from f2p_deploy.client.made import MadeByService, ServedFacts
from f2p_deploy.client.retries import AGAIN, RetryPolicy, ServiceError
from f2p_deploy.system.errors import InputError

Answer = TypeVar("Answer")


class CharacterClient:
    """Makes characters through a service; threads may share a client.

    Every photo is sent with an idempotency key of its own, so a request that is sent again is not computed again.

    Args:
        address: of the service, such as `http://127.0.0.1:8000`.
        token: one of the service's bearer tokens; None for a service without.
        retries: when a request is sent again.
        timeout: seconds for one attempt.
        transport: httpx's own if not given.

    Example:
        >>> with CharacterClient("http://127.0.0.1:8000") as client:
        ...     made = client.make("anna.jpg", mode="hybrid")   # doctest: +SKIP
        ...     made.parameters["controllers"]["nose-width"]    # doctest: +SKIP
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        retries: RetryPolicy | None = None,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if token is not None and not re.fullmatch("[!-~]+", token):
            raise InputError("a token is ASCII without spaces or line ends: strip what was read from a file")
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self.retries = retries or RetryPolicy()
        try:
            self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout, transport=transport)
        except httpx.InvalidURL as error:
            raise InputError(f"{address} is not an address such as http://127.0.0.1:8000") from error
        if self._http.base_url.scheme not in ("http", "https"):
            raise InputError(f"{address} is not an address such as http://127.0.0.1:8000")

    def make(
        self,
        photo: str | Path | bytes,
        mode: str = "auto",
        keep: Mapping[str, Any] | str | Path | None = None,
        picture: bool = False,
        key: str | None = None,
    ) -> MadeByService:
        """Make a character from a photo.

        Args:
            photo: the file, or its content.
            mode: `auto`, or one of the service's modes.
            keep: a `parameters.json` whose locked values are kept: the file, or its content.
            picture: draw the character, too.
            key: the idempotency key; a random one if not given. With the same key and the same arguments another
                process gets the same answer within ten minutes.

        Raises:
            InputError: a file cannot be read, or `key` cannot be one.
            ServiceError: the service refused the photo, or cannot be reached.
        """
        if key and not re.fullmatch("[!-~]{1,200}", key):
            raise InputError(f"an idempotency key has 1 to 200 ASCII characters, no spaces; found {key[:80]!r}")
        content = photo if isinstance(photo, bytes) else _read(photo)
        fields = {"mode": mode, "picture": "true" if picture else "false"}
        if keep is not None:
            fields["keep"] = json.dumps(_content_of(keep))
        request = {"data": fields, "files": {"photo": ("photo", content, "application/octet-stream")}}
        headers = {"idempotency-key": key or secrets.token_hex(16)}
        return self._typed(MadeByService.from_dict, self._send("POST", "/v1/characters", headers=headers, **request))

    def render(self, parameters: Mapping[str, Any] | str | Path) -> bytes:
        """Draw a character; return a PNG file.

        Args:
            parameters: a `parameters.json`: the file, or its content.

        Raises:
            InputError: the file cannot be read.
            ServiceError: as for `make`.
        """
        return self._send("POST", "/v1/render", json=_content_of(parameters)).content

    def served(self) -> ServedFacts:
        """Return what the service serves.

        Raises:
            ServiceError: as for `make`.
        """
        return self._typed(ServedFacts.from_dict, self._send("GET", "/v1/schema"))

    def is_ready(self) -> bool:
        """Return whether the service answers now; it is asked once."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> "CharacterClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _typed(self, read: Callable[[Any], Answer], response: httpx.Response) -> Answer:
        """Return what an answer says; raise if it is not that of the service."""
        try:
            return read(response.json())
        except (ValueError, KeyError, TypeError) as error:
            raise ServiceError(
                f"{self._http.base_url} answers, but not as `f2p-deploy serve` does: is it the right address?",
                "unknown",
                response.status_code,
            ) from error

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, again where that may help, and return its answer."""
        began, attempt = time.monotonic(), 1
        while True:
            failure: ServiceError
            retry_after = None
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                failure = ServiceError(f"{self._http.base_url} cannot be reached: {error}", "unreachable")
            else:
                if response.is_success:
                    return response
                failure = error_of(response)
                if response.status_code not in AGAIN:
                    raise failure
                retry_after = _seconds(response.headers.get("retry-after", ""))
            wait = self.retries.wait(attempt, retry_after)
            spent = time.monotonic() - began + wait
            if attempt >= self.retries.attempts or spent > self.retries.patience:
                raise failure
            time.sleep(wait)
            attempt += 1


def error_of(response: httpx.Response) -> ServiceError:
    """Return the error of an answer that is no success; also for answers of proxies, which are no JSON."""
    try:
        problem = response.json()
        return ServiceError(str(problem["detail"]), str(problem["code"]), response.status_code, str(problem["id"]))
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"the service answered {response.status_code}", "unknown", response.status_code)


def _read(file: str | Path) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error


def _content_of(parameters: Mapping[str, Any] | str | Path) -> Any:
    """Return the content of a `parameters.json`, which may be given itself."""
    if isinstance(parameters, Mapping):
        return dict(parameters)
    try:
        return json.loads(_read(parameters))
    except ValueError as error:
        raise InputError(f"{parameters} is no parameters.json: it is not JSON") from error


def _seconds(text: str) -> float | None:
    """Return the seconds of a `Retry-After`; None for a date or nothing."""
    return float(text) if text.isdecimal() else None
