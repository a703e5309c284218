import json
from math import inf, nan

import numpy as np

from windowclf.model.calibration import reliability
from windowclf.reports.html.figures import curves, heat_map, reliability_diagram, scatter_map


def plain(figure):
    return json.loads(figure.to_json())


def test_what_has_no_place_on_an_axis_is_a_gap():
    series = {"a": ([1, 2, 3, 4, 5], [0.5, None, nan, 0.0, -1.0]), "b": ([1], [inf])}
    linear, log = (
        plain(curves(series, x="epoch", y="f")),
        plain(curves(series, x="", y="", log=True)),
    )
    assert [trace["y"] for trace in linear["data"]] == [[0.5, None, None, 0.0, -1.0], [None]]
    assert [trace["y"] for trace in log["data"]] == [[0.5, None, None, None, None], [None]]
    assert log["layout"]["yaxis"]["type"] == "log"
    assert linear["layout"]["xaxis"]["title"]["text"] == "epoch"


def test_many_curves_are_told_apart():
    found = plain(curves({str(n): ([1], [n]) for n in range(20)}, x="", y=""))
    looks = {(n % 6, trace["line"]["dash"]) for n, trace in enumerate(found["data"])}
    assert len(looks) == 20


def test_names_are_shown_as_they_are():
    name = "<b>&amp;</b>"
    shown = "&lt;b&gt;&amp;amp;&lt;/b&gt;"
    assert plain(curves({name: ([1], [1])}, x="", y=""))["data"][0]["name"] == shown
    found = plain(heat_map([[1.0]], [name], [name], x="", y="", texts=[["1"]]))
    assert found["layout"]["xaxis"]["ticktext"] == [shown]
    assert found["data"][0]["customdata"] == [[[shown, shown, "1"]]]
    points = [(0, 0), (1, 1)]
    found = plain(scatter_map(points, [name, "b"], [name, name], [name, "b"]))["data"][0]
    assert found["name"] == found["text"][0] == found["hovertext"][0] == shown


def test_a_heat_map_has_its_zero_in_the_middle_and_numbers_where_there_is_room():
    small = plain(heat_map([[-3.0, None], [1.0, 0.0]], "ab", "cd", x="", y="", texts=["12", "34"]))
    cells, numbers = small["data"]
    assert (cells["zmin"], cells["zmax"]) == (-3, 3)
    assert cells["z"] == [[-3, None], [1, 0]]
    assert list(zip(numbers["y"], numbers["x"], numbers["text"], strict=True)) == [
        (0, 0, "1"),
        (0, 1, "2"),
        (1, 0, "3"),
        (1, 1, "4"),
    ]
    names = list(map(str, range(21)))
    large = plain(heat_map([[0.0] * 21] * 21, names, names, x="", y="", texts=[names] * 21))
    assert len(large["data"]) == 1


def test_the_reliability_diagram_draws_what_there_is():
    rng = np.random.default_rng(0)
    confidence, correct = rng.uniform(0.45, 1, 100), rng.random(100) < 0.7
    points, _, bars = plain(reliability_diagram(reliability(confidence, correct)))["data"]
    for b in range(10):
        inside = (confidence > b / 10) & (confidence <= (b + 1) / 10)
        assert bars["y"][b] == inside.sum()
    assert points["customdata"] == [n for n in bars["y"] if n]
    assert np.isclose(points["y"][-1], correct[confidence > 0.9].mean())


def test_words_written_on_a_map_are_apart():
    points = np.random.default_rng(0).uniform(size=(300, 2)).tolist()
    words = [f"w{n}" for n in range(300)]
    traces = plain(scatter_map(points, words, ["A", "B"] * 150, words))["data"]
    written = [int(text[1:]) for trace in traces for text in trace["text"] if text]
    assert 0 in written
    assert 10 < len(written) <= 40
    for i in written:
        for j in written:
            apart = np.abs(np.subtract(points[i], points[j]))
            assert i == j or apart[0] > 0.1 or apart[1] > 0.04
