"""The application: its paths, and what each answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.routing import Route

from windowclf.classifier import WindowClassifier
from windowclf.errors import DataError, UsageError, WindowclfError, one_line
from windowclf.explanation.result import Explanation
from windowclf.reports.html.explanation import explanation_fragment
from windowclf.service.batcher import Batcher
from windowclf.service.bodies import ExplainRequest, Health, Refusal, TagRequest, decode
from windowclf.service.description import DESCRIPTIONS, describe
from windowclf.service.limits import WAIT, Limits, in_time, read_body
from windowclf.service.metrics import Measured, Metrics
from windowclf.service.pages import add_pages

_REASONS = {
    "Not Found": "no such path; /docs lists those that there are",
    "Method Not Allowed": "not with this method; the header Allow names the right one",
}


class Service:
    """A classifier that answers requests.

    Parameters
    ----------
    classifier : WindowClassifier
    name : str
        Of its model.
    limits : Limits
    threads : int
        Tag at the same time.
    """

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

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
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
        """Find the entities of a text, or of several.

        A text is one document, as for `windowclf tag`. Offsets count code points, as Python does:
        in JavaScript take them of `Array.from(text)`. Scores are those of `windowclf tag` to five
        digits: the last bits depend on what is tagged together.
        """
        with self._room():
            asked = decode(await read_body(request, self._limits), TagRequest)
            texts = asked.given(self._limits)
            alone = asked.texts is msgspec.UNSET
            answer = self._batcher.tag(texts, alone=alone, tokens=asked.tokens)
            return _json(await in_time(answer, self._limits))

    async def explain(self, request: Request) -> Response:
        """Explain why a word of a text has its tag.

        The answer is JSON, or with `Accept: text/html` a part of a page.
        """
        with self._room():
            asked = decode(await read_body(request, self._limits), ExplainRequest)
            as_html = "text/html" in request.headers.get("accept", "")
            loop = asyncio.get_running_loop()
            answer = loop.run_in_executor(self._explainer, self._explained, asked, as_html)
            found = await in_time(answer, self._limits)
            return Response(found, media_type="text/html") if as_html else _json(found)

    def _explained(self, asked: ExplainRequest, as_html: bool) -> bytes:
        found: Explanation = self._classifier.explain(asked.text, asked.token)
        return explanation_fragment(found).encode() if as_html else msgspec.json.encode(found)

    async def health(self) -> Response:
        """Say that the service is ready, and what it serves."""
        return _json(self._health)

    async def count(self) -> Response:
        """Give the metrics in the format of Prometheus."""
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def create_app(
    classifier: WindowClassifier,
    name: str,
    *,
    limits: Limits | None = None,
    threads: int = 1,
    hosts: Sequence[str] = ("*",),
) -> FastAPI:
    """Make the application that `windowclf serve` runs, for any ASGI server.

    Parameters
    ----------
    classifier : WindowClassifier
    name : str
        Of its model.
    limits : Limits, optional
    threads : int
        Tag at the same time.
    hosts : sequence of str
        Names that a request may call the service by; ``*`` is any.
    """
    service = Service(classifier, name, limits or Limits(), threads)
    app = FastAPI(lifespan=service.lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    for path, method, answer in (
        ("/tag", "POST", service.tag),
        ("/explain", "POST", service.explain),
        ("/health", "GET", service.health),
        ("/metrics", "GET", service.count),
    ):
        app.add_api_route(path, answer, methods=[method], **DESCRIPTIONS[path])
    add_pages(app, classifier, limits or Limits())
    describe(app)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(WindowclfError, _refused)
    app.add_exception_handler(Exception, _failed)
    if "*" not in hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*hosts], www_redirect=False)
    paths = [route.path for route in app.routes if isinstance(route, Route)]
    app.add_middleware(Measured, metrics=service.metrics, paths=paths)
    return app


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


def _refused(_: Request, error: Exception) -> Response:
    """Say in one line why a request was refused, or failed."""
    if isinstance(error, HTTPException):
        reason = _REASONS.get(error.detail, error.detail)
        return _json(_refusal(reason), error.status_code, error.headers)
    return _json(
        _refusal(one_line(error)), 422 if isinstance(error, UsageError | DataError) else 500
    )


def _failed(_: Request, __: Exception) -> Response:
    """Answer where the service has an error of its own; the server logs it."""
    return _json(_refusal("an error of the service, which its log tells"), 500)


def _refusal(reason: str) -> bytes:
    return msgspec.json.encode(Refusal(reason))
