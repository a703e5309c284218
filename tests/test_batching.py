import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.batching import encode
from windowclf.lexicon.lexicon import PADDING, Lexicon

VALUES = {"word": ["oslo", "in", "0"], "shape": ["Xx", "x"], "written": ["Oslo", "In", "in"]}
LEXICON = Lexicon(VALUES, cased=False)
LABELS = ["O", "B-LOC"]

tokens = st.sampled_from(["Oslo", "oslo", "In", "in", "7", "8", "nowhere", "."])
corpora = st.lists(st.lists(st.tuples(tokens, st.sampled_from(LABELS)), max_size=6), max_size=5)
widths = st.sampled_from([1, 3, 5, 7])


def features_in_windows(sentences, width):
    """The oracle: the feature ids in each token's window, looked up one by one."""
    side = width // 2
    found = []
    for sentence in sentences:
        for t in range(len(sentence)):
            window = []
            for at in range(t - side, t + side + 1):
                inside = 0 <= at < len(sentence)
                window.append(LEXICON.ids([sentence[at]])[0].tolist() if inside else [PADDING] * 3)
            found.append(window)
    return found


def split(corpus):
    words = [[word for word, _ in sentence] for sentence in corpus]
    return words, [[tag for _, tag in sentence] for sentence in corpus]


def assert_holds(batch, words, tags, width):
    assert batch.features[batch.windows].tolist() == features_in_windows(words, width)
    assert batch.features[0].tolist() == [PADDING] * 3
    assert batch.lengths.tolist() == [len(sentence) for sentence in words]
    assert batch.gold.tolist() == [LABELS.index(tag) for sentence in tags for tag in sentence]
    assert len(batch.features) == 1 + len({word for sentence in words for word in sentence})


@given(corpora.filter(lambda corpus: any(corpus)), widths, st.data())
def test_batch_against_the_oracle(corpus, width, data):
    words, tags = split(corpus)
    encoded = encode(words, LEXICON, tags, LABELS)
    some = data.draw(st.lists(st.integers(0, len(corpus) - 1), min_size=1, max_size=6))
    batch = encoded.batch(np.array(some), width)
    assert_holds(batch, [words[i] for i in some], [tags[i] for i in some], width)


def test_without_tags_there_is_no_gold():
    encoded = encode([["Oslo"]], LEXICON)
    for untagged in (encoded, encoded.batch(np.array([0]), 3)):
        assert untagged.gold is None
        with pytest.raises(ValueError, match="no gold tags"):
            untagged.tags()


def test_no_sentences_at_all():
    encoded = encode([], LEXICON)
    assert encoded.features.tolist() == [[PADDING] * 3]
    assert len(encoded.words) == len(encoded.lengths) == 0
