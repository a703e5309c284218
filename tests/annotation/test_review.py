import pytest

from annotation_projects import decide, make_project
from windowclf.annotation.entries import StoredSpan
from windowclf.annotation.review import (
    adopt,
    find_contradictions,
    find_disagreements,
    fix_name,
    list_names,
)

DRUG, DOSE = 1, 2


def span(text, word, label, nth=0):
    start = -1
    for _ in range(nth + 1):
        start = text.index(word, start + 1)
    return start, start + len(word), label


def project(folder, *rows):
    """Accept texts with the names (word, label) in them."""
    store = make_project(folder, [text for text, _ in rows])
    for number, (text, names) in enumerate(rows, 1):
        if names is not None:
            decide(store, number, spans=[span(text, *name) for name in names])
    return store


def readings(store):
    return [
        (found.text, [(each.label, each.count) for each in found.readings])
        for found in find_contradictions(store)
    ]


class TestNames:
    @pytest.fixture
    def store(self, tmp_path):
        with project(
            tmp_path / "p",
            ("One Aspirin a day.", [("Aspirin", DRUG)]),
            ("Two Aspirin tablets, 5 mg.", [("Aspirin", DRUG), ("5 mg", DOSE)]),
            ("Ibuprofen and Aspirin helped.", [("Ibuprofen", DRUG)]),
            ("Aspirin was not decided on.", None),
        ) as store:
            decide(store, 4, "flagged", spans=[(0, 7, DRUG)])
            yield store

    def test_the_most_frequent_come_first(self, store):
        page = list_names(store)
        assert [(each.label, each.text, each.count) for each in page.names] == [
            (DRUG, "Aspirin", 2),
            (DOSE, "5 mg", 1),
            (DRUG, "Ibuprofen", 1),
        ]
        first = page.names[0].contexts[0]
        assert (first.passage, first.before, first.text) == (1, "One ", "Aspirin")
        assert first.after.strip() == "a day."

    def test_of_one_label(self, store):
        assert [each.text for each in list_names(store, DOSE).names] == ["5 mg"]

    def test_by_a_part_of_them_in_any_case(self, store):
        assert [each.text for each in list_names(store, query="PROF").names] == ["Ibuprofen"]

    def test_by_pages(self, store):
        pages = [list_names(store, page=number, size=2) for number in (0, 1, 2)]
        assert [len(page.names) for page in pages] == [2, 1, 0]
        assert [page.total for page in pages] == [3, 3, 3]


class TestContradictions:
    def test_a_name_that_is_missed(self, tmp_path):
        rows = [(f"Aspirin helps {n}.", [("Aspirin", DRUG)]) for n in range(9)]
        rows += [("No Aspirin here.", []), ("Twice Aspirin, Aspirin.", [("Aspirin", DRUG)])]
        rows += [("Aspirinlike is another word.", []), ("aspirin in small letters", [])]
        with project(tmp_path / "p", *rows, ("Aspirin is open.", None)) as store:
            assert readings(store) == [("Aspirin", [(DRUG, 10), (None, 2)])]
            [found] = find_contradictions(store)
            assert [c.passage for c in found.readings[1].contexts] == [10, 11]

    def test_a_name_with_another_label(self, tmp_path):
        with project(
            tmp_path / "p",
            ("Take Aspirin.", [("Aspirin", DRUG)]),
            ("Take Aspirin now.", [("Aspirin", DRUG)]),
            ("Some Aspirin.", [("Aspirin", DOSE)]),
        ) as store:
            assert readings(store) == [("Aspirin", [(DRUG, 2), (DOSE, 1)])]

    def test_a_part_of_a_longer_name_is_not_missed(self, tmp_path):
        with project(
            tmp_path / "p",
            ("He saw York.", [("York", DRUG)]),
            ("He saw New York.", [("New York", DRUG)]),
            ("And New York again.", []),
        ) as store:
            assert readings(store) == [("New York", [(DRUG, 1), (None, 1)])]

    def test_a_label_that_was_added_later_is_not_missed(self, tmp_path):
        with project(tmp_path / "p", ("Oral Aspirin.", []), ("Oral Ibuprofen.", None)) as store:
            route = store.add_label("ROUTE").id
            decide(store, 2, spans=[(0, 4, route)])
            assert readings(store) == []
            decide(store, 1)
            assert readings(store) == [("Oral", [(route, 1), (None, 1)])]

    def test_the_surest_come_first(self, tmp_path):
        rows = [(f"Codein {n}", [("Codein", DRUG)]) for n in range(4)] + [("Codein", [])]
        rows += [("Aspirin a", [("Aspirin", DRUG)]), ("Aspirin b", [])]
        with project(tmp_path / "p", *rows) as store:
            assert [text for text, _ in readings(store)] == ["Codein", "Aspirin"]
            assert len(find_contradictions(store, 1)) == 1


