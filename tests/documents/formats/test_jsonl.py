import gzip
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from labelled_documents import ANY_LABEL, documents, json_values, names, same, texts
from windowclf.corpora.files import read_sentences
from windowclf.documents.document import Document, LabelledSpan, join_words
from windowclf.documents.formats import jsonl
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.tags.schemes import Scheme
from windowclf.text.tokenizer import tokenize


@pytest.fixture
def read(tmp_path):
    def read(*lines):
        path = tmp_path / "corpus.jsonl"
        path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
        return list(read_sentences(path))

    return read


OSLO = Sentence(["In", "Oslo"], ["O", "B-LOC"])


@pytest.mark.parametrize(
    "line",
    [
        {"tokens": ["In", "Oslo"], "tags": ["O", "B-LOC"], "id": 7},
        {"tokens": ["In", "Oslo"], "ner_tags": ["O", "B-LOC"], "text": "In Oslo"},
        {"text": "In Oslo", "entities": [{"start": 3, "end": 7, "label": "LOC", "score": 0.9}]},
        {"text": "In Oslo", "spans": [{"start": 3, "end": 7, "label": "LOC"}]},
        {"text": "In Oslo", "label": [[3, 7, "LOC"]]},
        {"text": "In Oslo", "entities": [[3, 7, "LOC"]], "spans": None},
    ],
)
def test_every_layout_is_read(read, line):
    assert read(line, "", {"text": " "}, line) == [OSLO, OSLO]


@pytest.mark.parametrize("line", [{"tokens": ["In", "Oslo"]}, {"text": "In Oslo"}])
def test_without_labels_there_are_no_tags(read, line):
    assert read(line) == [Sentence(["In", "Oslo"])]


def test_no_entity_means_all_outside(read):
    assert read({"text": "In Oslo", "entities": []}) == [Sentence(["In", "Oslo"], ["O", "O"])]


def test_spans_come_in_any_order_and_neighbours_stay_apart(read):
    text = "👍🏽 Ola Nordmann Oslo."
    spans = [[16, 20, "LOC"], [3, 6, "PER"], [7, 15, "PER"]]
    assert read({"text": text, "spans": spans})[0].tags == ["O", "B-PER", "B-PER", "B-LOC", "O"]


spaced_words = st.lists(st.sampled_from(["Oslo", "U.S.", "it's", "(", "don't", "a"]), min_size=1)


@given(spaced_words, st.data())
def test_a_span_takes_the_tokens_that_it_touches(tmp_path_factory, words, data):
    text = " ".join(words)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    touched = [bool(set(range(a, b)) & set(range(start, end))) for _, a, b in tokenize(text)]
    path = tmp_path_factory.getbasetemp() / "spans.jsonl"
    path.write_text(json.dumps({"text": text, "spans": [[start, end, "X"]]}))
    if not any(touched):
        with pytest.raises(DataError, match="has no token"):
            list(read_sentences(path))
        return
    (sentence,) = read_sentences(path)
    assert [tag != "O" for tag in sentence.tags] == touched
    assert sum(tag == "B-X" for tag in sentence.tags) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"text": "In Oslo", "spans": [[3, 8, "LOC"]]}, "span 3:8 does not fit a text of 7"),
        ({"text": "In Oslo", "spans": [[-4, 7, "LOC"]]}, "span -4:7 does not fit"),
        ({"text": "In Oslo", "spans": [[3, 3, "LOC"]]}, "span 3:3 does not fit"),
        ({"text": "In Oslo", "spans": [[2, 3, "LOC"]]}, "span 2:3 has no token"),
        ({"text": "In Oslo", "spans": [[3, 7, ""]]}, "span 3:7 has no label"),
        ({"text": "In Oslo", "spans": [[3, 7, "A"], [0, 4, "B"]]}, "3:7 overlaps span 0:4"),
        ({"text": "In Oslo", "sentences": [["Oslo"], ["In"]]}, "sentences: word 'In': not found"),
        (
            {"text": "In Oslo", "sentences": [["In", ""]]},
            "sentences: null or an empty",
        ),
        ({"text": 7}, '"text" is 7, not a text'),
        ({"text": None}, '"text" is null, not a text'),
        (
            {"text": "In Oslo", "spans": [[3, "x", "A"]]},
            r"spans\[0\]: \[3, 'x', 'A'\] is not a span; expected \[start, end, label\]",
        ),
        ({"tokens": ["In", "Oslo"], "tags": ["O"]}, "2 tokens but 1 tags"),
        ({"tokens": ["In", ""], "tags": ["O", "O"]}, "an empty token"),
        ({"tokens": ["In", "Oslo"], "ner_tags": [0, 5]}, "ner_tags: 0 where a label is expected"),
        ({"wörter": ["In"]}, "neither .* there are 'wörter'; name the text with `text_column`"),
        ("[1]", "a list of records, got one with 1"),
        ('{"text": ', "one JSON object per line"),
        ('{"text": "\\ud800"}', "one JSON object per line"),
    ],
)
def test_bad_lines_end_in_one_line_with_the_place(read, line, message):
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: .*" + message) as refusal:
        read({"text": "fine"}, line)
    assert "\n" not in str(refusal.value)


