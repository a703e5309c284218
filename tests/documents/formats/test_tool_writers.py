"""What doccano and Prodigy import."""

import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import LABEL_KEYS, documents, same
from windowclf.documents.document import Document, LabelledSpan, with_words
from windowclf.documents.formats.registry import FORMATS, WriteOptions
from windowclf.documents.reading import ReadOptions, ReadReport

TOOLS = ("doccano", "prodigy")
LOC = LabelledSpan(3, 7, "LOC", 0.5)


def write(name, found, **options):
    file = io.BytesIO()
    writer = FORMATS[name].writer(file, WriteOptions(**options))
    writer.write(found[:1])
    writer.write(found[1:])
    writer.close()
    return file.getvalue()


def read(data, name="jsonl", **options):
    batches = FORMATS[name].read(io.BytesIO(data), "here.jsonl", ReadOptions(**options))
    return [document for batch in batches for document in batch]


def records(name, *found, **options):
    return [json.loads(line) for line in write(name, found, **options).splitlines()]


def test_doccano():
    fields = {"id": 7, "text": "old", "label": "news", "entities": [[0, 2, "OLD"]]}
    given = [
        Document("In Oslo", spans=[LOC], fields=fields),
        Document("a", spans=[]),
        Document("b"),
    ]
    assert records("doccano", *given) == [
        {"text": "In Oslo", "label": [[3, 7, "LOC"]], "id": 7},
        {"text": "a", "label": []},
        {"text": "b"},
    ]
    assert records("doccano", Document("a"), text_column="body") == [{"body": "a"}]


def test_prodigy():
    fields = {"meta": {"source": "x"}, "answer": "reject", "_task_hash": 1, "_input_hash": 2}
    given = [Document("In Oslo.", spans=[LOC], fields=fields), Document("a")]
    assert records("prodigy", *given) == [
        {
            "text": "In Oslo.",
            "tokens": [
                {"text": "In", "start": 0, "end": 2, "id": 0, "ws": True},
                {"text": "Oslo", "start": 3, "end": 7, "id": 1, "ws": False},
                {"text": ".", "start": 7, "end": 8, "id": 2, "ws": False},
            ],
            "spans": [{"start": 3, "end": 7, "token_start": 1, "token_end": 1, "label": "LOC"}],
            "answer": "accept",
            "meta": {"source": "x"},
            "_input_hash": 2,
        },
        {"text": "a", "tokens": [{"text": "a", "start": 0, "end": 1, "id": 0, "ws": False}]},
    ]


@pytest.mark.parametrize("name", TOOLS)
@given(found=st.lists(documents(), max_size=4))
def test_what_is_written_is_read_back(name, found):
    data = write(name, found)
    report = ReadReport()
    again = read(data, report=report)
    assert [d.text for d in again] == [d.text for d in found]
    without_scores = [
        d.spans and [LabelledSpan(s.start, s.end, s.label) for s in d.spans] for d in found
    ]
    assert [d.spans for d in again] == without_scores
    for one, other in zip(found, again, strict=True):
        kept = same(other.fields)
        assert {**kept, **same(one.fields)} == kept
        assert kept.keys() - one.fields.keys() <= {*LABEL_KEYS, "answer"}
    assert read(data, name) == again


@given(documents(labelled=True))
def test_tokens_of_prodigy_are_the_text_and_spans_are_tokens(document):
    (record,) = records("prodigy", document)
    tokens = record["tokens"]
    assert [token["id"] for token in tokens] == [*range(len(tokens))]
    assert "".join(t["text"] + " " * t["ws"] for t in tokens) == document.text
    for token in tokens:
        assert document.text[token["start"] : token["end"]] == token["text"]
    for span in record["spans"]:
        assert tokens[span["token_start"]]["start"] == span["start"]
        assert tokens[span["token_end"]]["end"] == span["end"]


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize(
    "line",
    [
        {"text": "In Oslo", "entities": [[0, 2, "OLD"]]},
        {"text": "In Oslo", "spans": [[0, 2, "OLD"]]},
        {"text": "In Oslo", "spans": {"sc": [{"start": 0, "end": 2, "label": "OLD"}]}},
        {"text": "In Oslo", "label": [[0, 2, "OLD"]], "labels": [[0, 2, "OLD"]]},
        {"text": "In Oslo", "annotations": [{"label": 4, "start_offset": 0, "end_offset": 2}]},
        {"tokens": ["In", "Oslo"], "ner_tags": [1, 0]},
        {"words": ["In", "Oslo"], "labels": ["B-OLD", "O"]},
        {"text": "In Oslo", "sentences": [["In"], ["Oslo"]], "tokens": [{"id": 0}]},
        {"data": "In Oslo", "label": [[0, 2, "OLD"]]},
        {"data": {"text": "In Oslo"}, "annotations": [], "predictions": [{"result": []}]},
    ],
)
def test_old_labels_are_replaced(name, line):
    (document,) = read(json.dumps(line).encode(), labels=False)
    tagged = msgspec.structs.replace(with_words(document, exact=True), spans=[LOC])
    (again,) = read(write(name, [tagged]))
    assert (again.text, again.spans) == ("In Oslo", [LabelledSpan(3, 7, "LOC")])
    assert b"OLD" not in write(name, [tagged])
    assert b"ner_tags" not in write(name, [tagged])


@pytest.mark.parametrize("name", TOOLS)
def test_other_lists_stay(name):
    line = {"text": "In Oslo", "labels": ["news", "sport"], "boxes": [[1, 2, 3]], "tags": ["a"]}
    report = ReadReport()
    (document,) = read(json.dumps(line).encode(), report=report)
    (record,) = records(name, document)
    assert {**record, **line} == record
