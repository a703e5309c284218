import pytest

from explanations import ODD, explanation, odd
from windowclf.reports.html.explanation import explanation_page


@pytest.fixture
def written(tmp_path):
    def write(found):
        path = tmp_path / "page.html"
        path.write_text(explanation_page(found), "utf-8")
        return path

    return write


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_it_fits_with_all_opened(browse, fits, written, scheme, width):
    page = browse(written(odd(ODD.index("long" * 500))), scheme=scheme, width=width)
    assert fits(page)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert fits(page)


def test_a_word_opens_by_the_keyboard(browse, written):
    page = browse(written(explanation()))
    first = page.locator("summary").first
    feature = page.get_by_text("Paris (?)", exact=True)
    assert not feature.is_visible()
    page.keyboard.press("Tab")
    assert first.evaluate("element => element === document.activeElement")
    page.keyboard.press("Enter")
    assert feature.is_visible()


def test_bars_lie_to_their_side_of_zero(browse, written):
    page = browse(written(explanation()))
    section = page.locator("section").first
    right = section.locator(".row > .bar > .for").first.bounding_box()
    left = section.locator(".row > .bar > .against").first.bounding_box()
    assert left["x"] + left["width"] == pytest.approx(right["x"], abs=1.5)
    assert right["width"] > 1
