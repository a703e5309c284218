"""What the service counts, as Prometheus reads it."""

from collections.abc import Collection
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"
"""Stands for all paths that there are not: a stranger must not make the memory grow."""


class Metrics:
    """Counters of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "windowclf_requests",
            "Requests that were answered.",
            ["path", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "windowclf_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            ["path"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.under_way = Gauge(
            "windowclf_requests_under_way",
            "Requests that are read or wait for the tagger.",
            registry=self.registry,
        )
        self.tokens = Counter(
            "windowclf_tokens", "Tokens that were tagged.", registry=self.registry
        )
        self.batches = Histogram(
            "windowclf_batch_texts",
            "Texts that were tagged at once.",
            buckets=[2**n for n in range(11)],
            registry=self.registry,
        )


class Measured:
    """Counts and times the requests of an application (ASGI middleware).

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
    paths : collection of str
        Those that there are.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self._app, self._metrics, self._paths = app, metrics, frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else OTHER
        start = perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.requests.labels(path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(perf_counter() - start)
