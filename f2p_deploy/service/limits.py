"""The limits of the service: sizes, seconds and the length of the queue."""

from dataclasses import dataclass, fields

from f2p_deploy.system.errors import InputError


@dataclass(frozen=True)
class ServiceLimits:
    """What one request may cost, and how many may wait.

    Args:
        upload_bytes: most bytes of a photo's file.
        photo_pixels: most pixels of a photo; its file is not decoded beyond.
        queue: most requests that are accepted and not yet answered; further ones are refused at once.
        upload_seconds: a request's body must have arrived by then.
        align_seconds: for finding and aligning the face, with the wait for it.
        generate_seconds: for generating and drawing, with the wait for it.
        batch_seconds: how long the first request of a batch waits for others, if nothing else is computed.

    Raises:
        InputError: a limit that is not positive.
    """

    upload_bytes: int = 16 * 2**20
    photo_pixels: int = 50_000_000
    queue: int = 32
    upload_seconds: float = 20.0
    align_seconds: float = 10.0
    generate_seconds: float = 30.0
    batch_seconds: float = 0.002

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (0 < value < float("inf")):
                raise InputError(f"the limit {field.name} must be positive, found {value}")
