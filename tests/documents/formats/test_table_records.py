"""Tables with a text or the tokens of a sentence a row, and their labels."""

import csv as reference
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import documents as any_document
from labelled_documents import texts as any_text
from tables import documents, read, sentences, spans, tagged, texts, written
from windowclf.documents.formats import jsonl
from windowclf.documents.formats.cell_lists import decode_list
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError


def table(*rows, delimiter=","):
    file = io.StringIO(newline="")
    reference.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


IN_OSLO = (["In", "Oslo"], ["O", "B-LOC"])
LISTS = {
    "JSON": ('["In","Oslo"]', '["O","B-LOC"]'),
    "Python": ("['In', 'Oslo']", "['O', 'B-LOC']"),
    "NumPy": ("['In' 'Oslo']", "['O'\n 'B-LOC']"),
    "spaces": ("In Oslo", "O  B-LOC"),
    "numbers": ("['In' 'Oslo']", "[0 1]"),
}


@pytest.mark.parametrize("shape", LISTS)
@pytest.mark.parametrize("names", [("tokens", "ner_tags"), ("Words", "Labels")])
def test_lists_of_tokens(shape, names):
    data = table(["id", *names], ["7", *LISTS[shape]])
    header, names = names, ("O", "B-LOC")
    assert sentences(data, label_names=names) == [IN_OSLO]
    assert sentences(data, labels=False) == [(IN_OSLO[0], None)]
    (document,) = documents(data, label_names=names)
    assert list(document.fields) == ["id", *header]
    assert document.layout.labels == {*document.fields} - {"id"}


def test_numbers_need_names():
    data = table(["tokens", "ner_tags"], LISTS["numbers"])
    with pytest.raises(DataError, match=r"^here\.csv:2: ner_tags: 0 where a label is expected: "):
        documents(data)


@pytest.mark.parametrize("shape", LISTS)
def test_a_text_with_tags_of_its_words(shape):
    tags = LISTS[shape][1]
    data = table(["id", "Sentence", "POS", "Tag"], ["7", "In  Oslo", "['P', 'N']", tags])
    options = {"text_column": "Sentence", "label_names": ("O", "B-LOC")}
    (document,) = documents(data, **options)
    assert (document.text, document.words, document.tags) == (
        "In  Oslo",
        [IN_OSLO[0]],
        [IN_OSLO[1]],
    )
    assert documents(data, **options, labels=False)[0].tags is None


def test_tags_of_words_with_commas_or_in_a_column_of_any_name():
    data = table(["sentence", "word_labels"], ["In Oslo", "O,B-LOC"], ["In", "O"])
    assert sentences(data, text_column="sentence") == [IN_OSLO, (["In"], ["O"])]
    data = table(["text", "klasse"], ["In Oslo", "O LOC"])
    assert sentences(data, tags_column="klasse") == [(["In", "Oslo"], ["O", "LOC"])]
    # A no-break space does not end a word.
    data = table(["text", "labels"], ["10\xa0000 in", "O O"])
    assert sentences(data) == [(["10\xa0000", "in"], ["O", "O"])]


SPANS = {
    "own": '[{"start":3,"end":7,"label":"LOC"}]',
    "lists": '[[3, 7, "LOC"]]',
    "Python": "[(3, 7, 'LOC')]",
    "Python's objects": "[{'start': 3, 'end': 7, 'label': 'LOC'}]",
    "Label Studio": '[{"start":3,"end":7,"text":"Oslo","labels":["LOC"]}]',
    "spaCy": "{'entities': [(3, 7, 'LOC')]}",
}


@pytest.mark.parametrize("shape", SPANS)
@pytest.mark.parametrize("column", ["entities", "label", "Spans", "gold"])
def test_texts_with_spans(shape, column):
    data = table(["id", "text", column], [7, "In Oslo", SPANS[shape]], [8, "In", "[]"], [9, "", ""])
    if (column, shape) == ("gold", "spaCy"):
        return  # an object under another name may be anything
    assert spans(data)[0] == [(3, 7, "LOC")]
    assert [document.spans for document in documents(data, labels=False)] == [None] * 3
    assert spans(data, tags_column=column)[:1] == [[(3, 7, "LOC")]]
    (first, *_) = documents(data)
    assert first.layout.labels == {column}
    assert first.fields[column] == SPANS[shape]


def test_own_spans_go_before_older_tags():
    data = table(["text", "entities", "Tag"], ["In Oslo", "[]", "['O', 'B-LOC']"])
    assert spans(data) == [[]]


@pytest.mark.parametrize("names", [("tokenized_text", "ner"), ("tokens", "entities")])
def test_spans_of_tokens(names):
    data = table(names, ['["In", "Oslo"]', '[[1, 1, "LOC"]]'])
    assert sentences(data) == [IN_OSLO]


