import re
import sys
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.lexicon.features import (
    Feature,
    feature_function,
    feature_values,
    lower_zero_digits,
    shape,
    zero_digits,
)

words = st.text(min_size=1, max_size=8) | st.text("aAbB0-.9", min_size=1, max_size=8)
# Lower case that is longer, that depends on the neighbours or is another letter's; title case,
# letters without case, marks, digits that are not decimal, control characters, surrogates.
NASTY = "İiIıΣσςßẞǅǆÉéaB0٣²Ⅷªーあ\u0301\u0345-.\0\n\r\x1f\x7f\x80\x85\u2028\ud800\udfff𝟘𝔸"
any_words = words | st.just("") | st.text(NASTY, max_size=6) | st.text("ΣaAİ. 1", max_size=6)
NAMES = ["shape", "written", *(f"{end}{n}" for end in ("prefix", "suffix") for n in range(1, 6))]


def plain_value(name, word):
    """The definition of each feature, a character at a time."""

    def zeros(text):
        return "".join("0" if c.isdecimal() else c for c in text)

    def kind(c):
        return "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c

    if name == "shape":
        return "".join(kind for kind, _ in groupby(map(kind, word)))
    if name == "written":
        return zeros(word)
    size = int(name.removeprefix("prefix").removeprefix("suffix"))
    part = word[:size] if name.startswith("prefix") else word[max(len(word) - size, 0) :]
    return zeros(part.lower())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Paris", "Xx"),
        ("NATO", "X"),
        ("1996-08-22", "d-d-d"),
        ("McDonald", "XxXx"),
        ("U.N.", "X.X."),
        ("Élan", "Xx"),
        ("東京", "x"),
        ("東b", "x"),
        ("ǅb", "x"),
        ("東B", "xX"),
        ("...", "."),
        ("-7.50", "-d.d"),
        ("B2B", "XdX"),
        ("", ""),
    ],
)
def test_shape(word, expected):
    assert shape(word) == expected


@given(words)
def test_shape_writes_a_run_once(word):
    found = shape(word)
    assert all(a != b for a, b in pairwise(found))
    assert len(found) <= len(word)


@given(words)
def test_shape_does_not_tell_letters_or_digits_apart(word):
    swapped = re.sub("[0-9]", "5", re.sub("[a-z]", "q", re.sub("[A-Z]", "Q", word)))
    assert shape(swapped) == shape(word)


@pytest.mark.parametrize(
    ("word", "expected"), [("1996-08-22", "0000-00-00"), ("B2B", "B0B"), ("x", "x"), ("٣", "0")]
)
def test_zero_digits(word, expected):
    assert zero_digits(word) == expected


@pytest.mark.parametrize(
    ("name", "word", "expected"),
    [
        ("prefix2", "Paris", "pa"),
        ("prefix3", "Paris", "par"),
        ("suffix2", "PARIS", "is"),
        ("suffix3", "Paris", "ris"),
        ("prefix3", "At", "at"),
        ("suffix5", "Paris", "paris"),
        ("suffix1", "U.N.", "."),
        ("prefix3", "1996", "000"),
        ("suffix2", "B52", "00"),
        ("written", "Boeing-747", "Boeing-000"),
        ("shape", "Boeing-747", "Xx-d"),
    ],
)
def test_feature_functions(name, word, expected):
    assert feature_function(name)(word) == expected


@given(any_words)
def test_feature_functions_are_the_plain_ones(word):
    for name in NAMES:
        assert feature_function(name)(word) == plain_value(name, word)


@given(st.lists(any_words, max_size=12), st.lists(st.sampled_from(NAMES), max_size=5))
def test_many_words_at_once_have_the_values_of_each_by_itself(found, names):
    columns = feature_values([feature_function(name) for name in names], found)
    assert list(columns) == [[plain_value(name, word) for word in found] for name in names]


@given(st.lists(any_words, max_size=12))
def test_the_forms_of_many_words(found):
    forms = [str, str.lower, lower_zero_digits]
    columns = feature_values([Feature(form) for form in forms], tuple(found))
    lower = [word.lower() for word in found]
    assert list(columns) == [found, lower, [plain_value("written", word) for word in lower]]


def test_every_character():
    every = [chr(point) for point in range(sys.maxunicode + 1)]
    assert zero_digits("".join(every)) == plain_value("written", "".join(every))
    # A prefix can be cut off a word in lower case because all characters except two are
    # converted independently.
    regular = [c for c in every if c not in "İΣ"]
    assert all(len(c.lower()) == 1 for c in regular)
    assert "".join(regular).lower() == "".join(map(str.lower, regular))
    names = ["shape", "prefix1", "suffix2"]
    sample = every[:0x3000] + every[0x1D400:0x1D800]
    for before, after in (("", ""), ("a", ""), ("Ab", "c"), ("7", "Σ")):
        found = [before + c + after for c in sample]
        columns = feature_values([feature_function(name) for name in names], found)
        for name, values in zip(names, columns, strict=True):
            assert values == [plain_value(name, word) for word in found]
