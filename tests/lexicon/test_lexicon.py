import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import make_vectors
from windowclf.lexicon.lexicon import (
    FIRST,
    PADDING,
    UNKNOWN,
    Lexicon,
    build_lexicon,
    initial_tables,
    word_forms,
)

# In order of frequency; the first three are among the most frequent ones below.
UNCASED = ["the", "of", "lima", "oslo", "0000", "spoke", "rare"]
CASED = ["the", "of", "Lima", "Oslo", "oslo", "spoke", "Rare"]
TRAINING = ["Oslo", "spoke", "in", "in", "1996", "Once", "K-12", "k-34"]


def build(known=UNCASED, words=TRAINING, features=(), vocabulary=3):
    vectors = make_vectors(known)
    return build_lexicon(words, vectors, features=features, vocabulary=vocabulary), vectors


def row(lexicon, word):
    return int(lexicon.ids([word])[0, 0])


def test_the_vocabulary_is_the_training_words_and_the_most_frequent_of_the_vectors():
    lexicon, _ = build()
    # 'in' and 'k-00' have no vector but come twice; 'once' comes once.
    assert set(lexicon.values["word"]) == {
        "the",
        "of",
        "lima",
        "oslo",
        "0000",
        "spoke",
        "in",
        "k-00",
    }
    assert lexicon.sizes() == {"word": 8 + FIRST}


def test_no_vector_is_taken_that_was_not_asked_for():
    lexicon, _ = build(vocabulary=0)
    assert set(lexicon.values["word"]) == {"oslo", "0000", "spoke", "in", "k-00"}


@pytest.mark.parametrize("word", ["rare", "Rare", "once", "zebra", ""])
def test_unknown_words(word):
    assert row(build()[0], word) == UNKNOWN


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("Oslo", "oslo"),
        ("OSLO", "oslo"),
        ("Lima", "lima"),  # never in the training text
        ("1996", "0000"),
        ("2024", "0000"),
        ("K-99", "k-00"),
        ("IN", "in"),
    ],
)
def test_uncased_lookup(word, value):
    lexicon, _ = build()
    assert not lexicon.cased
    assert lexicon.values["word"][row(lexicon, word) - FIRST] == value


@pytest.mark.parametrize(
    ("word", "value"),
    [("Oslo", "Oslo"), ("oslo", "oslo"), ("OSLO", "oslo"), ("Lima", "Lima"), ("Spoke", "spoke")],
)
def test_cased_lookup_takes_the_word_as_written_first(word, value):
    lexicon, _ = build(CASED, words=["Oslo", "oslo", "Spoke"])
    assert lexicon.cased
    assert lexicon.values["word"][row(lexicon, word) - FIRST] == value


def test_a_cased_word_is_not_looked_up_from_lower_case():
    assert row(build(CASED)[0], "lima") == UNKNOWN


def test_word_forms():
    assert word_forms("Mi-8", cased=True) == ["Mi-8", "mi-8", "mi-0"]
    assert word_forms("Mi-8", cased=False) == ["mi-8", "mi-0"]


def test_features_have_the_values_of_the_training_text():
    lexicon, _ = build(features=["shape", "suffix2"], words=["Oslo", "Lima", "no"])
    assert lexicon.features == ["word", "shape", "suffix2"]
    assert lexicon.values["shape"] == ["Xx", "x"]
    assert lexicon.values["suffix2"] == ["lo", "ma", "no"]
    assert lexicon.sizes() == {"word": 4 + FIRST, "shape": 2 + FIRST, "suffix2": 3 + FIRST}
    ids = lexicon.ids(["Lima", "roma", "7"])
    assert ids.dtype == np.int32
    assert ids[:, 1:].tolist() == [[FIRST, FIRST + 1], [FIRST + 1, FIRST + 1], [UNKNOWN, UNKNOWN]]


def test_each_column_is_looked_up_in_its_own_table():
    lexicon = Lexicon({"word": ["xx"], "written": ["a", "xx"], "shape": ["x"]}, cased=False)
    assert lexicon.ids(["xx", "a"]).tolist() == [[2, 3, 2], [UNKNOWN, 2, 2]]


TEXT = st.text("aAbI1٣-İΣß\n\0\ud800", max_size=3)


@given(
    st.lists(TEXT, unique=True),
    st.lists(TEXT, unique=True),
    st.lists(TEXT),
    st.booleans(),
)
def test_ids_are_the_rows_of_the_first_known_form(known, written, words, cased):
    lexicon = Lexicon({"word": known, "written": written, "gazetteer-LOC": []}, cased=cased)
    ids = lexicon.ids(words, [["E"] * len(words)])
    assert ids.dtype == np.int32
    assert ids.flags.c_contiguous
    assert ids.shape == (len(words), 3)
    for word, row_of_word in zip(words, ids.tolist(), strict=True):
        forms = word_forms(word, cased=cased)
        first = next((known.index(form) + FIRST for form in forms if form in known), UNKNOWN)
        zeros = "".join("0" if c.isdecimal() else c for c in word)
        second = written.index(zeros) + FIRST if zeros in written else UNKNOWN
        assert row_of_word == [first, second, FIRST + "BIES".index("E")]


