"""The parts of scripts/annotate-simulation that train nothing."""

import random
from importlib import import_module
from pathlib import Path

import pytest

from tests import tiny

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def simulation(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("annotate_simulation")


@pytest.mark.parametrize(
    ("gold", "proposed", "clicks"),
    [
        ([], [], 1),
        ([(0, 4, 1)], [(0, 4, 1)], 1),
        ([(0, 4, 1)], [], 1 + 2),
        ([], [(0, 4, 1)], 1 + 1),
        ([(0, 4, 1)], [(0, 4, 2)], 1 + 2),
        ([(0, 4, 1)], [(0, 9, 1)], 1 + 3),
        ([(0, 4, 1)], [(0, 9, 2)], 1 + 3),
        ([(0, 4, 1), (5, 9, 1)], [(0, 9, 1)], 1 + 3 + 2),
        ([(0, 9, 1)], [(0, 4, 1), (5, 9, 1)], 1 + 3 + 1),
        ([(0, 4, 1), (5, 9, 1)], [(5, 9, 1), (10, 12, 1)], 1 + 2 + 1),
    ],
)
def test_clicks(simulation, gold, proposed, clicks):
    assert simulation.clicks({*gold}, {*proposed}) == clicks


def test_a_project_is_annotated_as_it_is_labelled(simulation, tmp_path):
    sentences = tiny.sentences()
    random.Random(1).shuffle(sentences)
    project = simulation.Project(tmp_path / "project", sentences, "random", "none", 1)
    with project.store:
        assert [*project.annotate(8)] == []
        counts = project.store.counts()
        assert (counts.accepted, counts.sentences) == (8, 8)
        accepted = [each for aside in (False, True)
                    for each in project.store.labelled(set_aside=aside)]  # fmt: skip
        for each in accepted:
            sentence, _ = project.gold[each.document.text]
            names = [each.document.text[s.start : s.end] for s in each.document.spans]
            assert sum(tag.startswith("B-") for tag in sentence.tags) == len(names)
        assert len(project.rest()) == counts.passages - 8


def test_the_first_round_that_stays_above_a_target_is_found(simulation):
    f1 = [10.0, 40.0, 20.0, 30.0, 35.0, 36.0]
    points = [simulation.Point(n, n, n, n, n, each) for n, each in enumerate(f1)]
    assert simulation.reached(points, 31.0).sentences == 4
    assert simulation.reached(points, 50.0) is None
