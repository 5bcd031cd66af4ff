"""When a request is sent again, and the error if that does not help."""

import random
from dataclasses import dataclass

from f2p_deploy.system.errors import F2PError

#: Statuses after which the same request may succeed: 408 and 425 of proxies, 429, and the gateway's own.
AGAIN = frozenset({408, 425, 429, 502, 503, 504})


class ServiceError(F2PError):
    """The service refused a request, or cannot be reached.

    Args:
        message: one sentence.
        code: the service's stable code, see docs/serve.md; `unreachable` if there was no answer.
        status: the HTTP status; 0 if there was no answer.
        id: of the request in the service's log; empty if there was no answer.
    """

    exit_code = 2

    def __init__(self, message: str, code: str, status: int = 0, id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.id = id


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon a request is sent again.

    The wait before attempt n is a random time up to `first_seconds` * 2^(n - 1), at most `most_seconds`: callers that
    were refused together do not come back together. A `Retry-After` of the service is waited for in any case, and the
    random time is added.

    Args:
        attempts: how often a request is sent at most, with the first time.
        first_seconds: longest wait before the second attempt.
        most_seconds: longest random wait.
        patience: seconds for all attempts together; no further one is begun after them.
    """

    attempts: int = 6
    first_seconds: float = 0.2
    most_seconds: float = 10.0
    patience: float = 120.0

    def wait(self, attempt: int, retry_after: float | None) -> float:
        """Return the seconds to wait after an attempt that failed.

        Args:
            attempt: its number, from 1.
            retry_after: what the service advises; None for nothing.
        """
        longest = min(self.most_seconds, self.first_seconds * 2.0 ** (attempt - 1))
        return (retry_after or 0.0) + random.uniform(0.0, longest)