def test_marks_are_one_for_each_word():
    lexicon = Lexicon({"word": [], "gazetteer-LOC": ["Oslo"]}, cased=False)
    for marks in ([], [["B", "E"], ["S", "S"]], [["B", "I", "E"]]):
        with pytest.raises(ValueError, match=r"zip|broadcast"):
            lexicon.ids(["Oslo", "is"], marks)


def test_a_lexicon_keeps_its_values_whatever_becomes_of_the_lists_it_was_given():
    values = {"word": ["oslo"], "shape": ["Xx"]}
    lexicon = Lexicon(values, cased=False)
    values["word"].insert(0, "rome")
    values["shape"].clear()
    assert lexicon.sizes() == {"word": 1 + FIRST, "shape": 1 + FIRST}
    assert lexicon.ids(["Oslo", "rome"]).tolist() == [[FIRST, FIRST], [UNKNOWN, UNKNOWN]]


def test_no_words():
    assert build(features=["shape"])[0].ids([]).shape == (0, 2)


@pytest.mark.parametrize("known", [UNCASED, CASED])
def test_a_word_with_a_vector_starts_with_it_up_to_the_scale(known):
    lexicon, vectors = build(known, features=["shape"])
    rng = np.random.default_rng(0)
    tables = initial_tables(lexicon, vectors, feature_dimensions=5, rng=rng)
    table = tables["word"]
    known_words = [word for word in lexicon.values["word"] if word in vectors]
    rows = [FIRST + lexicon.values["word"].index(word) for word in known_words]
    assert {"the", "of"} < set(known_words)
    assert "in" not in known_words
    scale = vectors[known_words].std()
    np.testing.assert_allclose(table[rows], vectors[known_words] / scale, rtol=1e-6)
    assert table[rows].std() == pytest.approx(1, rel=1e-5)
    # a word that the training text never had, looked up as the tagger does
    never = "Lima" if lexicon.cased else "lima"
    np.testing.assert_allclose(table[row(lexicon, "Lima")], vectors[never] / scale, rtol=1e-6)


def test_rows_without_a_vector_are_drawn_and_the_padding_is_zero():
    lexicon, vectors = build(features=["shape", "prefix2"])
    tables, again, other = (
        initial_tables(lexicon, vectors, feature_dimensions=5, rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    assert list(tables) == ["word", "shape", "prefix2"]
    for name, table in tables.items():
        assert table.dtype == np.float32
        assert table.shape == (lexicon.sizes()[name], 6 if name == "word" else 5)
        assert not table[PADDING].any()
        assert table[UNKNOWN].all()
        np.testing.assert_array_equal(table, again[name])
        assert not np.array_equal(table[UNKNOWN], other[name][UNKNOWN])
    own = tables["word"][row(lexicon, "in")]
    assert own.all()
    assert np.abs(own).max() < 0.6  # of deviation 0.1


def test_no_word_has_a_vector():
    lexicon, vectors = build(words=["zebra", "zebra"], vocabulary=0)
    table = initial_tables(lexicon, vectors, feature_dimensions=5, rng=np.random.default_rng(0))[
        "word"
    ]
    assert table.shape == (FIRST + 1, 6)
    assert np.isfinite(table).all()


def test_words_in_other_cases_bring_feature_values_and_no_words():
    vectors = make_vectors(CASED)
    names = ["shape", "written", "suffix2"]
    words = ["Oslo", "in", "in"]
    plain = build_lexicon(words, vectors, features=names, vocabulary=1)
    both = build_lexicon(
        words, vectors, features=names, vocabulary=1, recased=iter(["OSLO", "oslo", "oslo", "IN"])
    )
    assert both.values == {
        "word": plain.values["word"],
        "shape": ["X", "Xx", "x"],
        "written": ["IN", "OSLO", "Oslo", "in", "oslo"],
        "suffix2": ["in", "lo"],
    }
    assert both.cased == plain.cased


def test_a_lexicon_does_not_tell_the_order_of_its_text():
    text = ["zebra", "Oslo", "zebra", "apple", "in", "apple"]
    lexicons = [
        build_lexicon(words, make_vectors(CASED), features=["written", "prefix2"], vocabulary=1)
        for words in (text, text[::-1], sorted(text))
    ]
    assert lexicons[0].values == lexicons[1].values == lexicons[2].values


def test_rare_values_of_features_have_no_row():
    words = ["Oslo", "Oslo", "oslo", "Rome"]
    settings = {"features": ("written", "suffix2"), "vocabulary": 0}
    lexicon = build_lexicon(words, make_vectors(["oslo"]), min_count=2, **settings)
    assert lexicon.values["written"] == ["Oslo"]
    assert lexicon.values["suffix2"] == ["lo"]
    lexicon = build_lexicon(
        words, make_vectors(["oslo"]), min_count=2, recased=map(str.lower, words), **settings
    )
    assert lexicon.values["written"] == ["Oslo", "oslo"]
