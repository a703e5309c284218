import re

import pytest

import tiny
import windowclf
from windowclf.evaluation.comparison import compare
from windowclf.reports.html.comparison import comparison_page
from windowclf.tags.schemes import Scheme

LONG = "a-run-with-a-name-that-is-as-long-as-a-line-of-a-phone-and-longer"


@pytest.fixture(scope="module")
def comparison(classifier):
    """Three runs: good, weak, and weak without a dev text, the last with an awkward name."""
    settings = tiny.QUICK | {
        "level": "word",
        "constrained": False,
        "case_augmentation": 0.0,
        "epochs": 2,
    }
    given = tiny.sentences()
    weak = windowclf.WindowClassifier(**settings).fit(given, given, vectors="random")
    bare = windowclf.WindowClassifier(**settings).fit(given, vectors="random")
    models = {"good": classifier.model, LONG: weak.model, "<i>& 100 %": bare.model}
    return compare(models, given, Scheme.IOB2, samples=200)


@pytest.fixture
def page(comparison, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(comparison_page(comparison, "tiny <dev>"), encoding="utf-8")
    return path


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_the_page_draws_and_fits(browse, fits, page, scheme, width):
    seen = browse(page, scheme=scheme, width=width)
    for name in ("differences", "loss", "f1"):
        figure = seen.locator(f"#{name} .main-svg").first
        figure.wait_for()
        assert figure.bounding_box()["width"] > width / 2
        caption = seen.locator(f"figure:has(#{name}) figcaption").inner_text()
        assert len(caption) > 50
    assert fits(seen)


def test_what_stands_there(browse, page, comparison):
    seen = browse(page)
    assert seen.locator("h1").inner_text() == "3 runs compared"
    text = seen.locator("main").inner_text()
    assert "On tiny <dev>." in text
    said = seen.locator("main > ul > li").all_inner_texts()
    assert [one.partition(": ")[0] for one in said] == [LONG, "<i>& 100 %"]
    assert all(
        re.search(r"F1 differs by −\d+\.\d\d \(95 % interval −.* significant\.$", one)
        for one in said
    )
    for label in ("LOC", "PER", "all"):
        row = seen.locator("tr", has=seen.locator(f"th:text-is('{label}')")).first.inner_text()
        counts = [r.total if label == "all" else r.types[label] for r in comparison.runs]
        assert row.split()[1:3] == [str(counts[0].gold), f"{100 * counts[0].f1:.2f}"]
        assert all(f"{100 * one.f1:.2f}" in row for one in counts)
    settings = seen.get_by_role("region", name="Settings that differ").inner_text()
    assert "level\tsentence\tword\tword" in settings


def test_each_run_has_its_colour_and_its_curve(browse, page):
    seen = browse(page)
    seen.locator("#f1 .main-svg").first.wait_for()
    names = {
        name: seen.locator(f"#{name} .legendtext").all_text_contents()
        for name in ("differences", "loss", "f1")
    }
    assert names["differences"] == names["loss"] == ["good", LONG, "<i>& 100 %"]
    assert names["f1"] == ["good", LONG]  # the last one had no dev text
    colours = {
        name: seen.evaluate(
            f"[...document.getElementById('{name}')._fullData].map(t => t.marker.color)"
        )
        for name in ("differences", "loss")
    }
    assert colours["differences"] == colours["loss"]
    assert len({*colours["loss"]}) == 3


def test_the_forest_shows_the_intervals(browse, page, comparison):
    seen = browse(page)
    seen.locator("#differences .main-svg").first.wait_for()
    for number, against in enumerate(comparison.against, 1):
        trace = seen.evaluate(
            f"(t => [t.x, t.error_x.array, t.error_x.arrayminus].map(a => [...a]))"
            f"(document.getElementById('differences').data[{number}])"
        )
        found = [against.total, *against.types.values()]
        assert trace[0] == pytest.approx([100 * one.f1 for one in found])
        assert trace[1] == pytest.approx([100 * (one.high - one.f1) for one in found])
        assert trace[2] == pytest.approx([100 * (one.f1 - one.low) for one in found])
    rows = seen.locator("#differences .yaxislayer-above text").all_text_contents()
    assert rows == ["all", "LOC", "PER"]


def test_tables_are_reached_by_keyboard(browse, page):
    seen = browse(page, width=360)
    seen.keyboard.press("Tab")
    assert seen.evaluate("document.activeElement.getAttribute('aria-label')") == "F1 by type"
    seen.keyboard.press("ArrowRight")
    seen.wait_for_timeout(300)  # it scrolls smoothly
    assert seen.evaluate("document.activeElement.scrollLeft") > 0