def test_labels_that_are_none_are_counted():
    data = table(["text", "label"], ["In Oslo", "positive"], ["Oslo", "B-side"], ["b", ""])
    found, report = read(data + "A song,B-side\n")
    assert [document.tags for document in found] == [None, [["B-side"]], None, None]
    assert report.line() == (
        "cells of the column 'label' with neither tags nor spans: 2 (first: here.csv:2: 'positive')"
    )
    _, report = read("id,text\n1,Oslo\n")
    assert report.line() == (
        "tables read that have no column of tags or spans: 1 (first: here.csv: 'id', 'text')"
    )
    assert not read(data, labels=False)[1].line()


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (
            ["text", "tags"],
            ["In Oslo", "['O']"],
            "tags: 2 words but 1 tags; expected tokens sep",
        ),
        (["text", "tags"], ["In Oslo", "O O O"], "tags: 2 words but 3 tags"),
        (["text", "entities"], ["In", "[[0, 2, 'X'"], "entities: .* is not a list"),
        (["text", "entities"], ["In", "[[0, 2, 'X' 'Y']]"], "entities: .* is not a list"),
        (["text", "entities"], ["In", "[[0, 9, 'X']]"], "span 0:9 does not fit a text of 2 char"),
        (["tokens", "tags"], ["['a', 'b']", "['O']"], "2 tokens but 1 tags"),
        (["tokens", "tags"], ["['a' ...]", "['O']"], "tokens: .* is not a list; expected"),
        (
            ["tokens", "tags"],
            ["['a', None]", "['O', 'O']"],
            "tokens: None where a word is expected",
        ),
        (["tokens", "tags"], ["a b", "['O']"], "tokens: 'a b' is not a list, unlike"),
        (["tokens", "tags"], ["['a', '']", "['O', 'O']"], "an empty token in tokens"),
    ],
)
def test_a_bad_row_ends_in_one_line_or_is_left_out(header, row, message):
    good = ["In", "[]"] if header[0] == "text" else ["['In']", "['O']"]
    data = table([*header, "x"], [*good, 1], [*row, 2], [*good, 3])
    found, report = read(data, on_error="skip")
    with pytest.raises(DataError, match=rf"^here\.csv:3: {message}"):
        read(data)
    assert [document.fields["x"] for document in found] == ["1", "3"]
    assert report.tallies["records skipped"].times == 1


def test_old_labels_are_no_matter_when_tagging():
    data = table(["text", "entities", "tags"], ["In Oslo", "[[0, 9", "['O']"], ["a", "x", "[1,"])
    assert texts(data, labels=False) == ["In Oslo", "a"]


def test_a_tagged_table_is_written_as_it_was():
    data = 'id;Text;entities\r\n7;In Oslo;old\r\n8;"a;\nb";\r\n'
    assert written(tagged(documents(data, labels=False))) == (
        'id;Text;entities\r\n7;In Oslo;"[{""start"":3,""end"":7,""label"":""LOC""}]"\r\n'
        '8;"a;\nb";[]\r\n'
    )
    data = "id\ttweet\n7\tIn Rome\n"
    output = written(
        tagged(documents(data, labels=False, text_column="tweet")), text_column="tweet"
    )
    assert output == '"id"\t"tweet"\t"entities"\r\n7\tIn Rome\t[]\r\n'


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        (["tokens", "ner_tags"], ['["In", "Oslo"]', "[0, 0]"], '["O","B-LOC"]'),
        (["tokens", "x"], ['["In", "Oslo"]', "1"], '["O","B-LOC"]'),
        (["words", "labels"], ["In Oslo", "O O"], "O B-LOC"),
    ],
)
def test_lists_are_written_with_other_tags(names, cells, expected):
    given = tagged(documents(table(names, cells), labels=False))
    (header, row) = reference.reader(io.StringIO(written(given)))
    added = names[1] == "x"
    assert header == ([*names, "tags"] if added else names)
    assert row == [*(cells if added else cells[:1]), expected]


def test_records_of_tokens_become_lists():
    data = b'{"id": 7, "tokens": ["In", "Oslo"], "tags": ["O", "O"]}'
    (given,) = next(jsonl.read(io.BytesIO(data), "x", ReadOptions(labels=False)))
    output = written(tagged([given]))
    assert output == 'id,tokens,tags\r\n7,"[""In"", ""Oslo""]","[""O"",""B-LOC""]"\r\n'
    assert sentences(output) == [IN_OSLO]


@given(
    st.lists(any_document(labelled=True, fields=any_text), min_size=1, max_size=4),
    st.sampled_from(",;\t|"),
)
def test_labelled_documents_are_read_back(given, delimiter):
    first = given[0]
    given = [
        type(first)(d.text, None if first.words is None else d.words, None, d.spans, first.fields)
        for d in given
    ]
    if any(name != name.strip() or name.startswith("\ufeff") for name in first.fields):
        return
    if first.words is not None and any(d.words is None for d in given):
        given = [d for d in given if d.words is not None]
    found = documents(written(given, delimiter=delimiter))
    for before, after in zip(given, found, strict=True):
        assert after.text == before.text
        assert after.words == before.words
        assert [(s.start, s.end, s.label) for s in after.spans] == [
            (s.start, s.end, s.label) for s in before.spans
        ]
        assert after.layout.labels >= {"entities"}
        assert before.fields.items() <= after.fields.items()


lists = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, list | dict))


@given(lists)
def test_lists_of_json_and_of_python(value):
    assert decode_list(json.dumps(value)) == value
    assert decode_list(repr(value)) == value


@given(st.lists(any_text, min_size=2, max_size=5), st.sampled_from([" ", "\n "]))
def test_lists_of_numpy(words, space):
    assert decode_list(f"[{space.join(map(repr, words))}]") == words


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "['a' ... 'b']",
            "['a' 'b', 'c']",
            "[['a' 'b']]",
            "['a' 1]",
            "['\\d']",
            "[b'a']",
            "[1 -]",
        ),
        *("[f'a']", "[1 -]", "[a]", "[1if 1 else 2]", "[" * 9999 + "]" * 9999, "['a'", "[1](2)"),
        *("{[]: 1}", "[1,,]", "", "[" + "'a'," * 400_000 + "]", "{1: 2} {3: 4}", "['a'\\\n'b']"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_list(cell):
    with pytest.raises(DataError, match="is not a list; expected one of JSON or of Python"):
        decode_list(cell)
