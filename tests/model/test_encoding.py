import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import PADDING, Lexicon
from windowclf.model.encoding import encode

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
    looked_up = {tuple(LEXICON.ids([word])[0]) for sentence in words for word in sentence}
    assert len(batch.features) == 1 + len(looked_up)  # "7" and "8" are one


@given(corpora.filter(lambda corpus: any(corpus)), widths, st.data())
def test_batch_against_the_oracle(corpus, width, data):
    words, tags = split(corpus)
    encoded = encode(words, LEXICON, tags, LABELS)
    some = data.draw(st.lists(st.integers(0, len(corpus) - 1), min_size=1, max_size=6))
    batch = encoded.batch(np.array(some), width)
    assert_holds(batch, [words[i] for i in some], [tags[i] for i in some], width)


LISTS = {"LOC": ["Oslo", "in Oslo .", "nowhere 7"], "PER": ["oslo in 7 8", "8", "oslo oslo"]}
WITH_LISTS = Lexicon(
    VALUES | {f"gazetteer-{kind}": names for kind, names in LISTS.items()}, cased=False
)


@given(st.lists(st.lists(tokens, max_size=8), max_size=5))
@example([["Oslo", "in", "Oslo", "."], ["Oslo"], ["oslo", "in", "7", "8"]])
@example([["nowhere"], ["7"]])  # no name reaches over the end of a sentence
@example([[]])
def test_words_with_marks_against_the_oracle(sentences):
    expected = []
    for sentence in sentences:
        marks = [Gazetteer(names).match(sentence) for names in LISTS.values()]
        for t, word in enumerate(sentence):
            rows = ["-OBIES".index(mark[t]) for mark in marks]
            expected.append([*LEXICON.ids([word])[0].tolist(), *rows])
    encoded = encode(sentences, WITH_LISTS)
    assert encoded.features[encoded.words].tolist() == expected
    assert encoded.features[0].tolist() == [PADDING] * 5
    assert encoded.lengths.tolist() == [len(sentence) for sentence in sentences]
    assert len(encoded.features) == 1 + len({tuple(row) for row in expected})


def test_a_word_inside_and_outside_a_name_is_two():
    encoded = encode([["7", "in", "Oslo", ".", "in", "7"]], WITH_LISTS)
    first, inside, _, _, outside, last = encoded.words.tolist()
    assert first == last
    assert inside != outside
    rows = encoded.features[[inside, outside]]
    assert rows[:, :3].tolist() == 2 * [LEXICON.ids(["in"])[0].tolist()]
    assert rows[:, 3].tolist() == [2, 1]


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
