"""The pages of the service with their files, all from this service."""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from swagger_ui_bundle import swagger_ui_path

from windowclf.classifier import WindowClassifier
from windowclf.reports.html.page import fragment, hues
from windowclf.service.limits import Limits

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A content security policy without other sites and inline scripts. Inline styles are allowed,
because the bars of an explanation and Swagger UI need them."""

HEADERS = [
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
"""The headers of every answer."""

LONGEST = 20_000
"""Longest text on the page in characters, because each word becomes an element in the browser."""

MEANINGS = {
    "PER": "persons",
    "ORG": "organisations",
    "LOC": "places",
    "MISC": "other names, such as nationalities and events",
}
"""Explanations of the labels that most corpora of names share."""


def make_pages(classifier: WindowClassifier, limits: Limits) -> list[Route]:
    """Make the routes of the page to try the service, of its description, and of their files."""
    tried = fragment(
        "serve.html",
        hues=hues(classifier.labels),
        meanings=MEANINGS,
        longest=min(LONGEST, limits.bytes),
    )
    own = files("windowclf.reports.html") / "templates"
    names = ("style.css", "serve.js", "service_description.js", "service_description.css")
    paths = [Path(str(own / name)) for name in names]
    paths += [swagger_ui_path / name for name in ("swagger-ui.css", "swagger-ui-bundle.js")]
    return [
        page_route("/", partial(HTMLResponse, tried)),
        page_route("/docs", partial(HTMLResponse, fragment("service_description.html"))),
        *(page_route(f"/files/{path.name}", partial(FileResponse, path)) for path in paths),
    ]


def page_route(path: str, make_response: Callable[[], Response]) -> Route:
    """Make a route with a constant answer."""

    async def answer(_: Request) -> Response:
        return make_response()

    return Route(path, answer)