def test_spans_that_do_not_fit_the_words_are_told_by_the_document(read):
    line = {"text": "In Oslo", "spans": [[3, 5, "A"], [5, 7, "B"]], "sentences": [["In", "Oslo"]]}
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: .*shares the token 'Oslo'"):
        read(OSLO_LINE, line)


def test_an_empty_file_holds_no_sentence(read):
    with pytest.raises(DataError, match=r"corpus\.jsonl: no sentence"):
        read("", {"tokens": []})


def test_only_a_line_feed_ends_a_line(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress('{"tokens": ["\u2028", "\x85"]}\r\n'.encode()))
    assert list(read_sentences(path)) == [Sentence(["\u2028", "\x85"])]


def test_a_text_of_two_sentences_is_a_document(read):
    two = {"text": "In Oslo. He left.", "spans": [[3, 7, "LOC"]]}
    assert read(OSLO_LINE, two, two, OSLO_LINE) == [
        OSLO,
        *[
            sentence
            for number in (2, 3)
            for sentence in (
                Sentence(["In", "Oslo", "."], ["O", "B-LOC", "O"], number),
                Sentence(["He", "left", "."], ["O"] * 3, number),
            )
        ],
        OSLO,
    ]


def test_a_word_of_two_spans_is_cut(read):
    line = {"text": "In Oslo/Bergen's", "spans": [[3, 7, "LOC"], [8, 16, "LOC"]]}
    (sentence,) = read(line)
    assert "".join(sentence.tokens) == "InOslo/Bergen's"
    assert sentence.tags.count("B-LOC") == 2


OSLO_LINE = {"text": "In Oslo", "entities": [[3, 7, "LOC"]]}


def read_documents(data, **options):
    data = data if isinstance(data, bytes) else data.encode()
    batches = jsonl.read(io.BytesIO(data), "here.jsonl", ReadOptions(**options))
    return [document for batch in batches for document in batch]


def written(given, **options):
    file = io.BytesIO()
    writer = jsonl.Writer(file, WriteOptions(**options))
    writer.write(given[:1])
    writer.write(given[1:])
    writer.close()
    return file.getvalue()


@given(st.lists(documents(scores=st.none() | st.floats(0, 1))))
def test_documents_are_written_and_read_back(given):
    data = written(given)
    assert data.count(b"\n") == len(given)
    found = read_documents(data)
    for before, after in zip(given, found, strict=True):
        assert (after.text, after.words, after.spans) == (before.text, before.words, before.spans)
        kept = same(after.fields)
        assert {**kept, **same(before.fields)} == kept
        assert set(kept) - set(before.fields) <= {"text", "entities", "sentences"}
        assert list(after.fields)[: len(before.fields)] == list(before.fields)
    assert written(found) == data


token_lists = st.lists(st.tuples(ANY_LABEL, ANY_LABEL))


@given(token_lists, st.booleans(), st.dictionaries(names, json_values), st.data())
def test_tokens_and_tags_are_written_and_read_back(rows, labelled, fields, data):
    tokens, tags = [a for a, _ in rows], [b for _, b in rows]
    key = data.draw(st.sampled_from(["tags", "ner_tags"]))
    record = {**fields, "tokens": tokens, "text": " "} | ({key: tags} if labelled else {})
    (document,) = read_documents(msgspec.json.encode(record) + b"\n")
    assert document.text == join_words([tokens])
    assert document.words == [tokens]
    assert document.tags == ([tags] if labelled else None)
    assert document.spans is None
    assert list(document.fields) == list(record)
    (again,) = read_documents(written([document]))
    assert (again.text, again.words, again.tags) == (document.text, document.words, document.tags)
    assert {**same(again.fields), **same(document.fields)} == same(again.fields)


