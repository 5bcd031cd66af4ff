"""The client of the HTTP service."""

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from f2p_deploy.client.made import MadeByService, ServedFacts
from f2p_deploy.client.retries import AGAIN, RetryPolicy, ServiceError
from f2p_deploy.system.errors import InputError


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
        keep: Mapping[str, Any] | None = None,
        picture: bool = False,
        key: str | None = None,
    ) -> MadeByService:
        """Make a character from a photo.

        Args:
            photo: the file, or its content.
            mode: `auto`, or one of the service's modes.
            keep: the content of a `parameters.json` whose locked values are kept.
            picture: draw the character, too.
            key: the idempotency key; a random one if not given. With the same key and the same arguments another
                process gets the same answer within ten minutes.

        Raises:
            InputError: the file cannot be read.
            ServiceError: the service refused the photo, or cannot be reached.
        """
        if isinstance(photo, bytes):
            content = photo
        else:
            try:
                content = Path(photo).read_bytes()
            except OSError as error:
                raise InputError(f"cannot read {photo}: {error.strerror}") from error
        fields = {"mode": mode, "picture": "true" if picture else "false"}
        if keep is not None:
            fields["keep"] = json.dumps(keep)
        request = {"data": fields, "files": {"photo": ("photo", content, "application/octet-stream")}}
        headers = {"idempotency-key": key or secrets.token_hex(16)}
        return MadeByService.from_dict(self._send("POST", "/v1/characters", headers=headers, **request).json())

    def render(self, parameters: Mapping[str, Any]) -> bytes:
        """Draw a character; return a PNG file.

        Args:
            parameters: the content of a `parameters.json`.

        Raises:
            ServiceError: as for `make`.
        """
        return self._send("POST", "/v1/render", json=dict(parameters)).content

    def served(self) -> ServedFacts:
        """Return what the service serves.

        Raises:
            ServiceError: as for `make`.
        """
        return ServedFacts.from_dict(self._send("GET", "/v1/schema").json())

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


def _seconds(text: str) -> float | None:
    """Return the seconds of a `Retry-After`; None for a date or nothing."""
    return float(text) if text.isdecimal() else None
