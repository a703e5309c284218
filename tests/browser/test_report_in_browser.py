import pytest

import tiny
import windowclf

FIGURES = 9


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    sentences = tiny.sentences()
    classifier = windowclf.WindowClassifier(**tiny.QUICK | {"epochs": 3}).fit(
        sentences, sentences, vectors="random"
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    windowclf.write_report(path, classifier, sentences, sentences)
    return path


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_all_figures_are_drawn(browse, fits, report, scheme, width):
    page = browse(report, scheme=scheme, width=width)
    page.wait_for_function(
        "[...document.querySelectorAll('.figure')].every((f) => f.querySelector('.main-svg'))"
    )
    assert page.locator(".figure").count() == FIGURES
    assert fits(page)
    for figure in page.locator(".figure").all():
        box = figure.locator(".main-svg").first.bounding_box()
        assert box["width"] > 200
        assert box["height"] > 150


def test_the_contents_lead_to_the_sections(browse, report):
    page = browse(report)
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        assert target.locator("h2").inner_text() == link.inner_text()


def test_the_writing_in_the_dark_can_be_read(browse, report):
    page = browse(report, scheme="dark")
    ink = page.evaluate("getComputedStyle(document.body).color")
    for selector in ("#figure-confusion .textpoint text", "#figure-loss .xtick text"):
        fill = page.locator(selector).first.evaluate("(text) => getComputedStyle(text).fill")
        assert fill == ink