def test_other_values_go_through_byte_for_byte():
    line = b'{"id":1.0e5,"text":"In Oslo","m":{"a":  [1, null]},"e":"\\u00e9","label":"news"}\n'
    (document,) = read_documents(line)
    assert (document.text, document.words, document.spans) == ("In Oslo", None, None)
    assert written([document]) == line
    spans = [LabelledSpan(3, 7, "LOC", 0.5)]
    tagged = Document("In Oslo", [["In", "Oslo"]], spans=spans, fields=document.fields)
    assert written([tagged]) == line[:-2] + (
        b',"entities":[{"start":3,"end":7,"label":"LOC","score":0.5}],"sentences":[["In","Oslo"]]}\n'
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "LOC"},
        {"label": 1},
        {"label": ["news", "sport"]},
        {"sentences": ["In Oslo"]},
        {"sentences": 1},
        {"sentences": [[0, 2], [3, 7]]},
        {"tokens": 2},
        {"tags": ["news"]},
        {"spans": None},
        {"entities": {"a": 1}},
    ],
)
def test_what_only_looks_like_labels_is_left_alone(fields):
    line = msgspec.json.encode({"text": "In Oslo", **fields}) + b"\n"
    (document,) = read_documents(line)
    assert (document.text, document.words, document.spans) == ("In Oslo", None, None)
    assert written([document]) == line


def test_the_keys_can_be_named():
    line = '{"body": "In Oslo", "text": 7}\n'
    (document,) = read_documents(line, text_column="body")
    assert document.text == "In Oslo"
    assert written([document], text_column="body") == b'{"body":"In Oslo","text":7}\n'
    line = '{"words": ["In", "Oslo"], "ner": ["O", "B-LOC"], "tags": 5}'
    (document,) = read_documents(line, tokens_column="words", tags_column="ner")
    assert (document.words, document.tags) == ([["In", "Oslo"]], [["O", "B-LOC"]])
    with pytest.raises(DataError, match=r'^here\.jsonl:1: neither "words" nor "body"; expected'):
        read_documents("{}", text_column="body", tokens_column="words")


def test_tokens_get_tags_of_the_scheme_asked_for():
    (document,) = read_documents('{"tokens": ["In", "Oslo"], "id": 7}')
    spans = [LabelledSpan(3, 7, "LOC")]
    tagged = Document(document.text, document.words, spans=spans, fields=document.fields)
    for scheme, tag in ((Scheme.IOB1, b"I"), (Scheme.IOB2, b"B"), (Scheme.IOBES, b"S")):
        assert written([tagged], scheme=scheme) == (
            b'{"tokens":["In", "Oslo"],"id":7,"tags":["O","' + tag + b'-LOC"]}\n'
        )
    assert written([document]) == b'{"tokens":["In", "Oslo"],"id":7}\n'


def test_a_number_of_tokens_is_no_list_of_them():
    (document,) = read_documents('{"text": "In Oslo", "tokens": 2}')
    tagged = replace(document, words=[["In", "Oslo"]], spans=[])
    assert written([tagged]) == (
        b'{"text":"In Oslo","tokens":2,"entities":[],"sentences":[["In","Oslo"]]}\n'
    )


def test_values_of_other_formats_become_json():
    fields = {"a": None, "b": b"x", "c": {1.5: [1]}, "d": 2j, "tokens": "two"}
    document = Document("a", [["a"]], fields=fields)
    assert json.loads(written([document])) == {
        "a": None,
        "b": "eA==",
        "c": {"1.5": [1]},
        "d": "2j",
        "tokens": "two",
        "text": "a",
        "sentences": [["a"]],
    }


def test_lines_are_answered_as_they_come():
    pieces = [b'{"text": "a"}\n{"te', b'xt": "b"}\n\n', b"\n", b'{"text": "c"}']

    class Slow(io.BytesIO):
        def read1(self, size):
            return pieces.pop(0) if pieces else b""

    batches = jsonl.read(Slow(), "x", ReadOptions())
    for left, answer in ((3, "a"), (2, "b"), (0, "c")):
        assert [document.text for document in next(batches)] == [answer]
        assert len(pieces) == left
    assert next(batches, None) is None


def test_numbers_of_lines_go_on_in_later_batches():
    line = '{"text": "' + "a " * 40_000 + '"}\n'
    with pytest.raises(DataError, match=r"^here\.jsonl:6: Expected `object`"):
        read_documents(line + "\n" + line * 3 + "7\n")


@given(texts)
def test_any_line_is_read_or_refused_in_one_line(text):
    try:
        read_documents(text)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017
