import pytest

from windowclf.reports.html.tuning import tuning_page
from windowclf.tuning.study import Trial, Tuning

NAMES = ("rate", "activation", "hidden_dropout")


def trial(number, state, f1, values, epochs=2):
    settings = dict(zip(NAMES, values, strict=True))
    return Trial(
        number=number, state=state, f1=f1, settings=settings, epochs=[f1] * epochs, seconds=3.2
    )


TRIALS = [
    trial(1, "done", 0.4, (0.0001, "relu", 0.25)),
    trial(2, "pruned", 0.6, (0.001, "<b>&tanh", 0.5), 1),
    trial(3, "done", 0.81234, (0.01, "relu", 0.1)),
    trial(4, "diverged", 0.0, (0.9, "tanh", 0.0), 0),
]
IMPORTANCE = {"rate": 0.7, "activation": 0.2, "hidden_dropout": 0.1}


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "tuning.html"
    tuning = Tuning(trials=TRIALS, best=3, importance=IMPORTANCE)
    path.write_text(tuning_page(tuning, "data <set>", 9), encoding="utf-8")
    return path


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 360)])
def test_the_page_draws_and_fits(browse, fits, page, scheme, width):
    seen = browse(page, scheme=scheme, width=width)
    for name in ("history", "importance", "slice-0", "slice-1", "slice-2"):
        seen.locator(f"#{name} .main-svg").first.wait_for()
        assert len(seen.locator(f"figure:has(#{name}) figcaption").inner_text()) > 20
    assert fits(seen)


def test_what_stands_there(browse, page):
    seen = browse(page)
    assert seen.locator("h1").inner_text() == "Search over settings: data <set>"
    text = seen.locator("main").inner_text()
    assert "4 of 9 trials are done." in text
    assert "The best, trial 3, has F1 81.23 %:" in text
    assert seen.locator("dl.settings").inner_text().split("\n")[:2] == ["rate", "0.01"]
    rows = [row.split("\t") for row in seen.locator("tbody tr").all_inner_texts()]
    assert rows[1] == ["2", "60.00", "1", "3", "0.001", "<b>&tanh", "0.5", "stopped early"]
    assert rows[3] == ["4", "0.00", "0", "3", "0.9", "tanh", "0", "diverged"]
    assert "rate 70 %, activation 20 %, hidden dropout 10 %." in text


def data(seen, name):
    return seen.evaluate(
        f"document.getElementById('{name}').data.map(t => [t.name, [...t.x], [...t.y]])"
    )


def test_the_figures_show_the_trials(browse, page):
    seen = browse(page)
    seen.locator("#slice-2 .main-svg").first.wait_for()
    ended = {name: (x, y) for name, x, y in data(seen, "history")}
    assert ended["complete"] == ([1, 3], [40, pytest.approx(81.234)])
    assert ended["stopped early"] == ([2], [60])
    assert ended["diverged"] == ([4], [0])
    assert ended["best so far"][1] == [40, 40, *[pytest.approx(81.234)] * 2]  # not that of trial 2
    slices = {name: x for name, x, _ in data(seen, "slice-0")}
    assert slices["complete"] == [0.0001, 0.01]
    kinds = [
        seen.evaluate(f"document.getElementById('slice-{i}')._fullLayout.xaxis.type")
        for i in range(3)
    ]
    assert kinds == ["log", "category", "linear"]


def test_a_search_that_has_no_good_trial_yet(browse, fits, tmp_path):
    path = tmp_path / "tuning.html"
    path.write_text(tuning_page(Tuning(trials=TRIALS[1:2], best=None, importance={}), "x", 2))
    seen = browse(path, width=360)
    seen.locator("#history .main-svg").first.wait_for()
    assert seen.locator("#importance").count() == 0
    assert "The best" not in seen.locator("main").inner_text()
    assert fits(seen)
