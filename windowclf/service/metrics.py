"""Metrics of the service in the format of Prometheus."""

from collections.abc import Collection
from functools import cache
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"
"""The label for all unknown paths, because a label for each would fill the memory."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of a service, in a separate registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "windowclf_requests",
            "Requests that were answered.",
            ["path", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "windowclf_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.under_way = Gauge(
            "windowclf_requests_under_way",
            "Requests that are read or wait for the tagger.",
            registry=registry,
        )
        self.tokens = Counter("windowclf_tokens", "Tokens that were tagged.", registry=registry)
        self.batches = Histogram(
            "windowclf_batch_texts",
            "Texts that were tagged at once.",
            buckets=[2**n for n in range(11)],
            registry=registry,
        )
        self.lost = Counter(
            "windowclf_lost_processes",
            "Processes that ended before their work was done, and were replaced.",
            registry=registry,
        )


class Measured:
    """ASGI middleware that counts and times the requests for the paths of an application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self._app, self._paths = app, frozenset(paths)
        self._requests = cache(metrics.requests.labels)
        self._seconds = cache(metrics.seconds.labels)

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
            self._requests(path, status).inc()
            self._seconds(path).observe(perf_counter() - start)
