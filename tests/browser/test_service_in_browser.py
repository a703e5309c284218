"""The page of the service as a person uses it, by mouse and by keyboard."""

import pytest

from serving import serving
from windowclf import load

WORDS = "#words button"


@pytest.fixture(scope="module")
def address():
    with serving(load()) as address:
        yield address


def type_text(page, text):
    page.locator(WORDS).first.wait_for()  # of the text that the page begins with
    with page.expect_response("**/tag"):
        page.get_by_label("Text").fill(text)
    page.locator(WORDS, has_text=text.split()[-1]).wait_for()


def test_what_is_typed_is_marked(browse, address):
    page = browse(address)
    text = "\U0001f600 <b>Oslo</b>\n& Paris are\n\nin <script>alert(1)</script> "
    text += "http://a.example/&lt;i&gt; Norway"  # a token that HTML would read otherwise
    type_text(page, text)
    marks = page.locator("#words mark")
    assert "Paris" in "".join(marks.all_inner_texts())
    assert "LOC" in marks.locator(".label").all_inner_texts()
    without = "document.querySelectorAll('#words .label').forEach(x => x.remove())"
    page.evaluate(without)
    assert page.locator("#words").text_content() == text
    assert page.locator("#words b, #words script").count() == 0


def test_a_click_explains(browse, address):
    page = browse(address)
    type_text(page, "Angela Merkel was born in Hamburg")
    page.locator(WORDS, has_text="Hamburg").click()
    page.locator("#explanation .explanation").wait_for()
    assert "LOC" in page.locator("#explanation mark").inner_text()
    assert page.locator("#why").inner_text() == "Why “Hamburg” is labelled so"
    assert page.locator("[aria-pressed=true]").all_inner_texts() == ["Hamburg"]
    type_text(page, "Angela Merkel was born in Leipzig")
    page.wait_for_function("() => !document.querySelector('#explanation .explanation')")


def test_the_keyboard_alone(browse, address):
    page = browse(address)
    page.locator(WORDS).first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("Oslo is in Norway")
    page.wait_for_function("() => document.querySelectorAll('#words button').length === 4")
    page.keyboard.press("Tab")  # the button
    page.keyboard.press("Tab")  # the first word
    focused = "document.activeElement.textContent"
    assert page.evaluate(focused) == "Oslo"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "in"
    page.keyboard.press("End")
    assert page.evaluate(focused) == "Norway"
    page.keyboard.press("Enter")
    page.locator("#explanation .explanation").wait_for()
    assert page.locator("#why").inner_text() == "Why “Norway” is labelled so"
    assert page.evaluate(focused) == "Norway"


def test_the_text_is_kept(browse, address):
    page = browse(address)
    type_text(page, "Oslo is kept")
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('#words button').length === 3")
    assert page.get_by_label("Text").input_value() == "Oslo is kept"


def test_an_empty_text(browse, address):
    page = browse(address)
    page.get_by_label("Text").fill("")
    page.get_by_text("Nothing to tag yet").wait_for()
    assert page.locator(WORDS).count() == 0


def test_a_refusal_is_told(chromium, classifier):
    with serving(classifier, bytes=60) as address:
        page = chromium.new_page()  # the browser itself writes refusals on its console
        page.goto(address)
        page.get_by_role("alert").wait_for()
        told = page.get_by_role("alert").inner_text()
        assert told == "The service says: the body is too large: the limit is 60 bytes"
        page.get_by_label("Text").fill("Oslo")
        page.locator(WORDS).first.wait_for()
        assert page.get_by_role("alert").count() == 0
    page.get_by_role("button", name="Find names").click()
    page.get_by_text("The service does not answer. Is it still running?").wait_for()
    page.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_it_fits_and_can_be_read(browse, fits, address, scheme, width):
    page = browse(address, scheme=scheme, width=width)
    type_text(page, f"Angela Merkel was born in {'Hamburg' * 20}")
    page.locator(WORDS).first.click()
    page.locator("#explanation .explanation").wait_for()
    assert fits(page)
    assert page.locator("#words").evaluate("words => words.scrollWidth <= words.clientWidth")
    ground, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        ".map(x => x.match(/\\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b))"
    )
    assert ground - ink > 400 if scheme == "light" else ink - ground > 400


def test_the_description(browse, address):
    page = browse(f"{address}/docs")
    page.locator(".opblock-summary-path", has_text="/tag").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table", has_text="France").wait_for()
