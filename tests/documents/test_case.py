import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.documents.case import CASES, in_case
from windowclf.documents.sentence import Sentence

tokens = st.lists(st.text("aBßİéΣ. 1") | st.text(), max_size=6)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("upper", ["MC", "DONALD'S", "IN", "SÃO", "STRASSE", "U.S.", "1996", ""]),
        ("lower", ["mc", "donald's", "in", "são", "straße", "u.s.", "1996", ""]),
    ],
)
def test_recase(case, expected):
    given = Sentence(["Mc", "Donald's", "in", "São", "Straße", "U.S.", "1996", ""])
    assert in_case(given, case).tokens == expected
    assert given.tokens[0] == "Mc"


@given(tokens, st.sampled_from(CASES))
def test_each_token_is_recased_by_itself_and_nothing_else(tokens, case):
    tags = [f"B-{number}" for number in range(len(tokens))]
    expected = [getattr(token, case)() for token in tokens]
    assert in_case(Sentence(tokens, tags, 7), case) == Sentence(expected, tags, 7)
    assert in_case(Sentence(tokens), case) == Sentence(expected)
