"""The application: its paths, and what each answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windowclf.classifier import WindowClassifier
from windowclf.errors import DataError, UsageError, WindowclfError, one_line
from windowclf.explanation.result import Explanation
from windowclf.reports.html.explanation import explanation_fragment
from windowclf.service.batcher import Batcher
from windowclf.service.bodies import (
    ExplainRequest,
    Health,
    Refusal,
    TagRequest,
    decode,
    describe,
)
from windowclf.service.limits import WAIT, Limits, in_time, read_body
from windowclf.service.metrics import Measured, Metrics
from windowclf.service.pages import make_pages

_REASONS = {
    "Not Found": "no such path; /docs lists those that there are",
    "Method Not Allowed": "not with this method; the header Allow names the right one",
}


class Service:
    """A classifier that answers requests."""

    def __init__(
        self, classifier: WindowClassifier, name: str, limits: Limits, threads: int
    ) -> None:
        self._classifier, self._limits = classifier, limits
        self.metrics = Metrics()
        self._batcher = Batcher(classifier, self.metrics, threads)
        self._explainer = ThreadPoolExecutor(1)
        self._under_way = 0
        self.metrics.under_way.set_function(lambda: self._under_way)
        health = Health(
            status="ok",
            version=version("windowclf"),
            model=name,
            labels=classifier.labels,
            tags=classifier.tags,
            limits=limits,
        )
        self._health = msgspec.json.encode(health)
        self._description = describe()

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Keep the threads while the application runs."""
        async with self._batcher:
            yield
        self._explainer.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Refuse a request while too many are under way."""
        if self._under_way >= self._limits.waiting:
            raise HTTPException(503, "too many requests at the same time; come again", WAIT)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def tag(self, request: Request) -> Response:
        """Find the entities of a text, or of several."""
        with self._room():
            body = decode(await read_body(request, self._limits), TagRequest)
            texts = body.checked_texts(self._limits)
            alone = body.texts is msgspec.UNSET
            answer = self._batcher.tag(
                texts, alone=alone, tokens=body.tokens, text_unit=body.text_unit
            )
            return _json(await in_time(answer, self._limits))

    async def explain(self, request: Request) -> Response:
        """Explain why a word of a text has its tag, in JSON or as a part of a page."""
        with self._room():
            body = decode(await read_body(request, self._limits), ExplainRequest)
            as_html = "text/html" in request.headers.get("accept", "")
            loop = asyncio.get_running_loop()
            answer = loop.run_in_executor(self._explainer, self._explain, body, as_html)
            explained = await in_time(answer, self._limits)
            return Response(explained, media_type="text/html") if as_html else _json(explained)

    def _explain(self, body: ExplainRequest, as_html: bool) -> bytes:
        explanation: Explanation = self._classifier.explain(
            body.text, body.token, text_unit=body.text_unit
        )
        if as_html:
            return explanation_fragment(explanation).encode()
        return msgspec.json.encode(explanation)

    async def health(self, _: Request) -> Response:
        """Say that the service is ready, and what it serves."""
        return _json(self._health)

    async def count(self, _: Request) -> Response:
        """Give the metrics in the format of Prometheus."""
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def describe(self, _: Request) -> Response:
        """Describe the service."""
        return _json(self._description)


def create_app(
    classifier: WindowClassifier,
    name: str,
    *,
    limits: Limits | None = None,
    threads: int = 1,
    hosts: Sequence[str] = ("*",),
) -> Starlette:
    """Make the application that `windowclf serve` runs, for any ASGI server.

    Parameters
    ----------
    classifier : WindowClassifier
        A trained one.
    name : str
        The name of its model, which /health gives.
    limits : Limits, optional
        Without them their defaults.
    threads : int
        How many threads tag at the same time.
    hosts : sequence of str
        Names that a request may call the service by; ``*`` is any.
    """
    limits = limits or Limits()
    service = Service(classifier, name, limits, threads)
    routes = [
        Route("/tag", service.tag, methods=["POST"]),
        Route("/explain", service.explain, methods=["POST"]),
        Route("/health", service.health),
        Route("/metrics", service.count),
        Route("/openapi.json", service.describe),
        *make_pages(classifier, limits),
    ]
    paths = [route.path for route in routes]
    middleware = [Middleware(Measured, metrics=service.metrics, paths=paths)]
    if "*" not in hosts:
        middleware.append(
            Middleware(TrustedHostMiddleware, allowed_hosts=[*hosts], www_redirect=False)
        )
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers=dict.fromkeys((HTTPException, WindowclfError, Exception), _refused),
        lifespan=service.lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


async def _refused(_: Request, error: Exception) -> Response:
    """Say in one line why a request was refused, or failed; the server logs what is unexpected."""
    headers = None
    match error:
        case HTTPException():
            status, reason = error.status_code, _REASONS.get(error.detail, error.detail)
            headers = error.headers
        case UsageError() | DataError():
            status, reason = 422, one_line(error)
        case WindowclfError():
            status, reason = 500, one_line(error)
        case _:
            status, reason = 500, "an error of the service, which its log tells"
    return _json(msgspec.json.encode(Refusal(reason)), status, headers)
