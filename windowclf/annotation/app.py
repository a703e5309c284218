"""The application that `windowclf annotate` runs: its paths and their answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from windowclf.annotation import bodies
from windowclf.annotation.entries import Change, Passage
from windowclf.annotation.learner_process import Event, LearnerProcess
from windowclf.annotation.measure import advice
from windowclf.annotation.proposals import ProposalCache
from windowclf.annotation.review import (
    adopt,
    find_contradictions,
    find_disagreements,
    fix_name,
    list_names,
    relabel_name,
)
from windowclf.annotation.store import ConflictError, Store
from windowclf.errors import StoreError, one_line
from windowclf.reports.html.page import fragment
from windowclf.service.bodies import decode
from windowclf.service.limits import Limits, read_body
from windowclf.service.pages import page_route
from windowclf.service.refusals import REFUSED, json_response, refused

_TEMPLATES = files("windowclf.reports.html") / "templates"
_KINDS = {".js": "text/javascript", ".css": "text/css"}
_DIGITS = "1234567890"
"""The keys of the first labels."""
_PAGE = 50
"""Number of decisions in one answer of the history."""
_AROUND = 160
"""Number of characters shown of the passage before and of the one after."""
_NOTICED = {"proposals", "round"}
"""Events of the learner that bring other proposals."""

P = ParamSpec("P")
T = TypeVar("T")


class Annotation:
    """The request handlers of a project.

    Parameters
    ----------
    store : Store
    proposals : ProposalCache
    who : str
        Author of decisions whose request names nobody.
    limits : Limits
    learner : sequence of str, optional
        Command to run in place of the learner.
    """

    def __init__(
        self,
        store: Store,
        proposals: ProposalCache,
        who: str,
        limits: Limits,
        learner: Sequence[str] | None = None,
    ) -> None:
        self._store, self._proposals = store, proposals
        self._who, self._limits = who, limits
        self._learner = LearnerProcess(store.folder, self._on_event, learner)
        self._event: Event = {"event": "starting"}
        self._number = 0  # increased by every change that a page shows
        self._proposed = 0  # increased when there are other proposals
        self._advised: tuple[int, str | None] = (0, None)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Run the learner while the application runs."""
        async with self._learner:
            yield

    def routes(self) -> list[Route]:
        """List the paths."""
        return [
            Route("/state", self.state),
            Route("/next", self.next, methods=["POST"]),
            Route("/release", self.release, methods=["POST"]),
            Route("/passage/{number:int}", self.passage),
            Route("/decide", self.decide, methods=["POST"]),
            Route("/undo", self.undo, methods=["POST"]),
            Route("/labels", self.labels, methods=["POST"]),
            Route("/guidelines", self.guidelines),
            Route("/guidelines", self.write_guidelines, methods=["POST"]),
            Route("/history", self.history),
            Route("/review", self.review),
            Route("/contradictions", self.contradictions),
            Route("/fix", self.fix, methods=["POST"]),
            Route("/adopt", self.adopt, methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:
        """Return all that the page shows beside the passage; 204 if nothing changed `since`."""
        if request.query_params.get("since") == str(self._number):
            return Response(status_code=204)
        return _json(await _in_thread(self._state))

    async def next(self, request: Request) -> Response:
        """Hand out the next passages."""
        body = await self._body(request, bodies.NextRequest)

        def take() -> list[dict[str, Any]]:
            return self._shown(self._store.take(body.client, body.count, body.exclude))

        return _json({"passages": await _in_thread(take)})

    async def release(self, request: Request) -> Response:
        """Make the passages of a closed window available to others."""
        body = await self._body(request, bodies.ReleaseRequest)
        await _in_thread(self._store.release, body.client)
        return Response(status_code=204)

    async def passage(self, request: Request) -> Response:
        """Return one passage."""
        [shown] = await _in_thread(self._shown, [request.path_params["number"]])
        return _json(shown)

    async def decide(self, request: Request) -> Response:
        """Save decisions; they are on the disk before the answer is sent."""
        body = await self._body(request, bodies.DecideRequest)
        who = body.who or self._who
        saved = await self._change(self._store.decide, body.request, who, body.changes)
        return _json({"saved": saved})

    async def undo(self, request: Request) -> Response:
        """Undo the last request of a person."""
        body = await self._body(request, bodies.UndoRequest)
        restored = await self._change(self._store.undo, body.request, body.who or self._who)
        return _json({"passages": await _in_thread(self._shown, restored or [])})

    async def labels(self, request: Request) -> Response:
        """Add or rename a label."""
        body = await self._body(request, bodies.LabelRequest)
        if isinstance(body.add, str):
            await self._change(self._store.add_label, body.add)
        elif isinstance(body.rename, int) and isinstance(body.name, str):
            await self._change(self._store.rename_label, body.rename, body.name)
        else:
            raise HTTPException(422, 'expected either "add", or "rename" and "name"')
        return _json({"labels": await _in_thread(self._labels)})

    async def guidelines(self, _: Request) -> Response:
        """Return the guidelines."""
        text, version = await _in_thread(self._store.guidelines)
        return _json({"text": text, "version": version})

    async def write_guidelines(self, request: Request) -> Response:
        """Replace the guidelines."""
        body = await self._body(request, bodies.GuidelinesRequest)
        try:
            version = await self._change(self._store.set_guidelines, body.text, body.version)
        except ConflictError as error:
            text, version = await _in_thread(self._store.guidelines)
            found = {"error": one_line(error), "text": text, "version": version}
            return _json(found, 409)
        return _json({"version": version})

    async def history(self, request: Request) -> Response:
        """List decisions, the newest first."""
        before = _number(request, "before")
        return _json({"decisions": await _in_thread(self._store.history, _PAGE, before)})

    async def review(self, request: Request) -> Response:
        """List the labelled names, the most frequent ones first."""
        label, page = _number(request, "label"), _number(request, "page") or 0
        query = request.query_params.get("query", "")
        return _json(await _in_thread(list_names, self._store, label, query, page))

    async def contradictions(self, _: Request) -> Response:
        """List where labels contradict one another, and where the model contradicts them."""

        def find() -> dict[str, Any]:
            proposals = {each.passage: each.spans for each in self._proposals.all()}
            return {
                "contradictions": find_contradictions(self._store),
                "disagreements": find_disagreements(self._store, proposals),
            }

        return _json(await _in_thread(find))

    async def fix(self, request: Request) -> Response:
        """Replace the label of a name wherever it has a certain one."""
        body = await self._body(request, bodies.FixRequest)
        find = relabel_name if body.labelled else fix_name
        changes = await _in_thread(
            find, self._store, body.text, body.label, body.new, body.passages
        )
        return await self._save_changes(body, changes)

    async def adopt(self, request: Request) -> Response:
        """Replace labels by the proposals of the model."""
        body = await self._body(request, bodies.AdoptRequest)
        return await self._save_changes(body, await _in_thread(adopt, self._store, body.chosen))

    async def _save_changes(
        self, body: bodies.FixRequest | bodies.AdoptRequest, changes: list[Change]
    ) -> Response:
        who = body.who or self._who
        if not changes:  # another person was faster, or the request was sent again
            return _json({"saved": []})
        saved = await self._change(self._store.decide, body.request, who, changes)
        return _json({"saved": saved})

    async def _body(self, request: Request, kind: type[T]) -> T:
        """Read the body of a request that writes; refuse one from a page of another site."""
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            raise HTTPException(403, "Origin: expected the page of this service, not another site")
        return decode(await read_body(request.scope, request.receive, self._limits), kind)

    async def _change(self, function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Change the project, and notify the learner and the pages."""
        changed = await _in_thread(function, *given, **named)
        self._number += 1
        self._learner.wake()
        return changed

    def _on_event(self, event: Event) -> None:
        self._event = event
        self._number += 1
        self._proposed += event.get("event") in _NOTICED

    def _state(self) -> dict[str, Any]:
        number = self._number  # read first: the next request reports later changes
        rounds = [each for each in self._store.rounds() if each.f1 is not None]
        if rounds and self._advised[0] != rounds[-1].id:
            self._advised = rounds[-1].id, advice(rounds)
        last = rounds[-1] if rounds else None
        return {
            "number": number,
            "proposed": self._proposed,
            "project": {"name": self._store.folder.resolve().name, "id": self._store.created},
            "labels": self._labels(),
            "guidelines": self._store.guidelines()[1],
            "counts": self._store.counts(),
            "measure": last
            and {"f1": last.f1, "low": last.low, "high": last.high, "sentences": last.measured},
            "curve": [
                {"sentences": r.sentences, "f1": r.f1, "low": r.low, "high": r.high} for r in rounds
            ],
            "advice": self._advised[1],
            "learner": self._event,
            "who": self._who,
        }

    def _labels(self) -> list[dict[str, Any]]:
        return [
            {"id": label.id, "name": label.name, "key": _DIGITS[number : number + 1] or None}
            for number, label in enumerate(self._store.labels())
        ]

    def _shown(self, numbers: Iterable[int]) -> list[dict[str, Any]]:
        """Read passages with their proposals and the text around them."""
        passages = [self._store.passage(number) for number in numbers]
        proposals = self._proposals.of([passage.id for passage in passages])
        known = {label.id for label in self._store.labels()}
        return [
            msgspec.structs.asdict(passage)
            | {
                "proposal": [span for span in proposed.spans if span[2] in known]
                if (proposed := proposals.get(passage.id))
                else None,
                "before": self._neighbour(passage, -1),
                "after": self._neighbour(passage, 1),
            }
            for passage in passages
        ]

    def _neighbour(self, passage: Passage, step: int) -> str:
        """Read the text before or after a passage in its document."""
        if not 0 <= passage.position + step < passage.count:
            return ""
        # The passages of a document have consecutive numbers.
        text = self._store.passage(passage.id + step).text.strip()
        if len(text) <= _AROUND:
            return text
        return f"{text[:_AROUND]}…" if step > 0 else f"…{text[-_AROUND:]}"


def create_app(
    store: Store,
    *,
    who: str,
    hosts: Sequence[str] = ("*",),
    limits: Limits | None = None,
    learner: Sequence[str] | None = None,
) -> ASGIApp:
    """Make the application of a project, for any ASGI server.

    Parameters
    ----------
    store : Store
        The project, which the caller closes.
    who : str
        Author of decisions whose request names nobody.
    hosts : sequence of str
        Values of the header Host that are accepted; ``*`` accepts any.
    limits : Limits, optional
        Limits on requests; the defaults of `Limits` if omitted.
    learner : sequence of str, optional
        Command to run in place of the learner.
    """
    proposals = ProposalCache(store.folder, store.created)
    annotation = Annotation(store, proposals, who, limits or Limits(), learner)
    templates = [Path(str(each)) for each in _TEMPLATES.iterdir()]
    paths = [
        path
        for path in templates
        if path.suffix in _KINDS and (path.name.startswith("annotate") or path.name == "style.css")
    ]
    app = Starlette(
        routes=[
            page_route("/", partial(HTMLResponse, fragment("annotate.html"))),
            *(page_route(f"/files/{path.name}", partial(_file, path)) for path in paths),
            *annotation.routes(),
        ],
        exception_handlers={
            **dict.fromkeys(REFUSED, refused),
            StoreError: _not_saved,
            ConflictError: _conflict,
        },
        lifespan=annotation.lifespan,
    )
    app.router.redirect_slashes = False
    if "*" in hosts:
        return app
    return TrustedHostMiddleware(app, allowed_hosts=[*hosts], www_redirect=False)


async def _in_thread(function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Call a function in a thread, so that other requests are answered while it reads the disk."""
    return await asyncio.to_thread(function, *given, **named)


def _json(found: Any, status: int = 200) -> Response:
    return json_response(msgspec.json.encode(found), status)


def _file(path: Path) -> Response:
    # The browser checks for a new version each time, so that an update takes effect at once.
    return FileResponse(path, media_type=_KINDS[path.suffix], headers={"Cache-Control": "no-cache"})


def _number(request: Request, name: str) -> int | None:
    given = request.query_params.get(name, "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise HTTPException(422, f"{name}: expected a whole number")
    return int(given) if given else None


async def _not_saved(_: Request, error: Exception) -> Response:
    return _json({"error": one_line(error)}, 507)


async def _conflict(_: Request, error: Exception) -> Response:
    passages = error.passages if isinstance(error, ConflictError) else []
    return _json({"error": one_line(error), "passages": passages}, 409)
