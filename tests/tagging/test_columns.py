"""Columns of Arrow hold what was found, text by text, in types that are always the same."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from windowclf.tagging.columns import entities_column, entity_type, tags_column

TEXTS = ["", "nobody here", *(tiny.unmarked(marked) for marked in tiny.MARKED)]
TYPE = "struct<text: string, label: string, start: int64, end: int64, score: double>"


def rows(tagged):
    """The entities of each text as Python has them."""
    return [
        [
            {"text": e.text, "label": e.label, "start": e.start, "end": e.end, "score": e.score}
            for e in text.entities
        ]
        for text in tagged
    ]


@given(st.lists(st.lists(st.sampled_from(TEXTS), max_size=3).map("\n\n".join), max_size=12))
def test_columns_hold_what_was_found(classifier, texts):
    tagged = list(classifier.pipe(texts))
    column = entities_column(tagged)
    column.validate(full=True)
    assert column.equals(pa.array(rows(tagged), pa.list_(entity_type())))
    tags = tags_column(tagged)
    tags.validate(full=True)
    expected = [[tag for sentence in text.tags for tag in sentence] for text in tagged]
    assert tags.equals(pa.array(expected, pa.list_(pa.string())))


def test_there_is_something_to_find(classifier):
    found = entities_column(list(classifier.pipe(TEXTS)))
    assert len(found.values) > 50
    assert found.null_count == 0


@pytest.mark.parametrize("texts", [[], [""], ["nobody here", " "]])
def test_the_types_are_the_same_without_any(classifier, texts):
    tagged = list(classifier.pipe(texts))
    assert str(entity_type()) == TYPE
    assert entities_column(tagged).type == pa.list_(entity_type())
    assert tags_column(tagged).type == pa.list_(pa.string())
