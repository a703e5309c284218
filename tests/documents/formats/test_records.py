"""Records in the shapes of annotation tools, after their documentation."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.documents.formats import jsonl
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError

TEXT = "In Oslo with Ada"
OSLO, ADA = (3, 7, "LOC"), (13, 16, "PER")
XPATH = "/p[1]/text()[1]"


def read(data, **options):
    """Read a file of one value, or of lines, and return the documents and the report."""
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    given = ReadOptions(**options)
    batches = jsonl.read(io.BytesIO(data), "f.json", given)
    return [document for batch in batches for document in batch], given.report.line()


def spans(document):
    return document.spans and [(span.start, span.end, span.label) for span in document.spans]


def task(*results, text=TEXT, **fields):
    return {"id": 1, "data": {"text": text}, "annotations": [{"result": [*results]}], **fields}


def result(start, end, label, **value):
    shown = {"start": start, "end": end, "labels": [label], **value}
    return {"value": shown, "from_name": "label", "to_name": "text", "type": "labels"}


HTML = {
    "start": XPATH,
    "end": XPATH,
    "startOffset": 0,
    "endOffset": 4,
    "globalOffsets": {"start": 3, "end": 7},
    "hypertextlabels": ["LOC"],
}
SPACY_2 = [("In", "O"), ("Oslo", "U-LOC"), ("\n", "O"), ("Ada", "B-PER"), ("L.", "L-PER")]

ONE_SPAN = {
    "ours": {"text": TEXT, "entities": [{"start": 3, "end": 7, "label": "LOC", "score": 0.9}]},
    "doccano": {"id": 1, "text": TEXT, "label": [[3, 7, "LOC"]], "Comments": []},
    "doccano, old": {"id": 1, "data": TEXT, "label": [[3, 7, "LOC"]]},
    "doccano, older": {"text": TEXT, "labels": [[3, 7, "LOC"]], "meta": {}},
    "doccano, relations": {
        "text": TEXT,
        "entities": [{"id": 5, "start_offset": 3, "end_offset": 7, "label": "LOC"}],
        "relations": [{"id": 0, "from_id": 5, "to_id": 5, "type": "is"}],
    },
    "Prodigy": {
        "text": TEXT,
        "_input_hash": 1,
        "tokens": [{"text": "In", "start": 0, "end": 2, "id": 0, "ws": True}],
        "spans": [{"start": 3, "end": 7, "token_start": 1, "token_end": 1, "label": "LOC"}],
        "answer": "accept",
    },
    "Label Studio": [task(result(3, 7, "LOC", text="Oslo"))],
    "Label Studio, choices": [
        task({"value": {"choices": ["news"]}, "type": "choices"}, result(3, 7, "LOC"))
    ],
    "Label Studio, relation": [
        task(result(3, 7, "LOC"), {"from_id": "a", "to_id": "b", "type": "relation"})
    ],
    "Label Studio, cancelled": [
        {
            "data": {"text": TEXT},
            "annotations": [
                {"was_cancelled": True, "result": [result(0, 2, "X")]},
                {"was_cancelled": False, "result": [result(3, 7, "LOC")]},
            ],
        }
    ],
    "Label Studio, old": [{"data": {"body": TEXT}, "completions": [{"result": [result(*OSLO)]}]}],
    "Label Studio, MIN": [
        {"id": 1, "text": TEXT, "label": [result(*OSLO)["value"]], "annotator": 1}
    ],
    "Label Studio, HTML": [task({"value": HTML, "type": "hypertextlabels"})],
    "spaCy, a pair": [TEXT, {"entities": [[3, 7, "LOC"]]}],
    "spaCy, pairs": [[TEXT, {"entities": [[3, 7, "LOC"]]}]],
    "spaCy, annotator": {"classes": ["LOC"], "annotations": [[TEXT, {"entities": [OSLO]}]]},
    "spaCy, to_json": {
        "text": TEXT,
        "ents": [{"start": 3, "end": 7, "label": "LOC"}],
        "sents": [{"start": 0, "end": 16}],
        "tokens": [{"id": 0, "start": 0, "end": 2, "pos": "ADP"}],
    },
    "displaCy": {"text": TEXT, "ents": [{"start": 3, "end": 7, "label": "LOC"}], "title": None},
    "a pipeline": {
        "text": TEXT,
        "entities": [
            {"entity_group": "LOC", "score": 0.99, "word": "os ##lo", "start": 3, "end": 7}
        ],
    },
    "columns": {"text": TEXT, "entities": {"start": [3], "end": [7], "label": ["LOC"]}},
    "offset and length": {
        "text": TEXT,
        "entities": [{"offset": 3, "length": 4, "category": "LOC"}],
    },
    "Dataturks": {
        "content": TEXT,
        "annotation": [{"label": ["LOC"], "points": [{"start": 3, "end": 6, "text": "Oslo"}]}],
        "extras": None,
    },
    "pairs of pairs": {"text": TEXT, "entities": [["LOC", [3, 7]]]},
    "label first": {"text": TEXT, "entities": [["LOC", 3, 7]]},
    "floats": {"text": TEXT, "entities": [{"start": 3.0, "end": 7.0, "label": "LOC"}]},
    "nested": {"text": TEXT, "annotations": {"entities": [[3, 7, "LOC"]]}},
}


@pytest.mark.parametrize("name", ONE_SPAN)
def test_spans_of_tools(name):
    found, report = read(ONE_SPAN[name])
    assert [(document.text, spans(document)) for document in found] == [(TEXT, [OSLO])]
    guessed = "records whose text was found under 'data': 1 (first: f.json:1)"
    assert report == (guessed if name == "doccano, old" else "")
    assert [d.text for d in read(ONE_SPAN[name], labels=False)[0]] == [TEXT]
    found, _ = read(json.dumps(ONE_SPAN[name], indent=2))
    assert [spans(document) for document in found] == [[OSLO]]


GUESSED = {
    "Comprehend": {
        "Text": TEXT,
        "Entities": [
            {"BeginOffset": 3, "EndOffset": 7, "Score": 0.9, "Text": "Oslo", "Type": "LOC"}
        ],
    },
    "LightTag": {
        "examples": [{"content": TEXT, "annotations": [{"start": 3, "end": 7, "tag": "LOC"}]}],
        "relations": [],
    },
    "Label Studio, MIN": [{"text": TEXT, "mood": "good", "ner": [result(*OSLO)["value"]]}],
    "other": {"text": TEXT, "mentions": [[3, 7, "LOC"]], "boxes": [[1, 2, 3], [90, 99, "a"]]},
    "span groups": {
        "text": TEXT,
        "ents": [],
        "spans": {"sc": [{"start": 3, "end": 7, "label": "LOC", "kb_id": ""}], "b": [[0, 2, "X"]]},
    },
    "HTML": [{"text": "<p>In <b>Oslo</b> with Ada</p>", "label": [HTML]}],
    "HTML task": [task({"value": HTML}, text="<p>In <b>Oslo</b> with Ada</p>")],
}


@pytest.mark.parametrize("name", GUESSED)
def test_what_is_guessed_is_reported(name):
    found, report = read(GUESSED[name])
    assert [(document.text, spans(document)) for document in found] == [(TEXT, [OSLO])]
    assert report.startswith("records ")
    assert "spans that do not fit" not in report
    assert len(read(GUESSED[name], labels=False)[0]) == 1


TAGS = ["O", "B-LOC"]
ONE_TAG = {
    "ours": {"tokens": ["In", "Oslo"], "tags": TAGS},
    "a dataset of the hub": {
        "id": "0",
        "tokens": ["In", "Oslo"],
        "ner_tags": TAGS,
        "pos_tags": [1, 2],
    },
    "words and labels": {"words": ["In", "Oslo"], "labels": TAGS},
    "numbers": {"tokens": ["In", "Oslo"], "ner_tags": [0, 1]},
    "numbers of TNER": {"tokens": ["In", "Oslo"], "tags": [0, 1]},
    "topics beside": {"tokens": ["In", "Oslo"], "tags": ["news"], "ner_tags": [0, 1]},
    "GLiNER": {"tokenized_text": ["In", "Oslo"], "ner": [[1, 1, "LOC"]]},
    "text beside": {"text": "In  Oslo", "tokens": ["In", "Oslo"], "tags": TAGS},
}


@pytest.mark.parametrize("name", ONE_TAG)
def test_tags_of_tools(name):
    found, report = read(ONE_TAG[name], label_names=TAGS)
    assert [(d.text, d.words, d.tags) for d in found] == [("In Oslo", [["In", "Oslo"]], [TAGS])]
    assert report == ""
    (document,), _ = read(ONE_TAG[name], labels=False)
    assert (document.words, document.tags) == ([["In", "Oslo"]], None)


def test_tags_keep_their_scheme():
    (document,), _ = read({"tokens": ["In", "Oslo"], "tags": ["O", "U-LOC"]})
    assert document.tags == [["O", "U-LOC"]]
    tokens = [
        {"id": i, "orth": word, "tag": "-", "ner": tag} for i, (word, tag) in enumerate(SPACY_2)
    ]
    paragraph = {"raw": "...", "sentences": [{"tokens": tokens[:2]}, {"tokens": tokens[2:]}]}
    given = [{"id": 0, "paragraphs": [paragraph, paragraph]}]
    found, report = read(given)
    assert len(found) == 2
    for document in found:
        assert document.text == "In Oslo\nAda L."
        assert document.words == [["In", "Oslo"], ["Ada", "L."]]
        assert document.tags == [["O", "U-LOC"], ["B-PER", "L-PER"]]
    assert report == ""
    tokens[0]["ner"] = "-"
    assert read(given)[1] == "tokens without an annotation, read as O: 2 (first: f.json:1)"
    for token in tokens:
        del token["ner"]
    assert read(given)[0][0].tags is None
    with pytest.raises(DataError, match=r"paragraphs: .* expected sentences of tokens with orth"):
        read([{"paragraphs": [{"sentences": [7]}]}])


@pytest.mark.parametrize("tags", [{"ner_tags": [["O"], ["O"]]}, {"labels": []}, {"tags": "O O"}])
def test_tags_of_no_known_shape_are_reported(tags):
    (document,), report = read({"tokens": ["In", "Oslo"], **tags})
    assert document.tags is None
    (key,) = tags
    assert report == f"records whose {key!r} has no readable labels: 1 (first: f.json:1)"


def test_the_text_keeps_its_key():
    found, _ = read({"content": TEXT, "annotations": [{"start": 3, "end": 7, "tag": "LOC"}]})
    file = io.BytesIO()
    jsonl.Writer(file, WriteOptions()).write(found)
    record = json.loads(file.getvalue())
    assert (record["content"], "text" in record) == (TEXT, False)
    assert spans(read(file.getvalue())[0][0]) == [OSLO]


@pytest.mark.parametrize("line", [{"text": TEXT, "label": [[3, 7, "LOC"]]}, ONE_TAG["ours"]])
def test_a_column_of_labels_that_is_not_there_is_reported(line):
    (document,), report = read(line, tags_column="lable")
    assert document.spans is document.tags is None
    assert report == "records without 'lable', which `tags_column` names: 1 (first: f.json:1)"


def test_gliner_ends_are_inclusive():
    line = {"tokenized_text": list("abcd"), "ner": [[0, 1, "X"], [1, 3, "Y"], [0, 1, "X"]]}
    with pytest.raises(DataError, match="span 1:4 'Y' does not fit a sentence of 4 tokens"):
        read(line)
    (document,), report = read(line, overlaps="longest")
    assert document.tags == [["O", "B-Y", "I-Y", "I-Y"]]
    assert "duplicate spans dropped: 1" in report
    with pytest.raises(DataError, match="span 3:4 does not fit 4 tokens"):
        read({"tokenized_text": list("abcd"), "ner": [[3, 4, "X"]]})


def test_numbers_need_names():
    ids = {"text": TEXT, "annotations": [{"label": 1, "start_offset": 3, "end_offset": 7}]}
    (document,), _ = read(ids, label_names=["PER", "LOC"])
    assert spans(document) == [OSLO]
    for names, message in ((None, "numbers need names"), (["PER"], "there are names for 0 to 0")):
        with pytest.raises(
            DataError, match=rf"annotations\[0\]: 1 where .*{message}.*`label_names`"
        ):
            read(ids, label_names=names)
    assert read(ids, labels=False)[0][0].text == TEXT


def test_rejected_and_unannotated_records_are_left_out_and_counted():
    lines = [
        {"text": TEXT, "spans": [{"start": 3, "end": 7, "label": "LOC"}], "answer": "accept"},
        {"text": TEXT, "spans": [{"start": 3, "end": 7, "label": "X"}], "answer": "reject"},
        {"text": TEXT, "answer": "ignore"},
        {"data": {"text": TEXT}, "annotations": []},
        {"data": {"text": TEXT}, "annotations": [], "predictions": [{"result": [result(*OSLO)]}]},
        {"data": {"text": TEXT}},
    ]
    data = "\n".join(map(json.dumps, lines))
    found, report = read(data)
    assert [spans(document) for document in found] == [[OSLO], None]
    for what in (
        "records left out whose answer is 'reject': 1 (first: f.json:2)",
        "records left out whose answer is 'ignore': 1 (first: f.json:3)",
        "tasks left out that have no annotation: 1 (first: f.json:4)",
        "tasks left out that have no annotation but predictions: 1 (first: f.json:5)",
    ):
        assert what in report
    assert len(read(data, labels=False)[0]) == len(lines)


@pytest.mark.parametrize(
    "fields",
    [
        {"tokens": [{"text": "In", "start": 0, "end": 2, "id": 0}], "answer": "accept"},
        {"id": 1, "annotator": 1, "annotation_id": 2, "created_at": "today", "lead_time": 0.5},
    ],
)
def test_what_is_annotated_without_spans_has_no_entities(fields):
    (document,), report = read({"text": TEXT, **fields})
    assert document.spans == []
    assert (
        report == "annotated records without spans, read as without entities: 1 (first: f.json:1)"
    )
    assert read({"text": TEXT, **fields}, labels=False)[0][0].spans is None
    for other in ({"text": TEXT, "label": "X", "answer": "accept"}, {"text": TEXT}):
        assert read(other)[0][0].spans is None


def test_one_of_several_annotations():
    one, two = {"result": [result(*OSLO)]}, {"result": [result(*ADA)]}
    given = {"data": {"text": TEXT}, "annotations": [one, two]}
    (document,), report = read(given)
    assert spans(document) == [OSLO]
    assert report == "tasks with several annotations, of which one was read: 1 (first: f.json:1)"
    two["ground_truth"] = True
    assert spans(read(given)[0][0]) == [ADA]


def test_spans_of_another_text_of_a_task():
    other = {**result(0, 2, "X"), "to_name": "title"}
    given = task(other, result(*OSLO))
    given["data"]["title"] = "An"
    (document,), _ = read(given)
    assert spans(document) == [OSLO]
    given["annotations"][0]["result"][1]["to_name"] = "t"
    with pytest.raises(DataError, match="spans of several elements, 'title', 't', none of which"):
        read(given)
    with pytest.raises(DataError, match=r"no text in data; .* 'data.a', 'data.b'; .*`text_column`"):
        read({"data": {"a": "x", "b": "y"}})


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"label": "news"}, "label"),
        ({"label": ["news"]}, "label"),
        ({"label": {"LOC": {"Oslo": [[3, 6]]}}}, "label"),
        ({"entities": {"LOC": ["Oslo"]}}, "entities"),
        ({"entities": ["Oslo"]}, "entities"),
        ({"entities": [None]}, "entities"),
        ({"spans": 7}, "spans"),
    ],
)
def test_labels_of_no_known_shape_are_reported(fields, key):
    (document,), report = read({"text": TEXT, **fields})
    assert document.spans is None
    assert report == f"records whose {key!r} has no readable labels: 1 (first: f.json:1)"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (["Oslo", "LOC"], "is not a span; expected"),
        ({"text": "Oslo", "type": "LOC"}, "is not a span; expected"),
        ({"start": 3, "end": "x7", "label": "LOC"}, "is not a span; expected"),
        ({"start": True, "end": 7, "label": "LOC"}, "is not a span; expected"),
        ({"start": 3, "end": 7, "labels": []}, "is not a span; expected"),
        ([3, 7, None], "None where a label is expected"),
        ([3, 7, ["LOC"]], r"\['LOC'\] where a label is expected"),
        (
            {"entity": "B-LOC", "index": 2, "word": "Oslo", "start": 3, "end": 7},
            "aggregation_strat",
        ),
        ({"start": 3.5, "end": 7, "label": "LOC"}, "is not a span; expected"),
    ],
)
def test_a_span_that_cannot_be_read_is_an_error_only_if_labels_are_wanted(item, message):
    line = {"text": TEXT, "entities": [[3, 7, "LOC"], item]}
    with pytest.raises(DataError, match=rf"^f.json:1: entities\[1\]: .*{message}"):
        read(line)
    (document,), report = read(line, labels=False)
    assert (document.text, document.spans, report) == (TEXT, None, "")


@pytest.mark.parametrize("points", [None, [], [1], 7])
def test_points_that_cannot_be_read_are_an_error_only_if_labels_are_wanted(points):
    line = {"content": TEXT, "annotation": [{"label": ["LOC"], "points": points}]}
    with pytest.raises(DataError, match=r"annotation: .* is not a span; expected label and points"):
        read(line)
    assert read(line, labels=False)[0][0].text == TEXT


def test_several_labels_and_several_lists():
    given = {"text": TEXT, "entities": [{"start": 3, "end": 7, "labels": ["LOC", "CITY"]}]}
    assert "spans with several labels, of which the first was read: 1" in read(given)[1]
    given = {"text": TEXT, "entities": [[3, 7, "LOC"]], "label": [[13, 16, "PER"]]}
    (document,), report = read(given)
    assert spans(document) == [OSLO]
    assert "records with spans under 'entities' and, not read, 'label': 1" in report
    assert spans(read(given, tags_column="label")[0][0]) == [ADA]
    with pytest.raises(DataError, match=r"spans under several keys: 'a', 'b'; .*`tags_column`"):
        read({"text": TEXT, "a": [[3, 7, "LOC"]], "b": [[13, 16, "PER"]]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 20) | st.floats(allow_nan=False) | st.text("ab"),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "label", "text", "ner"]), values, max_size=3
        )
    ),
    max_leaves=8,
)
OLD_KEYS = (
    *("tokens", "words", "tokenized_text", "tags", "ner_tags", "labels", "label", "ner", "data"),
    *("entities", "spans", "ents", "annotations", "annotation", "sentences", "answer", "content"),
    *("predictions", "completions", "examples", "classes"),
)


@given(st.dictionaries(st.sampled_from(OLD_KEYS), json_values))
def test_any_old_labels_are_no_hindrance(fields):
    (document,), _ = read({"text": TEXT, **fields}, labels=False)
    tokens = [fields.get(key) for key in ("tokens", "words", "tokenized_text")]
    if not any(isinstance(t, list) and all(isinstance(w, str) for w in t) for t in tokens):
        assert document.text == TEXT
    assert document.spans is document.tags is None


@given(st.dictionaries(st.sampled_from(["text", *OLD_KEYS]), json_values))
def test_any_record_is_read_or_refused(fields):
    try:
        found, _ = read(fields)
    except DataError as error:
        assert str(error).startswith("f.json:1")  # noqa: PT017
    else:
        assert read(fields, on_error="skip")[0] == found


def test_empty_tokens_beside_a_text():
    line = {"text": TEXT, "tokens": ["In", ""]}
    assert read(line, labels=False)[0][0].text == TEXT
    with pytest.raises(DataError, match="an empty token in tokens"):
        read(line)
    with pytest.raises(DataError, match="tokens: an empty token where a word is expected"):
        read({"tokens": ["In", ""]}, labels=False)
    with pytest.raises(DataError, match="tokens: None where a word is expected"):
        read({"tokens": ["In", None], "tags": ["O", "O"]})


# How a file holds its records.

LINES = [{"text": f"In Oslo {i}", "entities": [[3, 7, "LOC"]]} for i in range(3)]
ONE_A_LINE = "\n".join(map(json.dumps, LINES))


@pytest.mark.parametrize(
    "data",
    [
        ONE_A_LINE,
        "\ufeff\n \n" + ONE_A_LINE.replace("\n", "\r\n\n") + "\n\n",
        json.dumps(LINES),
        "\ufeff" + json.dumps(LINES, indent=1),
        "\n\n[\n" + ONE_A_LINE.replace("\n", ",\n") + "\n]\n",
        "[" + ONE_A_LINE.replace("\n", ",\n") + "\n]",
        "[" + ONE_A_LINE.replace("\n", "\n,") + "]",
        json.dumps({"version": 1, "data": LINES}),
        json.dumps({"records": LINES, "n": 3}, indent=4),
        json.dumps(LINES[:2]) + "\n" + json.dumps(LINES[2]),
        json.dumps([LINES[0]]) + "\n" + json.dumps(LINES[1:]),
        json.dumps([None, *LINES]),
        "null\n" + ONE_A_LINE,
        "\n".join(json.dumps([x["text"], {"entities": x["entities"]}]) for x in LINES),
    ],
)
def test_files_of_records(data):
    for options in ({}, {"labels": False}):
        found, report = read(data, **options)
        assert [document.text for document in found] == [line["text"] for line in LINES]
        assert report == "" or report.startswith("nulls left out in place of records: 1")


def test_two_records_of_an_array_on_two_lines():
    found, _ = read(f"[{json.dumps(LINES[0])},\n{json.dumps(LINES[1])}\n]")
    assert len(found) == 2


@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_cut_anywhere_is_an_error_with_its_line(indent):
    whole = json.dumps(LINES, indent=indent)
    for end in range(1, len(whole)):
        with pytest.raises(DataError, match=r"^f\.json:(\d+)[:,] ") as error:
            read(whole[:end])
        number = int(str(error.value).split(":")[1].split(",")[0])
        assert number == whole[:end].rstrip().count("\n") + 1, whole[:end]


@pytest.mark.parametrize("end", range(1, 40, 3))
def test_a_line_that_is_cut_can_be_skipped(end):
    first, second, third = ONE_A_LINE.split("\n")
    for lines, bad in (([first[:end], second, third], 1), ([first, second[:end], third], 2)):
        data = "\n".join(lines)
        with pytest.raises(DataError, match=rf"^f\.json:{bad}: "):
            read(data)
        found, report = read(data, on_error="skip")
        assert len(found) == 2
        assert report.startswith(f"records skipped: 1 (first: f.json:{bad}: ")


def test_bad_records_are_skipped_and_counted():
    bad = [{"text": 7}, {"text": TEXT, "entities": [[9, 3, "X"]]}, {"id": 1}, 5, "x", [1]]
    for data in (
        "\n".join(map(json.dumps, [LINES[0], *bad, LINES[1]])),
        json.dumps([LINES[0], *bad, LINES[1]]),
        json.dumps([LINES[0], *bad, LINES[1]], indent=2),
    ):
        found, report = read(data, on_error="skip")
        assert len(found) == 2
        assert "records skipped: 6" in report
        with pytest.raises(DataError, match=r"f\.json(:2: |.* record 2: )"):
            read(data)


@pytest.mark.parametrize("depth", [200, 100_000])
@pytest.mark.parametrize("data", ['{"text": "a", "x": %s}', "%s", '{"entities": %s, "text": "a"}'])
def test_deep_nesting_ends_in_one_line(depth, data):
    nested = "[" * depth + "]" * depth
    for whole in (data % nested, data % nested + '\n{"text": "b"}'):
        for options in ({}, {"labels": False}):
            try:
                read(whole, **options)
            except DataError as error:
                assert len(str(error)) < 500  # noqa: PT017


def test_a_line_of_many_records():
    found, _ = read("[" + ",".join(['{"text":"a"}'] * 30_000) + "]", labels=False)
    assert len(found) == 30_000


@pytest.mark.parametrize("indent", [None, 2])
def test_numbers_that_python_writes_and_json_lacks(indent):
    given = json.dumps([{"text": "NaN a", "score": float("nan"), "id": 10**30}], indent=indent)
    found, report = read(given)
    assert found[0].text == "NaN a"
    assert json.loads(bytes(found[0].fields["id"])) == 10**30
    assert report == "JSON values with NaN or Infinity, read as null: 1 (first: f.json:1)"
    for line in ('{"text": "NaN", "x": nan}', '{"text": "\\ud800", "x": NaN}'):
        with pytest.raises(DataError, match=r"malformed|surrogate"):
            read(line)
