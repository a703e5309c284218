"""Documents: tags and spans against oracles that go character by character."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from labelled_documents import ANY_LABEL, documents, spans_of, texts
from strategies import visible
from windowclf.documents.document import (
    Document,
    LabelledSpan,
    join_words,
    to_sentences,
    with_spans,
    with_words,
    word_tags,
)
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.tokenizer import sentences, split_words

SCHEMES = st.sampled_from([Scheme.IOB1, Scheme.IOB2, Scheme.IOBES])


@given(documents(labelled=True), SCHEMES)
def test_tags_spell_the_spans_and_give_them_back(document, scheme):
    split = with_words(replace(document, words=None), exact=True)
    tagged = replace(split, tags=word_tags(split, scheme), spans=None)
    assert with_spans(tagged, scheme) == split


@given(texts, st.data(), SCHEMES)
def test_a_word_that_a_span_cuts_belongs_to_it(text, data, scheme):
    spans = data.draw(spans_of(text, st.sampled_from("AB")))
    document = Document(text, split_words(text), spans=spans)
    expected = []
    taken = set()
    wrong = False
    for tokens in sentences(text):
        inside = []
        for span in spans:
            touched = [
                i
                for i, token in enumerate(tokens)
                if set(range(token.start, token.end)) & set(range(span.start, span.end))
            ]
            here = {(tokens[i].start) for i in touched}
            wrong |= bool(here & taken)  # the word of another span
            taken |= here
            wrong |= bool(touched) and tokens[-1].end < span.end  # it goes on in the next
            if touched:
                inside.append(Span(touched[0], touched[-1] + 1, span.label))
        expected.append((inside, len(tokens)))
    if wrong:
        with pytest.raises(
            DataError, match=r"(shares the token|extends beyond the end of its sentence)"
        ):
            word_tags(document, scheme)
    else:
        assert word_tags(document, scheme) == [encode(*each, scheme) for each in expected]


def test_what_words_cannot_spell_is_told():
    words = [["In", "Oslo"], ["Now"]]
    document = Document("In Oslo - Now", words)
    for spans, message in (
        ([(3, 5), (5, 7)], "span 5:7 shares the token 'Oslo' with the previous span; put"),
        ([(3, 13)], "span 3:13 extends beyond the end of its sentence"),
        ([(8, 9)], "span 8:9 contains no token"),
    ):
        labelled = replace(document, spans=[LabelledSpan(*span, "A") for span in spans])
        with pytest.raises(DataError, match=f"^{message}"):
            word_tags(labelled, Scheme.IOB2)


@given(documents(labelled=True))
def test_words_are_cut_for_spans_only_where_asked(document):
    bare = replace(document, words=None)
    exact, loose = (with_words(bare, exact=exact) for exact in (True, False))
    assert exact.text == loose.text == document.text
    for split in (exact, loose):
        assert visible("".join(chain.from_iterable(split.words))) == visible(document.text)
        word_tags(split, Scheme.IOB2)
    if not document.spans:
        assert exact.words == loose.words == split_words(document.text)


def test_given_words_stay():
    document = Document("In Oslo", [["In Oslo"]], spans=[LabelledSpan(3, 7, "LOC")])
    assert with_words(document, exact=True) is document
    assert with_words(Document("a b"), lambda text: [[text]], exact=True).words == [["a b"]]


def test_without_tags_or_words_there_are_no_spans_to_read():
    for document in (Document("In Oslo"), Document("In Oslo", [["In", "Oslo"]])):
        assert with_spans(document, Scheme.IOB2) is document
    with pytest.raises(DataError, match="'X-Y' belongs to no known scheme"):
        with_spans(Document("a", [["a"]], [["X-Y"]]), Scheme.IOB2)


def test_spans_of_later_sentences_stand_in_their_place():
    words = [["Go", "."], ["In", "New", "York"], ["York"]]
    tags = [["O", "O"], ["O", "B-LOC", "I-LOC"], ["I-LOC"]]
    document = with_spans(Document("Go. In New  York York", words, tags), Scheme.IOB2)
    assert document.spans == [LabelledSpan(7, 16, "LOC"), LabelledSpan(17, 21, "LOC")]
    assert (document.tags, document.words) == (None, words)


def test_plain_labels_are_a_span_each():
    document = with_spans(Document("a b", [["a", "b"]], [["DT", "DT"]]), Scheme.PLAIN)
    assert document.spans == [LabelledSpan(0, 1, "DT"), LabelledSpan(2, 3, "DT")]
    assert word_tags(document, Scheme.PLAIN) == [["DT", "DT"]]


def test_words_are_joined_by_spaces_and_lines():
    assert join_words([["In", "Oslo"], ["Now", "."]]) == "In Oslo\nNow ."
    assert join_words([]) == ""


def test_a_document_gives_its_sentences():
    text = "He is in Oslo. She isn't."
    he, she = ["He", "is", "in", "Oslo", "."], ["She", "is", "n't", "."]
    assert list(to_sentences(Document(text), 3)) == [Sentence(he, None, 3), Sentence(she, None, 3)]
    spans = [LabelledSpan(10, 12, "LOC")]
    assert list(to_sentences(Document(text, spans=spans))) == [
        Sentence(he, ["O", "O", "O", "B-LOC", "O"]),
        Sentence(she, ["O"] * 4),
    ]
    tagged = Document("a b", [["a"], ["b"]], [["S-X"], ["O"]])
    assert list(to_sentences(tagged, 1)) == [Sentence(["a"], ["S-X"], 1), Sentence(["b"], ["O"], 1)]


def test_a_span_across_sentences_makes_them_one():
    text = "He met J. Smith. He left."
    document = Document(text, spans=[LabelledSpan(7, 19, "PER")])
    (sentence,) = to_sentences(document)
    assert sentence.tokens == ["He", "met", "J.", "Smith", ".", "He", "left", "."]
    assert sentence.tags == ["O", "O", "B-PER", "I-PER", "I-PER", "I-PER", "O", "O"]


@given(documents(labels=ANY_LABEL))
def test_sentences_hold_all_that_is_no_white_space(document):
    found = list(to_sentences(replace(document, words=None)))
    tokens = chain.from_iterable(sentence.tokens for sentence in found)
    assert visible("".join(tokens)) == visible(document.text)
    assert all((s.tags is None) == (document.spans is None) for s in found)
