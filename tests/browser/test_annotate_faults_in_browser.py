"""The page of `windowclf annotate` when something goes wrong: nothing is lost, nothing runs."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from annotating import (
    LOC,
    SENTENCES,
    accept,
    annotating,
    begin,
    make_project,
    propose,
    stored,
    token,
)
from serving import HOST
from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.store import Store
from windowclf.service.server import listen

PROGRAM = Path(__file__).parent.parent / "annotating.py"
KEPT = "windowclf-annotate/"
"""How the decisions begin that the browser keeps."""


def quiet(chromium, address, **more):
    """Open a page whose failed requests the browser writes on its console."""
    page = chromium.new_context(**more).new_page()
    page.goto(address)
    return begin(page)


def test_a_conflict_is_shown_and_settled(chromium, store, address):
    page = quiet(chromium, address)

    def decide_elsewhere(passage, request):
        version = store.passage(passage).version
        change = Change(passage, version, "accepted", [StoredSpan(0, 3, LOC)], "mine!")
        store.decide(request, "grace", [change])

    decide_elsewhere(1, "r1")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert "Theirs, by grace: accepted" in dialog.inner_text()
    assert "mine!" in dialog.inner_text()
    page.keyboard.press("Enter")  # meant for the next passage: nothing is chosen by it
    assert dialog.is_visible()
    page.reload()  # it is asked again
    page.get_by_role("dialog").wait_for()
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_text("All saved").wait_for()
    page.wait_for_function(
        "!Object.keys(localStorage).some(n => n.startsWith('windowclf-annotate/'))"
    )
    assert stored(store, 1)[1] == [("Ada", "PER")]
    decide_elsewhere(2, "r2")
    begin(page, "Oslo")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Keep theirs").click()
    begin(page, "Grace")
    assert store.passage(2).comment == "mine!"
    page.context.close()


def test_a_lost_connection(chromium, store, address):
    page = quiet(chromium, address)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    page.get_by_text("Not saved: 1 decision.").wait_for()
    begin(page, "Oslo")  # what was fetched before goes on
    page.keyboard.press("Enter")
    page.get_by_text("Not saved: 2 decisions.").wait_for()
    assert stored(store, 1) == (None, [])
    page.context.set_offline(False)
    page.get_by_text("All saved").wait_for()
    assert page.get_by_role("alert").filter(visible=True).count() == 0
    assert stored(store, 1)[0] == stored(store, 2)[0] == "accepted"
    page.context.close()


def test_a_full_disk(chromium, store, address):
    page = quiet(chromium, address)
    used = store.database.connection.execute("PRAGMA page_count").fetchone()[0]
    store.database.connection.execute(f"PRAGMA max_page_count = {used}")
    page.keyboard.press("f")
    page.locator("#comment").fill("x" * 9000)
    page.keyboard.press("Enter")
    page.get_by_text("Not saved: 1 decision.").wait_for()
    assert "disk is full" in page.locator("#problem").inner_text()
    page.reload()  # it is still kept
    page.get_by_text("Not saved: 1 decision.").wait_for()
    store.database.connection.execute("PRAGMA max_page_count = 100000")
    page.get_by_text("All saved").wait_for()
    assert stored(store, 1)[0] == "flagged"
    assert len(store.history(9)) == 1
    page.context.close()


@contextmanager
def service(folder, port):
    """The service of a project in a process of its own."""
    program = [sys.executable, str(PROGRAM), str(folder), str(port)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def test_a_service_that_is_killed(chromium, tmp_path):
    folder = make_project(tmp_path / "names", SENTENCES)
    with listen(HOST, 0) as listening:
        port = listening.getsockname()[1]
    with service(folder, port):
        page = quiet(chromium, f"http://{HOST}:{port}")
        token(page, "Ada").click()
        page.keyboard.press("1")
        accept(page, "Oslo")
    page.keyboard.press("Enter")
    page.get_by_text("Not saved: 1 decision.").wait_for()
    with service(folder, port):
        page.get_by_text("All saved").wait_for()
        page.reload()
        begin(page, "Grace")
        accept(page, "France")
    with Store.open(folder) as store:
        assert stored(store, 1) == ("accepted", [("Ada", "PER")])
        assert [store.passage(number).state for number in (2, 3, 4)] == ["accepted"] * 2 + [None]
        assert len(store.history(9)) == 3
    page.context.close()


def test_two_browsers_at_once(chromium, tmp_path):
    many = 200
    folder = make_project(tmp_path / "names", [f"Ada {number} ." for number in range(many)])
    with Store.open(folder) as store, annotating(store) as address:
        pages = [quiet(chromium, address) for _ in range(2)]
        for number, page in enumerate(pages):
            page.get_by_label("You are").fill(f"browser {number}")
            page.locator("#text").focus()
        working = pages
        while working:  # a key that comes before the next text does nothing
            for page in working:
                page.keyboard.press("Enter")
            working = [p for p in pages if "Every passage is" not in p.inner_text("#text")]
        for page in pages:
            page.get_by_text("All saved").wait_for()
        decisions = store.history(2 * many)
        assert len(decisions) == len({one.passage for one in decisions}) == many
        by = {one.who for one in decisions}
        assert by == {"browser 0", "browser 1"}
        assert store.counts().accepted == many
    for page in pages:
        page.context.close()


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_a_hostile_project(browse, fits, tmp_path):
    texts = [
        f"{HOSTILE} \x07\x1b[31m \u202e Ada {'a' * 100_000} .",
        [f"Ada {HOSTILE}\n\n", f"'\"><svg onload=alert(3)> {HOSTILE} ."],
    ]
    folder = tmp_path / f"{HOSTILE.replace('/', '')} &amp; {'n' * 60}"
    labels = (f"<b>{HOSTILE[:60]}", "L" * 100, "ل" * 30)
    with Store.open(make_project(folder, texts, labels)) as store:
        propose(store, {2: [(0, 3, 1, 0.5)]})
        with annotating(store) as address:
            page = begin(browse(address, width=360))
            dialogs = []
            page.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))
            assert fits(page)
            assert page.locator("#text").text_content().startswith(HOSTILE)
            token(page, "aaaa").click()
            page.keyboard.press("1")
            assert fits(page)
            page.keyboard.press("f")
            page.locator("#comment").fill(HOSTILE)
            page.keyboard.press("Enter")
            page.locator("#after", has_text="svg onload").wait_for()
            page.get_by_label("You are").fill(HOSTILE)
            page.locator("#text").focus()
            accept(page, "svg")
            for key, part in (("h", "history"), ("l", "labels"), ("r", "review")):
                page.keyboard.press(key)
                page.locator(f"#{part}").wait_for()
                page.wait_for_timeout(300)
                assert fits(page)
                page.keyboard.press("Escape")
            page.keyboard.press("b")
            page.get_by_text(f"accepted by {HOSTILE}").wait_for()
            assert dialogs == []
            assert page.locator("img, script:not([src]), b").count() == 0