class TestFix:
    @pytest.fixture
    def store(self, tmp_path):
        with project(
            tmp_path / "p",
            ("Aspirin 5 mg.", [("Aspirin", DRUG), ("5 mg", DOSE)]),
            ("Aspirin, Aspirin 5 mg.", [("5 mg", DOSE)]),
            ("More Aspirin.", []),
            ("Aspirin as a dose.", [("Aspirin", DOSE)]),
        ) as store:
            yield store

    def test_what_was_missed_is_labelled_at_once_and_can_be_undone(self, store):
        before = [store.passage(number).spans for number in range(1, 5)]
        store.decide("fix", "ann", fix_name(store, "Aspirin", None, DRUG))
        assert store.passage(2).spans == [
            StoredSpan(0, 7, DRUG),
            StoredSpan(9, 16, DRUG),
            StoredSpan(17, 21, DOSE),
        ]
        assert store.passage(3).spans == [StoredSpan(5, 12, DRUG)]
        assert store.passage(4).spans == [StoredSpan(0, 7, DOSE)]
        assert sorted(store.undo("u", "ann")) == [2, 3]
        assert [store.passage(number).spans for number in range(1, 5)] == before

    def test_another_label_is_replaced(self, store):
        store.decide("fix", "ann", fix_name(store, "Aspirin", DOSE, DRUG))
        assert store.passage(4).spans == [StoredSpan(0, 7, DRUG)]
        assert store.passage(3).spans == []

    def test_a_label_is_taken_away(self, store):
        store.decide("fix", "ann", fix_name(store, "Aspirin", DRUG, None))
        assert store.passage(1).spans == [StoredSpan(8, 12, DOSE)]

    def test_in_some_passages_alone(self, store):
        assert [c.passage for c in fix_name(store, "Aspirin", None, DRUG, {3})] == [3]

    def test_a_name_that_is_not_there_changes_nothing(self, store):
        assert fix_name(store, "", None, DRUG) == fix_name(store, "Codein", None, DRUG) == []


class TestDisagreements:
    @pytest.fixture
    def store(self, tmp_path):
        with project(
            tmp_path / "p",
            ("Aspirin 5 mg.", [("Aspirin", DRUG)]),
            ("Oslo Aspirin.", [("Oslo", DRUG), ("Aspirin", DRUG)]),
            ("Take Aspirin.", []),
            ("Open Aspirin.", None),
        ) as store:
            yield store

    proposals = {  # noqa: RUF012
        1: [(0, 7, DRUG, 0.99), (8, 12, DOSE, 0.6)],
        2: [(0, 12, DOSE, 0.7)],
        3: [(5, 12, DRUG, 0.9)],
        4: [(5, 12, DRUG, 1.0)],
    }

    def test_the_surest_come_first(self, store):
        found = find_disagreements(store, self.proposals)
        assert [(each.context.passage, each.score) for each in found] == [
            (3, 0.9),
            (2, 0.7),
            (1, 0.6),
        ]
        assert found[1].decided == [StoredSpan(0, 4, DRUG), StoredSpan(5, 12, DRUG)]
        assert found[1].context.text == "Oslo Aspirin"
        assert len(find_disagreements(store, self.proposals, 2)) == 2

    def test_what_the_model_does_not_find_comes_last(self, store):
        found = find_disagreements(store, {2: [(5, 12, DRUG, 0.9)], 3: [(5, 12, DRUG, 0.1)]})
        assert [(each.decided, each.proposed, each.score) for each in found] == [
            ([], StoredSpan(5, 12, DRUG), 0.1),
            ([StoredSpan(0, 4, DRUG)], None, None),
        ]

    def test_they_are_adopted_in_one_go(self, store):
        found = find_disagreements(store, self.proposals)
        store.decide("fix", "ann", adopt(store, found))
        assert store.passage(1).spans == [StoredSpan(0, 7, DRUG), StoredSpan(8, 12, DOSE)]
        assert store.passage(2).spans == [StoredSpan(0, 12, DOSE)]
        assert store.passage(3).spans == [StoredSpan(5, 12, DRUG)]
        assert find_disagreements(store, self.proposals) == []

    def test_a_name_that_the_model_does_not_find_is_taken_away(self, store):
        found = find_disagreements(store, {2: [(5, 12, DRUG, 0.9)]})
        store.decide("fix", "ann", adopt(store, found))
        assert store.passage(2).spans == [StoredSpan(5, 12, DRUG)]

    def test_what_was_decided_on_since_is_left_out(self, store):
        found = find_disagreements(store, self.proposals)
        decide(store, 3)
        assert [change.passage for change in adopt(store, found)] == [2, 1]

    def test_a_label_that_was_added_later_is_not_held_against_a_decision(self, store):
        route = store.add_label("ROUTE").id
        assert find_disagreements(store, {3: [(0, 4, route, 0.9)]}) == []
