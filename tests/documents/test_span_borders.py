"""Spans and words against oracles that go character by character."""

import random
from itertools import accumulate, chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import spans_of, texts
from windowclf.documents.document import LabelledSpan
from windowclf.documents.span_borders import check_spans, fit_words
from windowclf.errors import DataError
from windowclf.text.tokenizer import split_words, token_starts

labels = st.sampled_from(["A", "A", "B", "B", ""])


@st.composite
def wild_spans(draw):
    """Text with much white space, and spans of which many are right."""
    text = draw(st.text(st.sampled_from("ab \n\xa0\u2028\x1c"), min_size=4, max_size=12))
    border = st.integers(-1, len(text) + 1)
    pairs = st.tuples(border, border).map(sorted) | st.tuples(border, border)
    spans = draw(st.lists(st.builds(lambda p, x: LabelledSpan(*p, x), pairs, labels), max_size=3))
    return text, spans


def slowly_checked(text, spans):
    """Trim the spans, or give None if they are wrong."""
    taken, found = set(), []
    for span in spans:
        inside = set(range(span.start, span.end))
        letters = [i for i in inside if 0 <= i < len(text) and not text[i].isspace()]
        if not inside <= set(range(len(text))) or not letters or not span.label or inside & taken:
            return None
        taken |= inside
        found.append(LabelledSpan(min(letters), max(letters) + 1, span.label))
    return sorted(found, key=lambda span: span.start)


@given(wild_spans())
def test_spans_are_checked_and_trimmed(case):
    text, spans = case
    expected = slowly_checked(text, spans)
    if expected is None:
        with pytest.raises(DataError, match=r"^span -?\d+:-?\d+ (does|has|overlaps)"):
            check_spans(text, spans)
    else:
        assert check_spans(text, spans) == expected


@given(texts, st.data())
def test_checked_spans_stay_as_they_are(text, data):
    spans = data.draw(spans_of(text, st.sampled_from("AB")))
    shuffled = random.Random(1).sample(spans, len(spans))
    assert check_spans(text, shuffled) == spans


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([(3, 8)], "span 3:8 does not fit a text of 7 characters"),
        ([(-4, 7)], "span -4:7 does not fit a text of 7 characters"),
        ([(3, 3)], "span 3:3 does not fit a text of 7 characters"),
        ([(2, 3)], "span 2:3 has no token"),
        ([(3, 7), (0, 4)], "span 3:7 overlaps span 0:4"),
        ([(3, 7), (3, 7)], "span 3:7 overlaps span 3:7"),
    ],
)
def test_a_wrong_span_is_told(spans, message):
    with pytest.raises(DataError) as refusal:
        check_spans("In Oslo", [LabelledSpan(*span, "A") for span in spans])
    assert str(refusal.value) == message
    with pytest.raises(DataError, match=r"^span 0:2 has no label$"):
        check_spans("In Oslo", [LabelledSpan(0, 2, "")])


@st.composite
def split_texts(draw):
    """A text, sentences of words that are all of it or a part, and spans."""
    text = draw(texts)
    words = [*chain.from_iterable(split_words(text))]
    if draw(st.booleans()):
        words = [word for word in words if draw(st.integers(0, 3))]
    breaks = draw(st.sets(st.integers(1, max(1, len(words))), max_size=3))
    borders = [0, *sorted(b for b in breaks if b < len(words)), len(words)]
    sentences = [words[i:j] for i, j in pairwise(borders)]
    return text, sentences, draw(spans_of(text, st.sampled_from("AB")))


def places(text, sentences):
    """Return the characters of each word, and the sentence that it is in."""
    words = [*chain.from_iterable(sentences)]
    starts = token_starts(text, words)
    numbers = [i for i, sentence in enumerate(sentences) for _ in sentence]
    found = [set(range(at, at + len(word))) for at, word in zip(starts, words, strict=True)]
    return found, numbers


@given(split_texts(), st.booleans())
def test_words_fit_the_spans(case, exact):
    text, sentences, spans = case
    before, numbers = places(text, sentences)
    inside = [set(range(span.start, span.end)) for span in spans]
    fitted = fit_words(text, sentences, spans, exact=exact)
    # The pieces of each word, in order, are the word.
    pieces = [*chain.from_iterable(fitted)]
    ends = list(accumulate(map(len, pieces), initial=0))
    lengths = list(accumulate((len(word) for word in before), initial=0))
    words = [*chain.from_iterable(sentences)]
    assert "".join(pieces) == "".join(words)
    assert set(lengths) <= set(ends)
    owners = [sum(border <= end for border in lengths[1:]) for end in ends[:-1]]
    cut = [
        sorted(before[owner])[end - lengths[owner]]
        for owner, end in zip(owners, ends, strict=False)
    ]
    after = [set(range(at, at + len(piece))) for at, piece in zip(cut, pieces, strict=True)]
    for word, place in enumerate(before):
        parts = [part for part, owner in zip(after, owners, strict=True) if owner == word]
        borders = {min(part) for part in parts} - {min(place)}
        touching = [span for span in inside if span & place]
        wanted = {b for span in touching for b in (min(span), max(span) + 1)} & place - {min(place)}
        if exact:
            assert borders == wanted
        else:
            assert borders <= wanted
            assert all(sum(bool(part & span) for span in inside) <= 1 for part in parts)
            assert len(touching) > 1 or not borders
    # A sentence ends where one ended, unless a span goes on past its end.
    starts = list(accumulate(map(len, fitted), initial=0))
    sentence_of = [i for i, (a, b) in enumerate(pairwise(starts)) for _ in range(a, b)]
    for left, right in pairwise(range(len(after))):
        i, j = owners[left], owners[right]
        apart = i != j and numbers[i] != numbers[j]
        joined = any(span & before[i] and span & before[j] for span in inside)
        assert (sentence_of[left] != sentence_of[right]) == (apart and not joined)


def test_white_space_at_the_ends_is_no_part_of_a_span():
    spans = [LabelledSpan(5, 9, "B"), LabelledSpan(0, 5, "A")]
    assert check_spans("\n In \u2028Os ", spans) == [
        LabelledSpan(2, 4, "A"),
        LabelledSpan(6, 8, "B"),
    ]


def test_words_are_cut_where_asked():
    spans = [LabelledSpan(0, 3, "A"), LabelledSpan(3, 5, "B")]
    words = [["Oslo's", "fine"]]
    assert fit_words("Oslo's fine", words, spans[:1], exact=False) == words
    assert fit_words("Oslo's fine", words, spans[:1], exact=True) == [["Osl", "o's", "fine"]]
    assert fit_words("Oslo's fine", words, spans, exact=False) == [["Osl", "o'", "s", "fine"]]


def test_a_span_joins_sentences():
    words = [["I."], ["Am"], ["He"]]
    spans = [LabelledSpan(0, 4, "A")]
    assert fit_words("I. Am He", words, spans, exact=False) == [["I.", "Am"], ["He"]]
