import pandas as pd
import pytest

import tiny
from windowclf import Corpus, DataError, Entity, Sentence, to_dataframe

TEXTS = ["Ada met Tom .", "they left", "Oslo is in France"]
COLUMNS = ["document", "text", "label", "start", "end", "score"]


def rows(found, number=0):
    return [(number, *entity._asdict().values()) for entity in found]


def values(frame):
    return [*frame.itertuples(index=False, name=None)]


def test_the_entities_of_texts(classifier):
    expected = [row for i, text in enumerate(TEXTS) for row in rows(classifier.tag(text), i)]
    assert len(expected) == 4
    frames = [
        to_dataframe(classifier.pipe(TEXTS)),
        to_dataframe([*classifier.pipe(TEXTS)]),
        to_dataframe([classifier.tag(text) for text in TEXTS]),
    ]
    for frame in frames:
        assert list(frame) == COLUMNS
        assert [row[:5] for row in values(frame)] == [row[:5] for row in expected]
        assert frame.score.tolist() == pytest.approx([row[5] for row in expected], rel=1e-4)


def test_one_text_or_its_entities(classifier):
    tagged = classifier.tag_text(TEXTS[0])
    for found in (tagged, tagged.entities, [tagged]):
        assert values(to_dataframe(found)) == rows(tagged.entities)
    of_tokens = classifier.tag_tokens(TEXTS[2].split())
    assert values(to_dataframe(of_tokens)) == rows(of_tokens)


def test_contexts_come_along(classifier):
    pairs = zip(TEXTS, [("a", 1), None, 7], strict=True)
    frame = to_dataframe(classifier.pipe(pairs, as_tuples=True))
    assert list(frame) == [*COLUMNS, "context"]
    assert frame.context.tolist() == [("a", 1), ("a", 1), 7, 7]


def test_the_types_are_the_same_without_any(classifier):
    full, empty = to_dataframe(classifier.pipe(TEXTS)), to_dataframe([])
    assert list(empty) == list(full) == COLUMNS
    assert empty.start.dtype == full.start.dtype == "int64"
    assert empty.score.dtype == full.score.dtype == "float64"
    assert len(to_dataframe(classifier.pipe(["they left"]))) == 0


def test_the_tokens_of_a_corpus_and_of_sentences():
    given = tiny.sentences()[:2]
    corpus = Corpus("mine", {"train": given[:1], "dev": given}, "iob2", "iob2")
    frame = to_dataframe(corpus)
    assert list(frame) == ["split", "sentence", "token", "tag"]
    first = [*zip(given[0].tokens, given[0].tags, strict=True)]
    assert values(frame)[: len(first)] == [("train", 0, *pair) for pair in first]
    assert frame.groupby("split").sentence.max().to_dict() == {"train": 0, "dev": 1}
    pairs = [(sentence.tokens, sentence.tags) for sentence in given]
    pd.testing.assert_frame_equal(to_dataframe(given), to_dataframe(pairs))
    assert list(to_dataframe(given)) == ["sentence", "token", "tag"]
    assert values(to_dataframe([Sentence(["a"])])) == [(0, "a", None)]


def test_what_does_not_go_together_is_named(classifier):
    entity = Entity("a", "L", 0, 1, 1.0)
    for found, message in (
        ([[entity], None], "found: item 2: expected a TaggedText or a list of Entity, got None"),
        ([entity, None], "found: item 1: expected a TaggedText"),
        ([Sentence(["a"]), "b"], "found: item 2: expected a Sentence or a pair"),
        ([(["a"], ["O", "O"])], "found: sentence 1: 1 tokens but 2 tags"),
        ([(classifier.tag_text("a"), 1), 2], "found: item 2: expected a pair of a TaggedText"),
    ):
        with pytest.raises(DataError, match=message):
            to_dataframe(found)
