"""Data sets in memory, read through Arrow, against reading them row by row."""

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windowclf.corpora.dataset import from_dataset, is_dataset
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError

NAMES = ["O", "B-LOC", "I-LOC", "B-PER"]
ROWS = [
    {"tokens": ["Oslo", "sleeps", "."], "ner_tags": [1, 0, 0]},
    {"tokens": [], "ner_tags": []},
    {"tokens": ["Ana", "rows"], "ner_tags": [3, 0]},
]
STRING = datasets.Value("string")
WORDS = datasets.Sequence(STRING)


def make(rows, tags, tokens=WORDS):
    features = datasets.Features({"tokens": tokens, "ner_tags": tags})
    columns = {name: [row[name] for row in rows] for name in features}
    return datasets.Dataset.from_dict(columns, features)


LABELLED = make(ROWS, datasets.Sequence(datasets.ClassLabel(names=NAMES)))


def by_rows(dataset):
    """Read row by row, the obvious way."""
    label = dataset.features["ner_tags"].feature
    sentences = []
    for row in dataset:
        tags = row["ner_tags"]
        if isinstance(label, datasets.ClassLabel):
            tags = [label.int2str(tag) for tag in tags]
        if row["tokens"]:
            sentences.append(Sentence(row["tokens"], tags))
    return sentences


def test_labels_become_names_and_empty_sentences_go():
    assert from_dataset(LABELLED) == [
        Sentence(["Oslo", "sleeps", "."], ["B-LOC", "O", "O"]),
        Sentence(["Ana", "rows"], ["B-PER", "O"]),
    ]


@settings(max_examples=25)
@given(
    rows=st.lists(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 3)), max_size=5)),
    labelled=st.booleans(),
    large=st.booleans(),
    data=st.data(),
)
def test_arrow_agrees_with_rows(rows, labelled, large, data):
    label = datasets.ClassLabel(names=NAMES) if labelled else STRING
    sequence = datasets.LargeList if large else datasets.Sequence
    dataset = make(
        [
            {
                "tokens": [token for token, _ in row],
                "ner_tags": [tag if labelled else NAMES[tag] for _, tag in row],
            }
            for row in rows
        ],
        sequence(label),
        sequence(datasets.Value("large_string") if large else STRING),
    )
    if rows:  # chunks, and rows picked out of order
        dataset = datasets.concatenate_datasets([dataset, dataset])
        picked = st.lists(st.integers(0, len(dataset) - 1), max_size=6)
        dataset = dataset.select(data.draw(picked))
    assert from_dataset(dataset) == by_rows(dataset)


def test_a_data_set_is_told_from_other_things():
    splits = datasets.DatasetDict(train=LABELLED)
    for given_set in (LABELLED, splits, LABELLED.to_iterable_dataset()):
        assert is_dataset(given_set)
    assert not any(map(is_dataset, ([LABELLED], {"train": LABELLED}, ROWS, None)))


def test_splits_get_their_names():
    dataset = datasets.DatasetDict(
        {"train": LABELLED, "validation": LABELLED.select([2]), "extra": LABELLED}
    )
    assert {split: len(found) for split, found in from_dataset(dataset).items()} == {
        "train": 2,
        "dev": 1,
    }


def test_usual_columns_are_guessed_and_pos_tags_only_named():
    words = LABELLED.rename_columns({"tokens": "words", "ner_tags": "labels"})
    assert from_dataset(words) == from_dataset(LABELLED)
    words = words.rename_column("labels", "pos_tags")
    with pytest.raises(
        DataError,
        match=r"ner_tags or .*only words, pos_tags; rename .* or name it with `tags_column`",
    ):
        from_dataset(words)
    assert from_dataset(words, tags_column="pos_tags") == from_dataset(LABELLED)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            make(ROWS, datasets.Sequence(datasets.Value("int64"))),
            r"ner_tags: .*names, found int64; ",
        ),
        (
            make([{"tokens": "Oslo", "ner_tags": ["O"]}], WORDS, STRING),
            "column tokens: expected a list in each row, found string",
        ),
        (
            make([ROWS[0], {"tokens": ["a"], "ner_tags": [0, 0]}], LABELLED.features["ner_tags"]),
            "row 1: 1 tokens in tokens but 2 tags in ner_tags",
        ),
        (
            make([ROWS[0], {"tokens": ["a"], "ner_tags": [-1]}], LABELLED.features["ner_tags"]),
            "label ids run from -1 to 1, but there are names only for 0 to 3",
        ),
        (
            make([ROWS[0], {"tokens": [None], "ner_tags": [0]}], LABELLED.features["ner_tags"]),
            "column tokens, row 1: null",
        ),
        (datasets.DatasetDict({"all": LABELLED}), "no split is called train, .*only all"),
    ],
)
def test_refuses_in_one_line(dataset, message):
    with pytest.raises(DataError, match=message) as caught:
        from_dataset(dataset)
    assert "\n" not in str(caught.value)


def test_refuses_unknown_columns_and_classes():
    with pytest.raises(UsageError, match="no column 'ner' for `tags_column`; there are tokens"):
        from_dataset(LABELLED, tags_column="ner")
    with pytest.raises(UsageError, match=r"not IterableDataset; .*streaming"):
        from_dataset(LABELLED.to_iterable_dataset())
