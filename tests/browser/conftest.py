"""Pages in a headless browser that may reach nothing but this machine."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OWN = {"127.0.0.1", "localhost", ""}
"""Hosts of this machine; files and data: have none."""


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
            if message.type in ("error", "warning"):
                complaints.append(f"console: {message.text}")

        def asked(request):
            if urlsplit(request.url).hostname not in OWN | {None}:
                complaints.append(f"request: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", asked)
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))

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
    """Tell whether a page needs no scrolling from side to side."""
    return lambda page: page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
