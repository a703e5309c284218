"""A gazetteer as a feature: its table has a row for each place in a name."""

import numpy as np

from networks import make_vectors
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import FIRST, PADDING, UNKNOWN, build_lexicon, initial_tables

NAMES = {"LOC": ["New York City", "Oslo", "Rio"], "geo-loc": ["york city", "is"]}
VECTORS = make_vectors(["oslo", "is", "new"])


def build(lists=NAMES):
    return build_lexicon(
        ["Oslo", "is", "New"],
        VECTORS,
        features=["shape"],
        vocabulary=3,
        gazetteers=lists and {kind: Gazetteer(names) for kind, names in lists.items()},
    )


def test_the_names_are_the_values_and_the_places_have_the_rows():
    lexicon = build()
    assert lexicon.values == {
        "word": ["oslo", "is", "new"],
        "shape": ["Xx", "x"],
        "gazetteer-LOC": NAMES["LOC"],
        "gazetteer-geo-loc": NAMES["geo-loc"],
    }
    assert lexicon.features == list(lexicon.values)
    assert lexicon.sizes() == {
        "word": FIRST + 3,
        "shape": FIRST + 2,
        "gazetteer-LOC": FIRST + 4,
        "gazetteer-geo-loc": FIRST + 4,
    }


def test_without_a_list_there_is_no_such_feature():
    for lists in (None, {}):
        lexicon = build(lists)
        assert lexicon.features == ["word", "shape"]
        assert lexicon.gazetteer_tags([["Oslo"], ["is"]]) == []


def test_marks_are_those_of_each_list_in_each_sentence():
    sentences = [["New", "York"], ["City", "is", "NEW", "york", "city"], [], ["oslo"]]
    assert build().gazetteer_tags(sentences) == [[*"OOOOBIES"], [*"OOOSOBEO"]]
    assert build().gazetteer_tags([]) == [[], []]


def test_ids_of_words_with_their_marks():
    ids = build().ids(["Oslo", "Rio", "is", "is", "is"], [[*"OSBIE"], [*"EIBSO"]])
    assert ids.dtype == np.int32
    oslo, unknown, word = [FIRST, FIRST], [UNKNOWN, FIRST], [FIRST + 1, FIRST + 1]
    places = {"O": UNKNOWN} | {place: row for row, place in enumerate("BIES", FIRST)}
    assert ids.tolist() == [
        [*oslo, places["O"], places["E"]],
        [*unknown, places["S"], places["I"]],
        [*word, places["B"], places["B"]],
        [*word, places["I"], places["S"]],
        [*word, places["E"], places["O"]],
    ]
    assert build().ids([], [[], []]).shape == (0, 4)


def test_the_table_of_a_list_is_drawn_like_that_of_a_feature():
    rng = np.random.default_rng(0)
    tables = initial_tables(build(), VECTORS, feature_dimensions=5, rng=rng)
    for name in ("gazetteer-LOC", "gazetteer-geo-loc"):
        assert tables[name].shape == (FIRST + 4, 5)
        assert not tables[name][PADDING].any()
        assert tables[name][UNKNOWN:].all()
