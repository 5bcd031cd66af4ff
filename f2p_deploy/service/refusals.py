"""The refusals of the service: a stable code, an HTTP status and one sentence each."""

from typing import Any, NamedTuple

from f2p_deploy.system.errors import F2PError, FloorMissed, InputError, PhotoError


class Meaning(NamedTuple):
    """What a code means.

    Args:
        status: the HTTP status.
        title: a few words, the same for every refusal of this code.
        retry: whether the same request may succeed later.
    """

    status: int
    title: str
    retry: bool = False


#: All codes. They are part of the interface: a code is never renamed, and its status never changes.
CODES: dict[str, Meaning] = {
    "unauthorized": Meaning(401, "No valid token"),
    "foreign-host": Meaning(403, "Asked from another site"),
    "not-found": Meaning(404, "No such address"),
    "method-not-allowed": Meaning(405, "No such method at this address"),
    "upload-timeout": Meaning(408, "The body took too long to arrive"),
    "key-reused": Meaning(409, "The idempotency key belongs to another request"),
    "too-large": Meaning(413, "Too many bytes"),
    "too-many-pixels": Meaning(413, "Too many pixels"),
    "media-type": Meaning(415, "The body is of another type"),
    "invalid-request": Meaning(422, "A field cannot be used"),
    "unreadable": Meaning(422, "Not a readable photo"),
    "no-face": Meaning(422, "No face in the photo"),
    "several-faces": Meaning(422, "Several faces in the photo"),
    "too-small": Meaning(422, "The face or the photo is too small"),
    "turned": Meaning(422, "The face is turned too far"),
    "busy": Meaning(429, "Too many requests wait", retry=True),
    "internal": Meaning(500, "A bug of the service"),
    "not-ready": Meaning(503, "The networks are not loaded yet", retry=True),
    "ending": Meaning(503, "The service is about to end", retry=True),
    "lost": Meaning(503, "The process that computed it ended", retry=True),
    "timeout": Meaning(504, "It took too long", retry=True),
}


class Refusal(F2PError):
    """A request that is not answered as asked.

    Args:
        code: a key of `CODES`.
        message: one sentence for people.
        retry_after: seconds after which to try again; None for no advice.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CODES[self.code].status

    def to_dict(self, request: str) -> dict[str, Any]:
        """Return the body of the answer, a problem as RFC 9457 says, with `code` and `id`.

        Args:
            request: the request's random id.
        """
        meaning = CODES[self.code]
        return {
            "type": f"urn:f2p-deploy:{self.code}",
            "title": meaning.title,
            "status": meaning.status,
            "detail": str(self),
            "code": self.code,
            "id": request,
        }


def refusal_of(error: BaseException) -> Refusal:
    """Return the refusal for an error; what is not the caller's fault says nothing about the inside."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, PhotoError) and error.reason in CODES:
        return Refusal(error.reason, str(error))
    if isinstance(error, TimeoutError):
        return Refusal("timeout", "the request took too long: try again later", retry_after=1.0)
    if isinstance(error, InputError):
        return Refusal("invalid-request", str(error))
    if isinstance(error, FloorMissed):
        return Refusal("internal", str(error))
    return Refusal("internal", "this is a bug of the service: its log has more under this id")
