"""The tokenizer, which remembers chunks, against the pattern run over the whole of a text."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.errors import UsageError
from windowclf.text import token_pattern, tokenizer
from windowclf.text.tokenizer import Token, sentences, split_words, token_starts, tokenize

WORDS = [
    *("the", "Oslo", "I", "x1", "état", "É", "中国", "हि", "A" * 30, "_", "\u03a2", "ǅ", "ª"),
    *("Mr.", "Inc.", "U.S.", "U.S", "a.m.", "e.g.", "St.", "J.", "É.", "\u03a2.", "xJ.", "J.K."),
    *("No.", "Nos.", "no.", "nos.", "p.", "pp.", "stop.", "up.", "_p.", "-No.", "No", "p"),
    *("1.", "12.", "123.", "1234.", "٣.", "5", "٣", "½", "²", "0.5", "3.14", ".5", "-1", "10:30"),
    *("don't", "n't", "'s", "'S", "’ll", "'", "’", "'96", "O'Neill", "''", "``", "US$", "AT&T"),
    *(".", "?", "!", "..", "...", ".....", "…", "。", "？", "؟", "।", ",", ";", "-", "--", "/"),
    *('"', "“", "”", "»", "«", "(", ")", "[", "]", "『", "』", "¿", "`"),
    *("http://a.b/c", "www.a.b", "a@b.com", "Amazon.com", "@bob", "#a", "1️⃣", "👩\u200d👧", "🇫🇷"),
    *("\ud800", "\udc00", "\u0301", "\u200b", "\ufeff", "\u180e", "\0"),
]
SPACES = ["", "", " ", " ", "  ", "\n", "\t", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"]

texts = st.text() | st.lists(st.sampled_from(WORDS) | st.sampled_from(SPACES)).map("".join)
texts |= st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES))).map(
    lambda pairs: "".join(chain.from_iterable(pairs))
)


def whole_tokens(text):
    return [Token(match[0], *match.span()) for match in token_pattern.token().finditer(text)]


def whole_sentences(text):
    found, current, ended = [], [], ""
    for token in whole_tokens(text):
        first = token.text[0]
        gap = bool(current) and token.start > current[-1].end
        may_begin = (
            token.text in {*"\"'([{“‘«¿¡「『`", "``"}
            or first.isdigit()
            or (first.isalpha() and not first.islower())
        )
        if ended and (gap or ended in {*"。？！"}) and may_begin:
            found.append(current)
            current, ended = [], ""
        current.append(token)
        if token.text in {*".?!…。？！।؟", "..", "...", "...."}:
            ended = token.text
        elif token.text not in {*"\"')]}”’»」』", "''"}:
            ended = ""
    return [*found, current] if current else found


def assert_as_whole(text):
    expected = whole_sentences(text)
    words = split_words(text)
    assert words == [[token.text for token in tokens] for tokens in expected]
    flat = [token for tokens in expected for token in tokens]
    assert token_starts(text, chain.from_iterable(words)).tolist() == [t.start for t in flat]
    assert tokenize(text) == flat
    assert sentences(text) == expected


@given(texts)
@example("No. 5 of Nos. 5 and no. 5, nos. 5, p. 5, pp. ٣")
@example("No.  5 of Nos.\u30005, no.5, p.\x1c5 pp.\n 5, No. five, up. 5 No.")
@example("_No. 5 -No. 5 xJ. S (J. S")
@example("J. Smith, J.  Smith, J.\u2028K. Smith. É. Zola, Γ. Α \u03a2. a J. 5 J. (a J.")
@example("U.S. He chose B. He won. U. S. 1.J. Smith")
@example("1. Bob 1. Bob")
@example("12.\x85Bob 12. Bob")
@example("123. 123. 5")
@example(" 1. Bob")
@example("1.")
@example("1. ")
@example("1.Bob 1.5")
@example("1234. Bob")
@example('He left. ) " Then he. ’ 5 stayed. ”』 A. "')
@example("我。我？”我。 a！5. 我")
@example("It. ”我 It.” 我 It. 』 我。』我。 』我")
@example("He left. a Then. ǅ no. ª It? - Why... ran....No ..... A")
def test_chunks_are_split_as_the_whole_is(text):
    assert_as_whole(text)


@pytest.mark.parametrize("before", ["J.", "No.", "p.", "1."])
@pytest.mark.parametrize("after", ["Bob", "bob", "5", "٣", "_", "(a", "'s", "中", "n't", "²", ""])
def test_a_chunk_is_not_remembered_with_what_followed_it(before, after):
    for text in [f"{before} {after}", f"{before}  {after}", before, f"a {before} {after} {before}"]:
        assert_as_whole(text)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(tokenizer, "_chunks", known := tokenizer._Chunks())
    monkeypatch.setattr(tokenizer._Chunks, "most", 5)
    for number in range(20):
        assert_as_whole(f"He has {number} of {number + 1}. So it's {number}")
        assert 0 < len(known) <= 5
    long, many = "a" * 100, "(!)?:"
    known.clear()
    assert split_words(f"{long} {many} a") == [[long, *many, "a"]]
    assert known.keys() == {"a"}


@given(st.lists(texts, min_size=4, max_size=20))
def test_threads_do_not_disturb_each_other(given_texts):
    interval = sys.getswitchinterval()
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as threads:
        patch.setattr(tokenizer._Chunks, "most", 2)
        sys.setswitchinterval(1e-6)
        try:
            found = list(threads.map(split_words, given_texts * 4))
        finally:
            sys.setswitchinterval(interval)
    expected = [[[t.text for t in s] for s in whole_sentences(text)] for text in given_texts]
    assert found == expected * 4


def test_words_of_another_text_are_refused():
    with pytest.raises(UsageError, match=r"word 'was': not found in the text from character 5 on"):
        token_starts("Paris is", ["Paris", "was"])


def test_no_words_have_no_starts():
    assert token_starts(" ", []).tolist() == []
    assert token_starts("", []).dtype.kind == "i"
