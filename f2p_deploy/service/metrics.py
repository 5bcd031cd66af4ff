"""The service's measurements in Prometheus' text format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

#: Upper ends of the buckets of times, in seconds.
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class ServiceMetrics:
    """Counters and histograms of one service, in a registry of their own.

    Args:
        queue: most requests that are accepted and not yet answered.
    """

    def __init__(self, queue: int) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "f2p_requests", "Answered requests.", ("route", "status", "code"), registry=self.registry
        )
        self._request = Histogram(
            "f2p_request_seconds",
            "Time from the first byte of a request to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stage = Histogram(
            "f2p_stage_seconds",
            "Time of one stage of a request, with its waiting.",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batches = Histogram(
            "f2p_batch_size", "Faces in a batch.", ("mode",), buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry
        )
        self._waited = Histogram(
            "f2p_batch_wait_seconds",
            "Time that the first face of a batch waited.",
            ("mode",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.accepted = Gauge("f2p_queue", "Requests that are accepted and not yet answered.", registry=self.registry)
        Gauge("f2p_queue_limit", "Most such requests.", registry=self.registry).set(queue)
        self._failures = Counter("f2p_failures", "Refused requests by their code.", ("code",), registry=self.registry)

    def request(self, route: str, status: int, code: str, seconds: float) -> None:
        """Count an answered request.

        Args:
            route: its path as documented, `other` for an unknown one.
            status: of the answer.
            code: of the refusal; empty for none.
            seconds: it took.
        """
        self._requests.labels(route, str(status), code).inc()
        self._request.labels(route).observe(seconds)
        if code:
            self._failures.labels(code).inc()

    def stage(self, stage: str, seconds: float) -> None:
        """Measure a stage: `upload`, `align`, `generate` or `draw`."""
        self._stage.labels(stage).observe(seconds)

    def batch(self, mode: str, size: int, waited: float) -> None:
        """Measure a batch that is about to be computed."""
        self._batches.labels(mode).observe(size)
        self._waited.labels(mode).observe(waited)

    def text(self) -> tuple[bytes, str]:
        """Return everything in Prometheus' text format, and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
