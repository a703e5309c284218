import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.lexicon.features import feature_function, shape, zero_digits

words = st.text(min_size=1, max_size=8) | st.text("aAbB0-.9", min_size=1, max_size=8)


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
