"""The tokenizer, which remembers chunks, against the pattern run over the whole of a text."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.text import token_pattern, tokenizer
from windowclf.text.tokenizer import (
    Token,
    line_sentences,
    sentences,
    split_words,
    token_starts,
    tokenize,
)
from windowclf.text.typography import has_hidden, plain_text, without_hidden
from windowclf.text.units import cut

WORDS = [
    *("the", "Oslo", "I", "x1", "état", "É", "中国", "हि", "A" * 30, "_", "\u03a2", "ǅ", "ª"),
    *("Mr.", "Inc.", "U.S.", "U.S", "a.m.", "e.g.", "St.", "J.", "É.", "\u03a2.", "xJ.", "J.K."),
    *("No.", "Nos.", "no.", "nos.", "p.", "pp.", "stop.", "up.", "_p.", "-No.", "No", "p"),
    *("1.", "12.", "123.", "1234.", "٣.", "5", "٣", "½", "²", "0.5", "3.14", ".5", "-1", "10:30"),
    *("don't", "n't", "'s", "'S", "’ll", "'", "’", "'96", "O'Neill", "''", "``", "US$", "AT&T"),
    *(".", "?", "!", "..", "...", ".....", "…", "。", "？", "؟", "।", ",", ";", "-", "--", "/"),
    *('"', "“", "”", "»", "«", "(", ")", "[", "]", "『", "』", "¿", "`"),
    *("http://a.b/c", "www.a.b", "a@b.com", "Amazon.com", "@bob", "#a", "1️⃣", "👩\u200d👧", "🇫🇷"),
    *("He", "So", "It's", "But,", "The", "A", "B.", "Plan", "Dr.", "vol.", "Co.-owned", "etc.,"),
    *(
        "two-",
        "AA-",
        "C++",
        "101*",
        "1=",
        "No.1",
        "24.SEP.96",
        "IBM.N",
        "+44",
        "=",
        "+",
        "a.com/b/",
    ),
    *('צה"ל', "בית־ספר", "ג׳", "↔\ufe0f", "🙂\u200d↔\ufe0f", "\u2013", "„", "‹", "›"),
    *("\ud800", "\udc00", "\u0301", "\u200b", "\ufeff", "\u180e", "\0"),
    *("Lon\u00addon", "\u200eOslo\u200f", "can\u2060’t", "می\u200cرود", "a\u200d", "“a”", "—"),
    *("mailto:a@b.de", "@a_1", "#2a", "a.de/(b)", ":)", "–", "1–2", "−5"),
]
SPACES = [
    "",
    "",
    " ",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n \r\n",
    "\t",
    "\x0b",
    "\x1c",
    "\x85",
    "\xa0",
    "\u2028",
    "\u3000",
]

OPENERS = {*"\"'([{¿¡「『`", "``"}
CLOSERS = {*"\"')]}」』", "''"}
TERMINATORS = {*".?!…。？！।؟", "..", "...", "...."}

characters = st.characters(exclude_categories=())  # lone surrogates, too
texts = st.text(characters) | st.lists(st.sampled_from(WORDS) | st.sampled_from(SPACES)).map(
    "".join
)
texts |= st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES))).map(
    lambda pairs: "".join(chain.from_iterable(pairs))
)


def plain_form(text):
    """Write a text in plain characters; say where in the text each of them stands."""
    places = [*range(len(text))]
    while has_hidden(text):
        text, kept = without_hidden(text)
        places = [places[k] for k in kept]
    return plain_text(text), places


def pieces(text):
    """Yield the plain form of what stands between two borders, and where its characters stand."""
    start = 0
    for piece in cut(text):
        start = text.index(piece, start)
        plain, places = plain_form(piece)
        yield plain, [start + place for place in places]
        start += len(piece)


def plain_tokens(plain):
    return [Token(m[0], m.start(), m.end()) for m in token_pattern.token().finditer(plain)]


def as_written(text, places, tokens):
    spans = [(places[token.start], places[token.end - 1] + 1) for token in tokens]
    return [Token(text[start:end], start, end) for start, end in spans]


def whole_tokens(text):
    return [
        token
        for plain, places in pieces(text)
        for token in as_written(text, places, plain_tokens(plain))
    ]


def opening_marks(tokens, chunks):
    """Return whether each token opens a quotation; a straight quote may, by its place or turn."""
    found, quoted = [], False
    for token, chunk in zip(tokens, chunks, strict=True):
        opens = token.text in OPENERS
        if token.text == '"':
            mates = [t for t, number in zip(tokens, chunks, strict=True) if number == chunk]
            before = {mate.text for mate in mates if mate.start < token.start}
            opens = quoted = not quoted if len(mates) == 1 else before <= OPENERS
        found.append(opens)
    return found


def begin(tokens, chunks, opens, first, k):
    """Say where the sentence begins whose first word is token k, if one does begin there."""
    last = k - 1
    while last > first and (opens[last] or tokens[last].text in CLOSERS):
        last -= 1
    if last < first or opens[k] or tokens[k].text in CLOSERS:
        return None
    end, word = tokens[last].text, tokens[k].text
    if end in TERMINATORS:
        capital = word[0].isalpha() and not word[0].islower()
        right = last > first and (capital or word[0].isdigit())
    else:
        abbreviated = end[0].isalpha() and end[-1] == "." and end not in token_pattern.TITLES
        right = abbreviated and word in token_pattern.STARTERS
    apart = [
        number
        for number in range(last + 1, k + 1)
        if (opens[number] or number == k)
        and (chunks[number] != chunks[number - 1] or end in {*"。？！"})
    ]
    return apart[0] if right and apart else None


def whole_sentences(text):
    found = []
    for plain, places in pieces(text):
        tokens = plain_tokens(plain)
        chunks = [0] * len(tokens)
        for k in range(1, len(tokens)):
            chunks[k] = chunks[k - 1] + (tokens[k].start > tokens[k - 1].end)
        opens = opening_marks(tokens, chunks)
        first = 0
        for k in range(1, len(tokens)):
            end = begin(tokens, chunks, opens, first, k)
            if end is not None:
                found.append(as_written(text, places, tokens[first:end]))
                first = end
        found += [as_written(text, places, tokens[first:])] if tokens else []
    return found


def assert_as_whole(text):
    expected = whole_sentences(text)
    words = split_words(text)
    assert words == [[token.text for token in tokens] for tokens in expected]
    flat = [token for tokens in expected for token in tokens]
    assert flat == whole_tokens(text)
    assert token_starts(text, chain.from_iterable(words)) == [t.start for t in flat]
    assert tokenize(text) == flat
    assert sentences(text) == expected
    lines = re.split("[\n\r\t\x0b\f\x1c-\x1e\x85\u2028\u2029]", text)
    lines = [[token.text for token in tokenize(line)] for line in lines]
    assert line_sentences(text) == [line for line in lines if line]


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
@example("Plan B. So he left. B. Soon. B. It's C. A B. I, B. He")
@example("B.\x85However, C. The\n\nB. The")
@example("U.S. He U.S. Hen Dr. He Inc. “The U.S. ' He vol. The etc., The .. The")
@example('" It . " He . " " Then . ("No.") ("No.)" The ") The He . " he')
@example('"\'Go.\'" He . " He')
@example("A\n\n1. B\n \n\nJ.\n\r\nSmith. he\n\n \n\n' 2. C\n3. D")
@example("... The ? Why 。我 。。我 .. A")
@example("Co.-owned etc., Bl., Wash.-based IBM.N A.-a. 101* 1= 1=2 AA- two- B+, C++. -")
@example("It. ”我 It.” 我 It. 』 我。』我。 』我")
@example("He left. a Then. ǅ no. ª It? - Why... ran....No ..... A")
def test_chunks_are_split_as_the_whole_is(text):
    assert_as_whole(text)


@pytest.mark.parametrize("before", ["J.", "No.", "p.", "1."])
@pytest.mark.parametrize(
    "after",
    [
        "Bob",
        "bob",
        "He ",
        "It's",
        "So",
        "I,",
        ",",
        ";",
        "5",
        "٣",
        "_",
        "(a",
        "'s",
        "中",
        "n't",
        "²",
        "",
    ],
)
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
