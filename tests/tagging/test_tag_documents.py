"""Documents are tagged in their order, each by its own words or by those of its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import tiny
from windowclf.documents.document import Document, LabelledSpan, join_words
from windowclf.documents.formats.registry import FORMATS
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import (
    BATCH_CHARACTERS,
    cut,
    documents_of,
    given_tokens,
    tag_documents,
    tag_texts,
)

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]
ANY = pytest.mark.parametrize("processes", [1, 2, 3])


def flat(answers):
    return [pair for answer in answers for pair in answer]


@ANY
@pytest.mark.usefixtures("shared_at_once")
def test_documents_in_their_order(classifier, processes):
    documents = [Document(text, fields={"id": number}) for number, text in enumerate(TEXTS * 4)]
    batches = [documents[:1], [], documents[1:40], documents[40:]]
    found = flat(tag_documents(Tagger(classifier.model), iter(batches), processes=processes))
    assert all(document is given for (document, _), given in zip(found, documents, strict=True))
    plain = Tagger(classifier.model)
    for (document, tagged), expected in zip(found, tag_texts(plain, TEXTS * 4), strict=True):
        assert tagged.text == document.text
        assert tagged.tags == expected.tags
        for one, other in zip(tagged.entities, expected.entities, strict=True):
            assert replace(one, score=0) == replace(other, score=0)
            assert one.score == pytest.approx(other.score, rel=1e-5)


@ANY
@pytest.mark.usefixtures("shared_at_once")
def test_words_that_are_there_are_kept(classifier, processes):
    words = [["Mary", "Poppins"], ["New", "York", "."]]
    text = join_words(words)
    documents = [
        Document(text, words, [["O", "O"], ["B-PER"] * 3]),
        Document("Ada met Tom .", spans=[LabelledSpan(0, 3, "LOC")]),
        Document("Ada met Tom .", [["Ada", "met"], ["Tom", "."]]),
        Document("", []),
    ]
    found = flat(
        tag_documents(
            Tagger(classifier.model), [documents], split=given_tokens, processes=processes
        )
    )
    assert [tagged.words for _, tagged in found] == [
        words,
        [["Ada", "met", "Tom", "."]],
        [["Ada", "met"], ["Tom", "."]],
        [],
    ]
    assert [(e.text, e.label) for e in found[0][1].entities] == [
        ("Mary Poppins", "PER"),
        ("New York", "LOC"),
    ]
    assert [[e.start for e in tagged.entities] for _, tagged in found[1:]] == [
        [0, 8],
        [0, 8],
        [],
    ]


def test_long_texts_are_tagged_one_by_one(classifier):
    long = " ".join(TEXTS * (BATCH_CHARACTERS // sum(map(len, TEXTS)) + 1))
    drawn = []

    def batches():
        for number in range(3):
            drawn.append(number)
            yield [Document("Ada"), Document(long), Document(long), Document("Tom")]

    found = tag_documents(Tagger(classifier.model), batches())
    assert drawn == []
    sizes = [len(next(found)) for _ in range(3)]
    assert (sizes, drawn) == ([2, 1, 1], [0])
    assert [len(answer) for answer in found] == [2, 1, 1] * 2


LENGTHS = st.lists(st.integers(0, 3 * BATCH_CHARACTERS), max_size=20)


@given(LENGTHS, st.integers(1, 5))
def test_batches_are_as_full_as_they_may_be(lengths, size):
    batches = list(cut(lengths, lambda length: length, size))
    assert [length for batch in batches for length in batch] == lengths
    for i, batch in enumerate(batches):
        assert 1 <= len(batch) <= size
        assert sum(batch[:-1]) < BATCH_CHARACTERS
        if i < len(batches) - 1:
            assert len(batch) == size or sum(batch) >= BATCH_CHARACTERS


def test_each_format_gets_the_words_that_it_has_to_have(classifier):
    fields = {"id": 7}
    given = [
        Document("Ada left. Tom left."),
        Document("Ada left.", fields=fields, layout="as it was"),
        Document("Ada left", [["Ada", "left"]], [["O", "O"]]),
    ]
    [answer] = tag_documents(Tagger(classifier.model), [given])
    words = [tagged.words for _, tagged in answer]
    tags = [tagged.tags for _, tagged in answer]
    spans = [tagged.entities for _, tagged in answer]
    assert [len(found) for found in words] == [2, 1, 1]
    for form in ("jsonl", "csv", "parquet", "text"):
        assert documents_of(answer, FORMATS[form]) == [
            Document(document.text, document.words, None, found, document.fields, document.layout)
            for document, found in zip(given, spans, strict=True)
        ]
    assert documents_of(answer, FORMATS["docbin"]) == [
        Document(document.text, found, None, entities, document.fields, document.layout)
        for document, found, entities in zip(given, words, spans, strict=True)
    ]
    assert documents_of(answer, FORMATS["conll"]) == [
        Document("Ada left .", words[0][:1], tags[0][:1]),
        Document("Tom left .", words[0][1:], tags[0][1:]),
        Document("Ada left.", words[1], tags[1], fields=fields, layout="as it was"),
        Document("Ada left", words[2], tags[2]),
    ]


def test_how_a_document_stood_in_its_file_is_kept(classifier):
    given = Document("Ada left", [["Ada", "left"]], fields={"id": 7}, layout="as it was")
    [answer] = tag_documents(Tagger(classifier.model), [[given]])
    for form in FORMATS.values():
        assert [found.layout for found in documents_of(answer, form)] == ["as it was"]
