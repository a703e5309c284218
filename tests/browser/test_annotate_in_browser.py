"""The page of `windowclf annotate` as a person uses it: by mouse, by touch and by keyboard."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from annotating import annotating, make_project, propose
from serving import HOST
from windowclf.annotation.entries import Change, Round, StoredSpan
from windowclf.annotation.store import Store
from windowclf.service.server import listen

PROGRAM = Path(__file__).parent.parent / "annotating.py"
PER, LOC = 1, 2
KEPT = "windowclf-annotate/"
"""How the decisions begin that the browser keeps."""
TEXTS = (
    "Ada lives in New York .",
    "Oslo met Tom .",
    "\U0001f600 Grace \U0001f469\u200d\U0001f52c saw Paris .",
    "They saw France .",
    "Tom is in Oslo .",
    "Ada is in Paris .",
)


@pytest.fixture
def store(tmp_path):
    with Store.open(make_project(tmp_path / "names", TEXTS)) as store:
        propose(store, {1: [(0, 3, PER, 0.9)], 2: [(0, 4, PER, 0.6)], 4: [(9, 15, LOC, 0.3)]})
        yield store


@pytest.fixture
def address(store):
    with annotating(store) as address:
        yield address


def token(page, text):
    return page.locator("#text .token", has_text=text).first


def begin(page, text="Ada"):
    token(page, text).wait_for()
    return page


def accept(page, then=None):
    """Accept by one key; wait for the next text, and until the decision is confirmed."""
    page.keyboard.press("Enter")
    if then:
        token(page, then).wait_for()
    page.get_by_text("All is saved").wait_for()


def stored(store, passage):
    """What is saved of a passage: its state, and its names with their labels."""
    found = store.passage(passage)
    labels = {label.id: label.name for label in store.labels()}
    return found.state, [(found.text[s.start : s.end], labels[s.label]) for s in found.spans]


def marks(page):
    """What is marked, with its label."""
    without = "m => [...m.childNodes].filter(n => n.className !== 'label').map(n => n.textContent)"
    return [
        ("".join(mark.evaluate(without)), mark.locator(".label").inner_text())
        for mark in page.locator("#text mark").all()
    ]


def test_the_mouse(browse, store, address):
    page = begin(browse(address))
    assert marks(page) == [("Ada", "PER")]
    assert page.locator("#text mark.proposed").count() == 1
    left, right = (token(page, text).bounding_box() for text in ("New", "York"))
    # From within one word to within another: whole words are chosen.
    page.mouse.move(left["x"] + left["width"] - 3, left["y"] + 10)
    page.mouse.down()
    page.mouse.move(right["x"] + 4, right["y"] + 12, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="LOC").click()
    assert marks(page) == [("Ada", "PER"), ("New York", "LOC")]
    token(page, "York").click()  # on a name: all of it
    page.get_by_role("button", name="PER").click()
    assert marks(page)[1] == ("New York", "PER")
    token(page, "Ada").click()
    page.get_by_role("button", name="Remove").click()
    assert marks(page) == [("New York", "PER")]
    page.get_by_role("button", name="Accept").click()
    begin(page, "Oslo")
    page.get_by_text("All is saved").wait_for()
    assert stored(store, 1) == ("accepted", [("New York", "PER")])


def test_the_keyboard_alone(browse, store, address):
    page = begin(browse(address))
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("2")
    assert marks(page) == [("Ada", "PER"), ("New York", "LOC")]
    accept(page, "Oslo")
    page.keyboard.press("n")
    page.keyboard.press("2")  # a proposal is corrected by one key
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    accept(page, "Grace")
    page.keyboard.press("s")
    begin(page, "France")
    page.keyboard.press("n")
    page.keyboard.press("Backspace")
    page.keyboard.press("f")
    page.keyboard.type("a land? 1 or 2")
    page.keyboard.press("Enter")
    begin(page, "Tom")
    page.get_by_text("All is saved").wait_for()
    assert stored(store, 1) == ("accepted", [("Ada", "PER"), ("New York", "LOC")])
    assert stored(store, 2) == ("accepted", [("Oslo", "LOC"), ("Tom", "PER")])
    assert stored(store, 3) == ("skipped", [])
    assert stored(store, 4) == ("flagged", [])
    assert store.passage(4).comment == "a land? 1 or 2"


def test_fingers(browse, store, address):
    page = begin(browse(address, width=360, has_touch=True, is_mobile=True))
    token(page, "New").tap()
    token(page, "York").tap()
    page.get_by_role("button", name="LOC").tap()
    assert marks(page) == [("Ada", "PER"), ("New York", "LOC")]
    token(page, "lives").tap()
    assert page.locator("[aria-selected=true]").all_inner_texts() == ["lives"]
    token(page, "lives").tap()  # again: it is not meant
    assert page.locator("[aria-selected=true]").count() == 0
    token(page, "Ada").tap()
    page.get_by_role("button", name="Remove").tap()
    page.get_by_role("button", name="Accept").tap()
    begin(page, "Oslo")
    page.get_by_text("All is saved").wait_for()
    assert stored(store, 1) == ("accepted", [("New York", "LOC")])


def test_a_finger_draws_over_words(browse, address):
    page = begin(browse(address, width=360, has_touch=True, is_mobile=True))
    client = page.context.new_cdp_session(page)
    left, right = (token(page, text).bounding_box() for text in ("lives", "New"))
    points = [(left["x"] + 5, left["y"] + 9), (right["x"] + 9, right["y"] + 9)]

    def touch(kind, *touched):
        where = [{"x": x, "y": y} for x, y in touched]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    touch("touchStart", points[0])
    for step in range(1, 9):
        touch("touchMove", tuple(a + (b - a) * step / 8 for a, b in zip(*points, strict=True)))
    touch("touchEnd")
    page.wait_for_function("document.querySelectorAll('[aria-selected=true]').length === 3")


def test_characters_beyond_utf_16(browse, store, address):
    page = begin(browse(address))
    for text in ("Oslo", "Grace"):
        accept(page, text)
    token(page, "Grace").click()
    page.keyboard.press("1")
    token(page, "Paris").click()
    page.keyboard.press("2")
    accept(page, "France")
    assert stored(store, 3) == ("accepted", [("Grace", "PER"), ("Paris", "LOC")])


def test_undo_goes_back_through_labels_and_decisions(browse, store, address):
    page = begin(browse(address))
    token(page, "York").click()
    page.keyboard.press("2")
    accept(page, "Oslo")
    page.keyboard.press("n")
    page.keyboard.press("2")
    accept(page, "Grace")
    page.keyboard.press("u")
    begin(page, "Oslo")
    assert marks(page) == [("Oslo", "LOC")]  # as it was decided
    page.keyboard.press("Control+z")
    assert marks(page) == [("Oslo", "PER")]  # as it was proposed
    page.keyboard.press("u")
    begin(page, "York")
    assert marks(page) == [("Ada", "PER"), ("York", "LOC")]
    page.keyboard.press("u")
    assert marks(page) == [("Ada", "PER")]
    page.keyboard.press("u")
    page.get_by_text("Nothing is left to undo").wait_for()
    assert stored(store, 1) == stored(store, 2) == (None, [])
    accept(page, "Oslo")  # what was left comes next again
    accept(page, "Grace")


def test_back_and_the_history(browse, store, address):
    page = begin(browse(address))
    accept(page, "Oslo")
    accept(page, "Grace")
    page.keyboard.press("b")
    begin(page, "Oslo")
    page.keyboard.press("b")
    begin(page, "Ada")
    page.get_by_text("accepted by ada").wait_for()
    page.keyboard.press("n")
    page.keyboard.press("Backspace")
    accept(page, "Grace")
    assert stored(store, 1) == ("accepted", [])
    page.keyboard.press("h")
    page.locator("#history-list button", has_text="Oslo").click()
    begin(page, "Oslo")
    page.keyboard.press("Escape")
    begin(page, "Grace")


def test_a_reload_keeps_what_is_open(browse, address):
    page = begin(browse(address))
    accept(page, "Oslo")
    page.keyboard.press("n")
    page.keyboard.press("2")
    page.reload()
    begin(page, "Oslo")
    assert marks(page) == [("Oslo", "LOC")]
    page.keyboard.press("u")
    assert marks(page) == [("Oslo", "PER")]


def test_another_window_gets_what_is_left(browse, address):
    first = begin(browse(address))
    page = begin(browse(address), "Tom")  # the first passages are with the other window
    page.keyboard.press("Enter")
    begin(page, "Paris")
    page.keyboard.press("Enter")
    page.locator("#text", has_text="4 passages still open: other windows have them.").wait_for()
    first.close()
    page.reload()
    begin(page)


def test_labels_and_guidelines_grow_with_the_work(browse, store, address):
    page = begin(browse(address))
    page.keyboard.press("l")
    page.get_by_label("New label").fill("CITY")
    page.keyboard.press("Enter")
    page.locator("#label-buttons button", has_text="CITY").wait_for()
    page.get_by_role("textbox", name="Name").nth(0).fill("PERSON")
    page.keyboard.press("Enter")
    page.locator("#label-buttons button", has_text="PERSON").wait_for()
    page.keyboard.press("Escape")
    token(page, "York").click()
    page.keyboard.press("3")
    assert marks(page) == [("Ada", "PERSON"), ("York", "CITY")]
    page.keyboard.press("g")
    page.locator("#guidelines-text").fill("No streets.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#guidelines-said", has_text="Saved").wait_for()
    assert store.guidelines() == ("No streets.", 1)
    page.keyboard.press("Escape")
    accept(page, "Oslo")
    assert stored(store, 1)[1] == [("Ada", "PERSON"), ("York", "CITY")]


def test_new_proposals_come_without_a_reload(browse, tmp_path):
    with Store.open(make_project(tmp_path / "names", TEXTS)) as store:
        said = tmp_path / "said"
        program = (
            "import sys, time, pathlib\n"
            f"while not pathlib.Path({str(said)!r}).exists(): time.sleep(0.01)\n"
            'print(\'{"event": "round"}\', flush=True)\nsys.stdin.read()'
        )
        with annotating(store, learner=(sys.executable, "-c", program)) as address:
            page = begin(browse(address))
            assert marks(page) == []
            propose(store, {1: [(0, 3, PER, 0.99)], 2: [(0, 4, LOC, 0.99)]}, 1)
            store.add_round(
                Round(at=0, up_to=1, sentences=9, tokens=9, names=9, seconds=1, measured=12,
                      f1=0.5, low=0.25, high=0.75)
            )  # fmt: skip
            said.touch()
            page.locator("#text mark.proposed").wait_for()
            assert marks(page) == [("Ada", "PER")]
            page.get_by_text("F1 50.0 %").wait_for()
            assert "25.0 to 75.0, from 12 sentences" in page.locator("#interval").inner_text()
            page.keyboard.press("Enter")
            token(page, "Oslo").wait_for()
            assert marks(page) == [("Oslo", "LOC")]  # the passages ahead have them, too


def test_the_review_fixes_in_one_go(browse, store, address):
    for passage, spans in ((5, [(0, 3, PER), (10, 14, LOC)]), (6, []), (2, [(0, 4, LOC)])):
        change = Change(passage, 0, "accepted", [StoredSpan(*span) for span in spans])
        store.decide(f"r{passage}", "grace", [change])
    page = begin(browse(address))
    page.keyboard.press("r")
    found = page.locator("#review-contradictions details", has_text="Tom")
    found.locator("summary").click()
    missed = found.locator("section").last
    missed.get_by_role("button", name="PER").click()
    page.get_by_text("1 passage changed").wait_for()
    assert stored(store, 2)[1] == [("Oslo", "LOC"), ("Tom", "PER")]
    page.get_by_text("No name contradicts itself so far.").wait_for()
    page.get_by_label("Find a name").fill("osl")
    page.get_by_text("1 name, the most frequent first").wait_for()
    page.locator("#review-names summary", has_text="Oslo").click()
    page.locator("#review-names .place button").first.click()
    begin(page, "Oslo")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.press("u")
    begin(page, "Oslo")
    page.wait_for_function("document.querySelectorAll('#text mark').length === 1")
    assert stored(store, 2)[1] == [("Oslo", "LOC")]


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
    page.get_by_role("button", name="Mine shall stand").click()
    page.get_by_text("All is saved").wait_for()
    page.wait_for_function(
        "!Object.keys(localStorage).some(n => n.startsWith('windowclf-annotate/'))"
    )
    assert stored(store, 1)[1] == [("Ada", "PER")]
    decide_elsewhere(2, "r2")
    begin(page, "Oslo")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Theirs shall stand").click()
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
    page.get_by_text("All is saved").wait_for()
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
    page.get_by_text("All is saved").wait_for()
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
    folder = make_project(tmp_path / "names", TEXTS)
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
        page.get_by_text("All is saved").wait_for()
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
        for _ in range(many // 2 + 5):
            for page in pages:
                page.keyboard.press("Enter")
                page.wait_for_timeout(5)
        for page in pages:
            page.locator("#text", has_text="Every passage is decided.").wait_for()
            page.get_by_text("All is saved").wait_for()
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


def test_many_labels_are_found_by_name(browse, store, address):
    for number in range(30):
        store.add_label(f"KIND-{number}")
    page = begin(browse(address))
    token(page, "York").click()
    page.get_by_label("Find a label").fill("d-27")
    page.keyboard.press("Enter")
    assert marks(page) == [("Ada", "PER"), ("York", "KIND-27")]


def test_text_from_right_to_left(browse, tmp_path):
    folder = make_project(tmp_path / "names", ["ذهب أحمد إلى القاهرة ."])
    with Store.open(folder) as store, annotating(store) as address:
        page = begin(browse(address), "أحمد")
        page.keyboard.press("ArrowLeft")  # the first word
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("1")
        assert marks(page) == [("أحمد", "PER")]
        assert page.locator("#text").evaluate("e => getComputedStyle(e).direction") == "rtl"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_it_fits_in_every_state(browse, fits, store, address, scheme, width):
    page = begin(browse(address, scheme=scheme, width=width))
    assert fits(page)
    token(page, "Ada").click()
    assert fits(page)
    for key in "hglr?":
        page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert fits(page)
        page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert fits(page)
    ground, ink = (
        sum(map(int, page.evaluate(f"getComputedStyle(document.body).{name}")[4:-1].split(",")))
        for name in ("backgroundColor", "color")
    )
    assert (ground < ink) == (scheme == "dark")


def test_what_a_screen_reader_hears(browse, address):
    page = begin(browse(address))
    page.keyboard.press("ArrowRight")
    box = page.get_by_role("listbox", name="Words of the passage")
    active = box.evaluate(
        "e => document.getElementById(e.getAttribute('aria-activedescendant'))?.ariaLabel"
    )
    assert active == "Ada, PER, proposed, 90 %"
    assert page.get_by_role("option").count() == 6
    said = page.locator("#said[aria-live=polite]")
    assert said.inner_text() == "Ada lives in New York . — Ada: PER, proposed, 90 %"
    page.keyboard.press("2")
    assert said.inner_text() == "Ada: LOC"


def test_no_key_is_slow(browse, tmp_path):
    text = " ".join("Ada lives in New York ." for _ in range(85))  # about as long as they come
    with Store.open(make_project(tmp_path / "names", [text] * 40)) as store:
        spans = [(24 * n, 24 * n + 3, PER, 0.9) for n in range(85)]
        propose(store, dict.fromkeys(range(1, 41), spans))
        with annotating(store) as address:
            page = begin(browse(address))
            page.evaluate(
                "() => { window.slow = []; new PerformanceObserver((list) => slow.push("
                "...list.getEntries().map((e) => e.processingEnd - e.processingStart)))"
                ".observe({ type: 'event', durationThreshold: 16 }) }"
            )
            for _ in range(10):
                for key in ("n", "2", "ArrowDown", "Shift+ArrowRight", "1", "u", "Enter"):
                    page.keyboard.press(key)
            page.wait_for_timeout(500)
            found = sorted(page.evaluate("slow"))
            assert not found or found[-1] < 50, found[-5:]


def test_keys_in_a_hurry_while_the_next_passages_are_on_their_way(browse, store, address):
    page = begin(browse(address))
    page.evaluate(
        """() => {
          const fetched = window.fetch;
          window.fetch = async (path, options) => {
            const answer = await fetched(path, options);
            if (path === "next") await new Promise((done) => setTimeout(done, 500));
            return answer;
          };
        }"""
    )
    for _ in range(3):
        page.keyboard.press("Enter")
        page.get_by_text("All is saved").wait_for()
    for _ in range(len(TEXTS)):
        page.wait_for_timeout(600)
        page.keyboard.press("Enter")
    page.locator("#text", has_text="Every passage is decided").wait_for()
    assert not page.locator("#conflict").is_visible()
    assert [stored(store, number)[0] for number in range(1, 7)] == 6 * ["accepted"]
    assert len(store.history(20)) == 6
