"""Typographic text is split, looked up and tagged as its ASCII form is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import make_vectors
from windowclf.config.config import Config
from windowclf.lexicon.clusters import Clusters
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import build_lexicon
from windowclf.text.token_pattern import LETTERS, PUNCTUATION, SIGN, part_of_name
from windowclf.text.tokenizer import split_words, token_starts
from windowclf.text.typography import plain_word, strip

# A straight character or none, and what typographers, word processors and web pages write for it.
FORMS = {
    '"': "“”„‟«»″＂",
    "'": "‘’‚‛‹›′´ʻʼ＇",
    "-": "\u2010\u2011\u2212",
    " - ": [" – ", "\u00a0– ", " \u2012 "],
    "--": "—―",
    " ... ": [" … "],
    " ": "\u00a0\u2009\u202f\u200b",
    "": "\u00ad\u2060\u200e\u200f\ufeff\u202a\u202c",
}
WORDS = ["Oslo", "O", "Neill", "the", "he", "said", "It", "isn", "t", "s", "1996", "5", "10", "Mr."]
WORDS += [
    "U.S.",
    "J.",
    "No.",
    ".",
    ",",
    "?",
    "!",
    "(",
    ")",
    "Inc.",
    "B",
    "ll",
    "n",
    "été",
    "中",
    "№",
]
pieces = st.sampled_from(WORDS).map(lambda word: (word, word))
for plain, others in FORMS.items():
    pieces |= st.sampled_from([*others]).map(lambda other, plain=plain: (plain, other))
mixtures = st.lists(pieces | st.just((" ", " ")), max_size=25).map(
    lambda found: tuple("".join(part) for part in zip(*found, strict=True)) or ("", "")
)


@given(mixtures)
def test_text_is_split_as_its_ascii_form(pair):
    plain, written = pair
    expected, found = split_words(plain), split_words(written)
    assert [[plain_word(word) for word in words] for words in found] == [
        [plain_word(word) for word in words] for words in expected
    ]
    starts = token_starts(written, [word for words in found for word in words])
    assert sorted(starts) == list(starts)


LEXICON = build_lexicon(
    [*WORDS, *(plain_word(form.strip()) for forms in FORMS.values() for form in forms), "O'Neill"],
    make_vectors([word.lower() for word in WORDS]),
    features=Config().features,
    vocabulary=100,
    gazetteers={"PER": Gazetteer(["Mr. O'Neill"])},
    clusters={"brown": Clusters({"00000": ["O'Neill", "Oslo"], "00111": ["--", '"', "-"]})},
    prefixes=(4, 5),
)


@given(mixtures)
def test_words_have_the_features_of_their_ascii_form(pair):
    """So training on typographic variants of its text would teach a network nothing."""
    plain, written = (
        LEXICON.ids(words, LEXICON.gazetteer_tags([words]))
        for words in ([word for words in split_words(text) for word in words] for text in pair)
    )
    assert written.tolist() == plain.tolist()


@pytest.mark.parametrize(
    "marked",
    [
        "She works at ‘|Toyota|’ now|.",
        "“|Oslo is growing|,|” said Ann|.",
        "Angela Merkel|’s ca|n’t Bob|ʼs O’Neill Hawaiʻi ’96 rock ‘|n|’ roll",
        "Boston|–|New York|—|or Oslo|–|then 1996–97 well-known well‑known −5",
        "|•|Oslo ·|Bergen … «|Oui|»",
        "end|…|then",
    ],
)
def test_words_keep_their_characters(marked):
    found = [word for words in split_words(marked.replace("|", "")) for word in words]
    assert found == marked.replace("|", " ").split()


def test_what_cannot_be_seen_is_in_a_word_or_in_none():
    text = "\ufeffLon\u00addon,\u200e Os\u2060lo\u200b \u200b New\u200bYork\u200f. \u200d "
    text += "🏴\u200d☠\ufe0f"
    found = [word for words in split_words(text) for word in words]
    assert found == [
        *("Lon\u00addon", ",", "Os\u2060lo", "New", "York", ".", "🏴\u200d☠\ufe0f"),
    ]
    assert split_words("\u200b") == split_words("\ufeff \u00ad\n\u200e") == []
    assert split_words("می\u200cرود") == [["می\u200cرود"]]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("“", '"'),
        ("O’Neill", "O'Neill"),
        ("n’t", "n't"),
        ("—", "--"),
        ("–", "-"),
        ("1996–97", "1996-97"),
        ("…", "..."),
        ("•", "*"),
        ("·", "*"),
        ("l·l", "l·l"),
        ("Lon\u00addon", "London"),
        ("\u200eOslo\u200b", "Oslo"),
        ("Oslo\ufe0f", "Oslo"),
        ("10\u00a0000", "10 000"),
        ("می\u200cرود", "می\u200cرود"),
        ("\u200b", "\u200b"),
        ("École", "École"),
    ],
)
def test_words_are_looked_up_in_their_plain_form(written, plain):
    assert plain_word(written) == plain
    assert plain_word(plain) == plain


@given(st.text())
def test_the_ends_of_a_text_are_seen(text):
    found = strip(text)
    assert found in text
    assert strip(found) == found == found.strip()


@pytest.mark.parametrize("word", ["Oslo", "3M", "東京", "a-", "É", "#1", "@x", "½", "x\u200b"])
def test_words_that_may_be_names(word):
    assert part_of_name(word) == LETTERS


@pytest.mark.parametrize("word", ["—", "–", "***", "•", "👍🏽", "1️⃣", ":D", "™", "→", "…", "★", "|"])
def test_signs_neither_begin_nor_end_names(word):
    assert part_of_name(word) == SIGN


@pytest.mark.parametrize("word", ["", "!", ")", "“", "」", "``", "&", ".", "’", "\u200b"])
def test_punctuation_may_be_at_the_ends_of_names(word):
    assert part_of_name(word) == PUNCTUATION
