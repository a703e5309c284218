"""The page of `windowclf annotate` as a person uses it: by mouse, by touch and by keyboard."""

import sys

import pytest

from annotating import (
    LOC,
    PER,
    SENTENCES,
    accept,
    annotating,
    begin,
    make_project,
    marks,
    propose,
    stored,
    token,
)
from windowclf.annotation.entries import Change, Round, StoredSpan
from windowclf.annotation.store import Store


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
    page.get_by_text("All saved").wait_for()
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
    page.get_by_text("All saved").wait_for()
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
    page.get_by_text("All saved").wait_for()
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
    page.locator("#text", has_text="4 passages still open, in other windows.").wait_for()
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
    with Store.open(make_project(tmp_path / "names", SENTENCES)) as store:
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
    page.get_by_text("No contradictions so far.").wait_for()
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


def test_the_review_shows_what_the_model_sees_otherwise(browse, store, address):
    store.decide("r1", "grace", [Change(1, 0, "accepted", [StoredSpan(17, 21, LOC)])])
    propose(store, {1: [(13, 21, LOC, 0.95)]})
    page = begin(browse(address), "Oslo")
    page.keyboard.press("r")
    place = page.locator(".place", has_text="the model:")
    assert place.locator("strong").inner_text() == "New York"
    assert " ".join(place.locator(".views").inner_text().split()) == "York LOC, the model: LOC 95 %"
    place.get_by_role("checkbox").check()
    page.get_by_role("button", name="Use the model's labels").click()
    page.get_by_text("1 passage changed").wait_for()
    assert stored(store, 1)[1] == [("New York", "LOC")]


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
                "...list.getEntries().filter((e) => e.name === 'keydown')"
                ".map((e) => e.processingEnd - e.processingStart)))"
                ".observe({ type: 'event', durationThreshold: 16 }) }"
            )
            for _ in range(10):
                for key in ("n", "2", "ArrowDown", "Shift+ArrowRight", "1", "u", "Enter"):
                    page.keyboard.press(key)
            page.wait_for_timeout(500)
            # Those that took long to be shown; other programs may hold one of them up.
            found = sorted(page.evaluate("slow"))
            assert found
            assert found[int(0.9 * len(found))] < 50


def test_keys_in_a_hurry_while_the_next_passages_are_on_their_way(store, address, browse):
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
        page.get_by_text("All saved").wait_for()
    for _ in range(len(SENTENCES)):
        page.wait_for_timeout(600)
        page.keyboard.press("Enter")
    page.locator("#text", has_text="Every passage is decided").wait_for()
    assert not page.locator("#conflict").is_visible()
    assert [stored(store, number)[0] for number in range(1, 7)] == 6 * ["accepted"]
    assert len(store.history(20)) == 6
