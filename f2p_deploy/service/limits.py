"""The limits of the service: sizes, seconds and the length of the queue."""

from dataclasses import dataclass, fields, replace

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

    upload_bytes: int = 16_000_000
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


def limits_of(
    queue: int | None = None,
    upload_mb: float | None = None,
    megapixels: float | None = None,
    seconds: float | None = None,
    batch_ms: float | None = None,
) -> ServiceLimits:
    """Return limits in the units of the command line; None for the usual ones.

    Raises:
        InputError: a limit that is not positive.

    Example:
        >>> limits_of(upload_mb=2).upload_bytes
        2000000
    """
    given = {
        "queue": queue,
        "upload_bytes": None if upload_mb is None else int(upload_mb * 1e6),
        "photo_pixels": None if megapixels is None else int(megapixels * 1e6),
        "generate_seconds": seconds,
        "batch_seconds": None if batch_ms is None else batch_ms / 1000,
    }
    return replace(ServiceLimits(), **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
