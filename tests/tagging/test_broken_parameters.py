"""A parameter or a vector that is not finite is reported in one line, and never becomes a tag.

pytest turns every warning of NumPy into a failure.
"""

import numpy as np
import pytest
from gensim.models import KeyedVectors

import tiny
from windowclf import WindowClassifier
from windowclf.errors import ModelError, VectorsError
from windowclf.lexicon.lexicon import FIRST

SENTENCES = tiny.sentences()
BROKEN = pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
WORDS = sorted({token.lower() for sentence in SENTENCES for token in sentence.tokens})


@pytest.fixture(scope="module")
def trained():
    return WindowClassifier(**tiny.QUICK).fit(SENTENCES, vectors="random", threads=1)


def broken(trained, name, value):
    """Copy a classifier, and set the last number of a parameter; of a table, of each row."""
    classifier = WindowClassifier.from_bytes(trained.to_bytes())
    parameter = classifier.model.parameters()[name]
    parameter.value = parameter.value.copy()
    parameter.value[..., -1] = value
    return classifier


@BROKEN
@pytest.mark.parametrize(
    "name", ["L_word", "L_shape", "W1", "b1", "U", "b_u", "W_s", "A", "start", "end"]
)
def test_no_tags_of_a_broken_parameter(trained, name, value):
    tokens = [sentence.tokens for sentence in SENTENCES]
    for use in (
        lambda classifier: classifier.tag("Ada saw Tom in Oslo."),
        lambda classifier: classifier.predict(tokens),
        lambda classifier: classifier.predict_proba(tokens),
        lambda classifier: classifier.evaluate(SENTENCES),
    ):
        with pytest.raises(ModelError, match="damaged model") as refusal:
            use(broken(trained, name, value))
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["W1", "b_u", "A"])
def test_the_broken_parameter_is_named(trained, name):
    with pytest.raises(ModelError, match=f"parameter {name} is not finite or too large"):
        broken(trained, name, np.nan).tag("In Oslo")


def test_words_with_finite_rows_are_still_tagged(trained):
    classifier = broken(trained, "L_word", 0)
    word, *_, other = classifier.model.lexicon.values["word"]
    classifier.model.network.tables["word"].value[FIRST] = np.nan
    classifier.tag_tokens([other])
    with pytest.raises(ModelError, match="not finite"):
        classifier.tag_tokens([other, word])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 3e38])
def test_given_vectors_that_are_not_finite(value):
    rows = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)
    rows[3, 2] = value
    vectors = KeyedVectors(vector_size=8)
    vectors.add_vectors(WORDS, rows)
    with pytest.raises(VectorsError) as refusal:
        WindowClassifier(**tiny.QUICK).fit(SENTENCES, vectors=vectors, threads=1)
    assert str(refusal.value) == (
        f"the vector of {WORDS[3]!r} is not finite, or too large: expected numbers under 1e15"
    )
