"""What was found in a text is made when it is asked for, and its parts agree."""

import numpy as np
import pytest

import tiny
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.tagged_chunk import TaggedChunk
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import tag_texts
from windowclf.tags.schemes import Scheme, spans

PLAIN = [tiny.unmarked(marked) for marked in tiny.MARKED]
LONG = "\n\n".join(PLAIN)
TEXTS = [LONG, "", *PLAIN[:9], " \n", f"  {LONG}  ", "Zoë met\u00a0Ada — in  Oslo.", "."]


@pytest.fixture
def tagger(classifier):
    return Tagger(classifier.model)


def spans_of_tags(tagged):
    """The label, the place and the text of what the tags spell, sentence by sentence."""
    return [
        (label, tokens[start].start, tokens[end - 1].end)
        for tokens, tags in zip(tagged.sentences, tagged.tags, strict=True)
        for start, end, label in spans(tags, Scheme.IOB2)
    ]


@pytest.mark.parametrize("order", [("sentences", "tags", "entities"), ("entities", "tags"), ()])
@pytest.mark.parametrize("chunk_tokens", [1, 7, 8192])
@pytest.mark.parametrize("batch_size", [1, 4, 512])
def test_sentences_tags_and_entities_agree(tagger, order, chunk_tokens, batch_size, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", chunk_tokens)
    found = list(tag_texts(tagger, TEXTS, batch_size=batch_size))
    for asked in order:  # in whichever order they are made
        for tagged in found:
            getattr(tagged, asked)
    assert [tagged.text for tagged in found] == TEXTS
    for tagged in reversed(found):
        assert [[t.text for t in tokens] for tokens in tagged.sentences] == tagged.words
        assert [len(tags) for tags in tagged.tags] == [len(words) for words in tagged.words]
        for token in (token for tokens in tagged.sentences for token in tokens):
            assert tagged.text[token.start : token.end] == token.text
        entities = tagged.entities
        assert [(e.label, e.start, e.end) for e in entities] == spans_of_tags(tagged)
        assert all(tagged.text[e.start : e.end] == e.text for e in entities)
        assert all(0 < e.score <= 1 for e in entities)
    assert len(found[0].entities) > 90
    assert found[1].entities == found[1].tags == found[1].sentences == []


def test_entities_have_the_confidences_of_the_predictions(tagger):
    found = list(tag_texts(tagger, TEXTS))
    sentences = [words for tagged in found for words in tagged.words]
    numbers = [n for n, tagged in enumerate(found) for _ in tagged.words]
    expected = np.concatenate([p.confidences for p in tagger.predict(sentences, numbers)])
    scores = [entity.score for tagged in found for entity in tagged.entities]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    assert len(set(scores)) > 30


def refuse(*arguments):
    raise AssertionError("nobody asked for it")


def test_what_nobody_asks_for_is_not_made(tagger, monkeypatch):
    made = {
        "sentences": "windowclf.tagging.tagged_text.token_starts",
        "tags": "windowclf.tags.arrays.SpanFinder.spell",
        "entities": "windowclf.tagging.tagged_text.Entity",
    }
    with monkeypatch.context() as patch:
        for function in made.values():
            patch.setattr(function, refuse)
        patch.setattr(TaggedChunk, "spans", property(refuse))
        patch.setattr(TaggedChunk, "confidences", property(refuse))
        [tagged] = tag_texts(tagger, [PLAIN[0]])
        assert (tagged.text, tagged.words) == (PLAIN[0], [PLAIN[0].split()])
        for asked in made:
            with pytest.raises(AssertionError, match="nobody asked"):
                getattr(tagged, asked)
    with monkeypatch.context() as patch:
        patch.setattr(TaggedChunk, "confidences", property(refuse))
        assert len(tagged.sentences[0]) == len(tagged.tags[0]) == len(PLAIN[0].split())
    entities = tagged.entities
    assert [(e.label, e.start, e.end) for e in entities] == spans_of_tags(tagged)
    assert tagged.entities is entities
    assert tagged.tags is tagged.tags
    assert tagged.sentences is tagged.sentences


def test_a_split_without_tokens(tagger):
    [tagged] = tag_texts(tagger, ["Ada"], split=lambda _: [[], ["Ada"], []])
    assert [len(tokens) for tokens in tagged.sentences] == [0, 1, 0]
    assert [len(tags) for tags in tagged.tags] == [0, 1, 0]
    assert [(e.text, e.start) for e in tagged.entities] == [("Ada", 0)]
