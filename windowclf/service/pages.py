"""The pages of the service and their files, all from here."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from swagger_ui_bundle import swagger_ui_path

from windowclf.classifier import WindowClassifier
from windowclf.reports.html.page import fragment, hues
from windowclf.service.limits import Limits

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing comes from another site or goes there, and no script stands in a page; the lengths of an
explanation's bars are styles of their own, and so is much of Swagger UI."""

HEADERS = [
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
"""Of every answer."""

LONGEST = 20_000
"""Characters that the page takes: each word is an element, and a browser has its limits too."""

MEANINGS = {
    "PER": "persons",
    "ORG": "organisations",
    "LOC": "places",
    "MISC": "other names, such as nationalities and events",
}
"""Labels that most corpora of names share, in words."""


def add_pages(app: FastAPI, classifier: WindowClassifier, limits: Limits) -> None:
    """Add the page to try the service on, and that of its description.

    Parameters
    ----------
    app : FastAPI
    classifier : WindowClassifier
    limits : Limits
    """
    page = fragment(
        "serve.html",
        hues=hues(classifier.labels),
        meanings=MEANINGS,
        longest=min(LONGEST, limits.bytes),
    )
    described = fragment("service_description.html")

    def add(path: str, answer: Any) -> None:
        app.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)

    add("/", _page(page))
    add("/docs", _page(described))
    own = files("windowclf.reports.html") / "templates"
    for name, folder in (
        ("style.css", own),
        ("serve.js", own),
        ("service_description.js", own),
        ("service_description.css", own),
        ("swagger-ui.css", swagger_ui_path),
        ("swagger-ui-bundle.js", swagger_ui_path),
    ):
        add(f"/files/{name}", _file(Path(str(folder / name))))


def _page(source: str) -> Any:
    async def answer() -> HTMLResponse:
        return HTMLResponse(source)

    return answer


def _file(path: Path) -> Any:
    async def answer() -> FileResponse:
        return FileResponse(path)

    return answer
