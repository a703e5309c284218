"""The ASGI application and its paths."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib.metadata import version

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from windowclf.classifier import WindowClassifier
from windowclf.errors import WindowclfError
from windowclf.service.answers import Answers, ToExplain, ToTag, explain, tag
from windowclf.service.bodies import ExplainRequest, Health, TagRequest, decode, describe
from windowclf.service.limits import WAIT, Limits, in_time, read_body
from windowclf.service.metrics import Measured, Metrics
from windowclf.service.pages import make_pages
from windowclf.service.queue import Queue
from windowclf.service.refusals import REFUSED, json_response, refusal, refused
from windowclf.service.workers import OneThread, Processes, Workers
from windowclf.tagging.texts import BATCH_CHARACTERS

TAG = "/tag"


class Service:
    """A classifier that answers requests."""

    def __init__(
        self, classifier: WindowClassifier, name: str, limits: Limits, workers: int
    ) -> None:
        self._limits = limits
        self.metrics = Metrics()
        to_tag: Workers[list[ToTag], Answers] = OneThread(partial(tag, classifier))
        to_explain: Workers[list[ToExplain], Answers] = OneThread(partial(explain, classifier))
        if workers > 1:
            # Copies inherit the modules and objects that are loaded here.
            tag(classifier, [ToTag([name], alone=True, tokens=False, text_unit="auto")])
            to_tag = Processes(partial(tag, classifier), workers, self.metrics)
            to_explain = Processes(partial(explain, classifier), 1, self.metrics)
        self._tagging = Queue(to_tag, BATCH_CHARACTERS, self.metrics)
        self._explaining = Queue(to_explain, 1, self.metrics)  # one at a time: each takes a second
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
        """Keep the workers while the application runs."""
        async with self._tagging, self._explaining:
            yield

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Reject a request while too many are in progress."""
        if self._under_way >= self._limits.waiting:
            raise HTTPException(503, "too many requests at the same time; come again", WAIT)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def tag(self, scope: Scope, receive: Receive) -> bytes:
        """Tag the text or the texts of a request."""
        with self._room():
            body = decode(await read_body(scope, receive, self._limits), TagRequest)
            texts = body.checked_texts(self._limits)
            alone = body.texts is msgspec.UNSET
            request = ToTag(texts, alone, body.tokens, body.text_unit)
            answer = self._tagging.put(request, sum(map(len, texts)))
            return await in_time(answer, self._limits)

    async def explain(self, request: Request) -> Response:
        """Explain why a word of a text has its tag, as JSON or as an HTML fragment."""
        with self._room():
            read = await read_body(request.scope, request.receive, self._limits)
            body = decode(read, ExplainRequest)
            as_html = "text/html" in request.headers.get("accept", "")
            to_explain = ToExplain(body.text, body.token, body.text_unit, as_html)
            explained = await in_time(self._explaining.put(to_explain, 1), self._limits)
            return (
                Response(explained, media_type="text/html") if as_html else json_response(explained)
            )

    async def health(self, _: Request) -> Response:
        """Report that the service is ready, with its version and model."""
        if not self._tagging.is_ready:
            raise HTTPException(503, "no process tags; another one is being started", WAIT)
        return json_response(self._health)

    async def count(self, _: Request) -> Response:
        """Return the metrics in the format of Prometheus."""
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def describe(self, _: Request) -> Response:
        """Return the OpenAPI description of the service."""
        return json_response(self._description)


class _Direct:
    """Answers the most frequent path directly; through Starlette a request takes twice as long.

    Other paths and methods go to the Starlette application.
    """

    def __init__(self, service: Service, others: ASGIApp) -> None:
        self._tag, self._others = service.tag, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"] != TAG or scope["method"] != "POST":
            await self._others(scope, receive, send)
            return
        try:
            body = await self._tag(scope, receive)
        except Exception as error:
            await refusal(error)(scope, receive, send)
            if not isinstance(error, HTTPException | WindowclfError):
                raise  # the server logs it
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def create_app(
    classifier: WindowClassifier,
    name: str,
    *,
    limits: Limits | None = None,
    workers: int = 1,
    hosts: Sequence[str] = ("*",),
) -> ASGIApp:
    """Make the application that `windowclf serve` runs, for any ASGI server.

    Parameters
    ----------
    classifier : WindowClassifier
        A trained classifier.
    name : str
        Name of the model, which /health reports.
    limits : Limits, optional
        Limits of a request.
    workers : int
        Number of processes that tag; with 1, a thread of this process tags. More than 1 need
        `windowclf.system.processes.can_fork`, and a server that runs in the main thread.
    hosts : sequence of str
        Host names that requests may use for the service; ``*`` allows any.
    """
    limits = limits or Limits()
    service = Service(classifier, name, limits, workers)
    routes = [
        Route(TAG, _only_direct, methods=["POST"]),
        Route("/explain", service.explain, methods=["POST"]),
        Route("/health", service.health),
        Route("/metrics", service.count),
        Route("/openapi.json", service.describe),
        *make_pages(classifier, limits),
    ]
    paths = [route.path for route in routes]
    others = Starlette(
        routes=routes,
        exception_handlers=dict.fromkeys(REFUSED, refused),
        lifespan=service.lifespan,
    )
    others.router.redirect_slashes = False
    app: ASGIApp = _Direct(service, others)
    if "*" not in hosts:
        app = TrustedHostMiddleware(app, allowed_hosts=[*hosts], www_redirect=False)
    return Measured(app, service.metrics, paths)


async def _only_direct(_: Request) -> Response:
    """Reserve the path that `_Direct` answers, so that other methods are rejected."""
    raise NotImplementedError
