"""Words in their plain form, and the shapes of the tokens of the web."""

import numpy as np
import pytest

from networks import make_vectors
from windowclf.lexicon.features import KIND_SHAPES, name_form, shape
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import FIRST, Lexicon, build_lexicon
from windowclf.model.encoding import encode

FEATURES = ["shape", "written", "prefix2", "suffix3"]
WEB = ["ann@example.org", "https://example.org", "@ann", "#oslo", "👍"]


def lexicon_of(words):
    return build_lexicon(
        words, make_vectors(["the", '"', "'s", "oslo"]), features=FEATURES, vocabulary=4
    )


def test_typographic_words_have_the_ids_of_plain_ones():
    lexicon = lexicon_of(["Oslo", "'s", '"', "O'Neill", "O'Neill", "...", "--", "*"])
    plain = ["'s", '"', '"', "O'Neill", "...", "--", "*", "Oslo"]
    written = ["’s", "“", "»", "O’Neill", "…", "—", "•", "Os\u00adlo"]
    np.testing.assert_array_equal(lexicon.ids(written), lexicon.ids(plain))
    assert lexicon.value("written", "O’Neill") == "O'Neill"
    found = encode([written], lexicon)
    np.testing.assert_array_equal(found.words, encode([plain], lexicon).words)


def test_a_lexicon_of_typographic_text_is_that_of_its_plain_form():
    words = ["Oslo", "'s", '"', "O'Neill", "...", "--", "isn't"]
    written = ["Oslo", "’s", "”", "O’Neill", "…", "—", "isn’t"]
    assert lexicon_of(written * 2).values == lexicon_of(words * 2).values


def test_a_new_lexicon_has_a_shape_for_each_kind_that_its_text_has():
    lexicon = lexicon_of([*WEB, "Oslo", "U.S."])
    shapes = lexicon.values["shape"]
    assert {*KIND_SHAPES.values(), "Xx", "X.X."} == {*shapes}
    column = lexicon.features.index("shape")
    others = ["bob.lee@mail.example.com", "www.example.de/a?b", "@BOB_1", "#Summer2024", "🇫🇷"]
    rows = lexicon.ids(others)[:, column]
    assert [shapes[row - FIRST] for row in rows] == [
        *("<email>", "<url>", "<handle>", "<hashtag>", "<emoji>"),
    ]
    assert [lexicon.value("shape", word) for word in others] == [shapes[r - FIRST] for r in rows]


@pytest.mark.parametrize("known", [[], ["<url>"]])
def test_a_lexicon_without_a_kind_spells_its_tokens_out(known):
    shapes = [*known, *map(shape, WEB)]
    lexicon = Lexicon({"word": [], "shape": shapes}, cased=False)
    found = [shapes[row - FIRST] for row in lexicon.ids(WEB)[:, 1]]
    assert found == [known[0] if known and "//" in word else shape(word) for word in WEB]


def test_a_name_has_one_form():
    assert name_form("O’Neill") == name_form("O'NEILL") == "o'neill"
    assert name_form("Os\u00adlo") == "oslo"
    assert name_form("—") == name_form("oslo") == ""


def test_gazetteers_know_names_by_their_plain_form():
    gazetteer = Gazetteer(["St. John’s", "O'Neill"])
    assert gazetteer.match(["St.", "John", "'s", "O’Neill"]) == ["B", "I", "E", "S"]
    assert gazetteer.match(["St.", "John", "’s"]) == ["B", "I", "E"]
