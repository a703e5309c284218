"""Pages in a headless browser that may reach nothing but this machine."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, sync_playwright

from annotating import LOC, PER, SENTENCES, annotating, make_project, propose
from windowclf.annotation.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OWN = {"127.0.0.1", "localhost", ""}
"""Hosts of this machine; files and data: have none."""
ENDED = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_ABORTED")
"""How requests fail when the service or the page ends before them, which is no fault of a page."""


@pytest.hookimpl(tryfirst=True)  # before those that are slow are left out
def pytest_collection_modifyitems(items):
    """Run by name: a browser takes its time, and is not everywhere."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests, none where none is installed."""
    if not CHROMIUM:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium):
    """Open pages; whatever they complain of, or ask of another machine, fails the test."""
    complaints, contexts = [], []

    def watch(page):
        def heard(message):
            ended = any(reason in message.text for reason in ENDED)
            if message.type in ("error", "warning") and not ended:
                complaints.append(f"console: {message.text}")

        def asked(request):
            if urlsplit(request.url).hostname not in OWN | {None}:
                complaints.append(f"request: {request.url}")

        def failed(request):
            if not any(reason in (request.failure or "") for reason in ENDED):
                complaints.append(f"failed: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", asked)
        page.on("requestfailed", failed)

    def open_page(address, *, scheme="light", width=1100, height=800, **more):
        url = address.resolve().as_uri() if isinstance(address, Path) else address
        context = chromium.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, **more
        )
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        try:
            context.close()
        except Error as error:  # a page that crashed
            complaints.append(str(error))
    assert complaints == []


@pytest.fixture
def fits():
    """Return a function that reports whether a page fits without horizontal scrolling."""
    return lambda page: page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.fixture
def store(tmp_path):
    """A project of annotations with some proposals."""
    with Store.open(make_project(tmp_path / "names", SENTENCES)) as store:
        propose(store, {1: [(0, 3, PER, 0.9)], 2: [(0, 4, PER, 0.6)], 4: [(9, 15, LOC, 0.3)]})
        yield store


@pytest.fixture
def address(store):
    """Its service."""
    with annotating(store) as address:
        yield address
