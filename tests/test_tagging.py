import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from windowclf.tagging import given_tokens, tag_texts
from windowclf.text.tokenizer import Token

spaced = st.text("ab \t\n\r\x0b\x1c\x85\xa0\u2003\ufeffé'.") | st.text()


@given(spaced)
def test_given_tokens_are_what_white_space_separates(text):
    found = given_tokens(text)
    tokens = [token for sentence in found for token in sentence]
    assert len(found) == (1 if tokens else 0)
    assert [token.text for token in tokens] == text.split()
    assert all(text[token.start : token.end] == token.text for token in tokens)
    end = 0
    for token in tokens:
        assert end <= token.start
        assert not text[end : token.start].strip()
        end = token.end
    assert not text[end:].strip()


TEXTS = [*map(tiny.unmarked, tiny.MARKED[::4]), "", " ", "Ada met Tom. They saw Oslo.", "\u00a0x"]


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.integers(1, 13))
def test_the_size_of_a_batch_changes_nothing(classifier, texts, batch_size):
    found = list(tag_texts(classifier.model, texts, batch_size=batch_size))
    assert [tagged.text for tagged in found] == texts
    for text, tagged in zip(texts, found, strict=True):
        [alone] = tag_texts(classifier.model, [text])
        assert tagged[:3] == alone[:3]
        assert [e.text for e in tagged.entities] == [e.text for e in alone.entities]
        scores = [e.score for e in alone.entities]
        assert [e.score for e in tagged.entities] == pytest.approx(scores, rel=1e-4)


def test_a_long_text_is_scored_in_parts(classifier, monkeypatch):
    # no name may heed what stands in another part
    monkeypatch.setattr(classifier.model.network, "repeats_weight", None)
    text = " ".join(map(tiny.unmarked, tiny.MARKED))
    [whole] = tag_texts(classifier.model, [text], batch_size=1)
    monkeypatch.setattr("windowclf.model.CHUNK_TOKENS", 7)
    [parts] = tag_texts(classifier.model, [text], batch_size=1)
    assert len(whole.sentences) > 3
    assert parts[:3] == whole[:3]
    assert [e.text for e in parts.entities] == [e.text for e in whole.entities]


def test_the_split_is_the_callers(classifier):
    def letters(text):
        return [[Token(c, i, i + 1) for i, c in enumerate(text)]]

    [tagged] = tag_texts(classifier.model, ["abc"], split=letters)
    assert [token.text for token in tagged.sentences[0]] == ["a", "b", "c"]
    assert len(tagged.tags[0]) == 3
