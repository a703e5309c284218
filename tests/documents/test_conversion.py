import io
import json
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from labelled_documents import LABEL_KEYS, documents, names, texts
from strategies import FILE_SCHEMES, SPAN_SCHEMES
from windowclf.documents.conversion import WRITABLE, Conversion, convert_file, labelled_format
from windowclf.documents.document import Document, LabelledSpan, with_spans, with_words
from windowclf.documents.formats.arrow_rows import plain
from windowclf.documents.formats.registry import FORMATS, WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import fit_words
from windowclf.errors import DataError, UsageError
from windowclf.tags.schemes import Scheme

NAMES = ["conll", "jsonl", "parquet", "docbin", "csv", "doccano", "prodigy"]
TOOLS = {"doccano", "prodigy"}  # whose records hold neither words nor scores
OSLO = Document("In Oslo", [["In", "Oslo"]], spans=[LabelledSpan(3, 7, "LOC")])

# CoNLL separates by these; any other character may be part of a label.
conll_labels = texts.map(lambda text: text.translate(dict.fromkeys(map(ord, " \t\r\n")))).filter(
    bool
)
scores = st.none() | st.floats(0, 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3),
    max_leaves=6,
)
columns = st.sampled_from(
    [
        st.booleans(),
        st.none() | texts,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.lists(json_values, max_size=3),
        st.none() | st.dictionaries(texts, json_values, max_size=3),
    ]
)


@st.composite
def corpora(draw):
    """Documents of one file: each field has values of one type, and all have labels or none."""
    labelled = draw(st.booleans())
    found = draw(
        st.lists(
            documents(conll_labels, scores, labelled, fields=st.none()), min_size=1, max_size=4
        )
    )
    kinds = draw(st.dictionaries(names, columns, max_size=3))
    return [
        replace(d, fields={name: as_json(draw(kind)) for name, kind in kinds.items()})
        for d in found
    ]


def as_json(value):
    return msgspec.Raw(msgspec.json.encode(value))


def write(path, name, found, scheme=Scheme.IOB2):
    with path.open("wb") as file:
        writer = FORMATS[name].writer(file, WriteOptions(scheme=scheme))
        writer.write(found)
        writer.close()


def read(path, name, scheme=Scheme.IOB2):
    with path.open("rb") as file:
        batches = FORMATS[name].read(file, str(path), ReadOptions())
        return [with_spans(document, scheme) for batch in batches for document in batch]


def told(document, path):
    """What a document is after it has been in files of some formats."""
    spans = document.spans
    if "conll" in path or ("docbin" in path and document.words is None):
        document = with_words(document, exact=True)
    words = document.words
    if "conll" in path:
        words = fit_words(document.text, words, spans or [], exact=True)
        spans = spans and [msgspec.structs.replace(span, score=None) for span in spans]
    if not document.text.strip() and not {"conll", "docbin"}.isdisjoint(path):
        spans = spans or None  # without tokens, nothing shows that there are no labels
        words = words or None
    if not TOOLS.isdisjoint(path):
        spans = spans and [msgspec.structs.replace(span, score=None) for span in spans]
        words = None
    if "csv" in path:  # a cell that is empty does not say whether there are labels
        spans = spans or None
    others = document.fields.items()
    kept = {key: plain(value) for key, value in others if key not in {*LABEL_KEYS, "answer"}}
    if "csv" in path:  # its cells are strings
        kept = dict.fromkeys(kept)
    return document.text, words, msgspec.json.encode(spans), kept


def uniform(corpus):
    """Make documents fit a table: all have words or none, and plain names of fields."""
    has_words = all(document.words is not None for document in corpus)
    return [
        replace(
            document,
            words=document.words if has_words else None,
            fields={f"field {i}": value for i, value in enumerate(document.fields.values())},
        )
        for document in corpus
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("conversion")


@given(corpora(), st.sampled_from(SPAN_SCHEMES), st.sampled_from(SPAN_SCHEMES))
@settings(max_examples=10)
def test_there_and_back_nothing_is_lost(folder, given, scheme, other):
    first, second, third = (folder / name for name in "123")
    for path in permutations(NAMES, 2):  # in one test, because drawing the corpora is slow
        if set(path) == {"csv", "prodigy"}:
            continue  # an empty text has no tokens there, so that its record lacks their column
        one, two = (FORMATS[name] for name in path)
        corpus = uniform(given) if "csv" in path else given
        write(first, path[0], corpus, scheme)
        counts = convert_file(str(first), str(second), one, two, output_scheme=other)
        convert_file(str(second), str(third), two, one, output_scheme=scheme)
        again = read(third, path[0], scheme)
        assert [told(d, path) for d in again] == [told(d, path) for d in corpus], path
        assert counts.documents == len(corpus)
        assert counts.spans == sum(len(d.spans or ()) for d in corpus)


@pytest.mark.parametrize("two", ["jsonl", "parquet", "docbin"])
@given(corpora(), st.sampled_from(SPAN_SCHEMES))
def test_columns_come_back_byte_for_byte(folder, two, corpus, scheme):
    first, second, third = (folder / name for name in "456")
    write(first, "conll", corpus, scheme)
    convert_file(str(first), str(second), FORMATS["conll"], FORMATS[two])
    convert_file(str(second), str(third), FORMATS[two], FORMATS["conll"], output_scheme=scheme)
    assert third.read_bytes() == first.read_bytes()


@pytest.fixture
def convert(tmp_path):
    """Return a function that converts some text by the names of files, and returns the output."""

    def convert(data, source, output, **options):
        one, two = tmp_path / source, tmp_path / output
        one.write_bytes(data)
        forms = labelled_format(source, None, "--from"), labelled_format(output, None, "--to")
        done = convert_file(str(one), str(two), *forms, **options)
        return done, two.read_bytes()

    return convert


IOB1 = b"In\tO\nOslo\tI-LOC\nOslo\tB-LOC\n\n"
IOB2 = b"In\tO\nOslo\tB-LOC\nOslo\tB-LOC\n\n"
IOBES = b"In\tO\nOslo\tS-LOC\nOslo\tS-LOC\n\n"
WRITTEN = {
    Scheme.IOB1: IOB1,
    Scheme.IOB2: IOB2,
    Scheme.IOBES: IOBES,
    Scheme.BILOU: IOBES.replace(b"S-", b"U-"),
    Scheme.BMES: IOBES,
    Scheme.BMEWO: IOBES.replace(b"S-", b"W-"),
}


@pytest.mark.parametrize("source", FILE_SCHEMES)
@pytest.mark.parametrize("output", FILE_SCHEMES)
def test_tags_are_spelled_in_another_scheme(convert, source, output):
    for scheme in (None, source):
        options = {"scheme": scheme, "output_scheme": output}
        done, data = convert(b"a\tO\n\n" + WRITTEN[source], "x.train", "y.conll", **options)
        assert data == b"a\tO\n\n" + WRITTEN[output]
        assert (done.documents, done.sentences, done.spans) == (2, 2, 2)


def test_what_is_guessed_about_tags_is_reported_with_the_file(convert, tmp_path):
    done, data = convert(b"Oslo\tPLACE\nis\tO\n\nin\tO\n", "x.conll", "y.conll")
    assert data == b"Oslo\tB-PLACE\nis\tO\n\nin\tO\n\n"
    [note] = done.notes
    assert note.startswith(f"{tmp_path}/x.conll: the tags are recognised as io without prefixes")
    done, _ = convert(b"a\tB-X\nb\tO\n\n" * 2 + b"c\tI-X\n", "x.conll", "y.conll")
    [note] = done.notes
    assert note.startswith(f"{tmp_path}/x.conll:7: 1 tag breaks the rules of iob2, so conlleval's")
    assert convert(IOB2, "x.conll", "y.conll")[0].notes == ()


def test_tags_come_after_documents_without_tags(convert):
    lines = [
        {"text": "In Oslo", "entities": [[3, 7, "LOC"]]},
        {"tokens": ["New", "York"], "tags": ["B-LOC", "L-LOC"]},
        {"tokens": ["Tom"], "tags": ["U-PER"]},
    ]
    _, data = convert("\n".join(map(json.dumps, lines)).encode(), "x.jsonl", "y.jsonl")
    found = [json.loads(line)["entities"] for line in data.splitlines()]
    assert [[entity["end"] for entity in entities] for entities in found] == [[7], [8], [3]]


@pytest.mark.parametrize(("scheme", "tag"), [("iob2", "E-X"), ("bilou", "S-X"), ("io", "B-X")])
def test_tags_that_a_given_scheme_does_not_have_are_refused(convert, scheme, tag):
    data = f"# a comment\na\tI-X\n\n# id = 2\na\tO\nb\t{tag}\n".encode()
    with pytest.raises(DataError, match=rf"/x\.conll:6: tag '{tag}' is not one of {scheme}: expec"):
        convert(data, "x.conll", "y.conll", scheme=Scheme(scheme))
    line = json.dumps({"tokens": ["a"], "tags": [tag]})
    with pytest.raises(DataError, match=rf"/x\.jsonl:3: tag '{tag}' is not one of {scheme}: expec"):
        convert(f'{{"text":"b"}}\n\n{line}\n'.encode(), "x.jsonl", "y.conll", scheme=Scheme(scheme))


def test_spans_that_io_joins_are_counted(convert):
    done, data = convert(IOB2, "x.conll", "y.conll", output_scheme=Scheme.IO)
    assert data == b"In\tO\nOslo\tI-LOC\nOslo\tI-LOC\n\n"
    [note] = done.notes
    assert "1 span was joined" in note


def test_labels_lose_their_white_space_in_columns(convert):
    line = {"text": "Ada of Oslo", "entities": [[0, 3, "full\tname"], [7, 11, "place of birth"]]}
    done, data = convert(json.dumps(line).encode(), "x.jsonl", "y.conll")
    assert data == b"Ada\tB-full_name\nof\tO\nOslo\tB-place_of_birth\n\n"
    assert done.notes == (
        "column files cannot have white space in labels: wrote 'full\\tname' as full_name, "
        "'place of birth' as place_of_birth",
    )
    assert convert(json.dumps(line).encode(), "x.jsonl", "y.parquet")[0].notes == ()


def test_a_scheme_that_is_given_is_believed(convert):
    _, data = convert(b"a\tI-X\nb\tI-X\n\n", "x.conll", "y.jsonl", scheme=Scheme.PLAIN)
    labels = [entity["label"] for entity in json.loads(data)["entities"]]
    assert labels == ["I-X", "I-X"]


def test_plain_labels_stay_plain(convert):
    tags = b"a\tDT\nb\tNN\nc\tNN\nd\tO\n\n"
    done, data = convert(tags, "x.conll", "y.jsonl", scheme=Scheme.PLAIN)
    assert done == Conversion(1, 1, 3)
    assert convert(data, "y.jsonl", "z.conll", output_scheme=Scheme.PLAIN)[1] == tags
    assert convert(tags, "x.conll", "z.conll", scheme=Scheme.PLAIN)[1] == tags
    with pytest.raises(
        DataError, match=r"/x.conll:3: tag 'DT' has no prefix .* `scheme` takes auto, .*, plain$"
    ):
        convert(b"a O\n\n" + tags.replace(b"\t", b" "), "x.conll", "y.jsonl")


@pytest.mark.parametrize(("end", "label"), [(7, "LOC"), (2, "O")])
def test_what_plain_labels_cannot_spell_is_told(convert, end, label):
    line = {"text": "In Oslo", "entities": [{"start": 0, "end": end, "label": label}]}
    with pytest.raises(DataError, match=r"/x.jsonl: document 'In Oslo': plain labels need spans"):
        convert(json.dumps(line).encode(), "x.jsonl", "y.conll", output_scheme=Scheme.PLAIN)
    convert(json.dumps(line).encode(), "x.jsonl", "y.jsonl", output_scheme=Scheme.PLAIN)


def test_keys_of_labels_are_replaced_and_others_are_left_alone(convert):
    lines = [
        {"id": 1, "tokens": ["In", "Oslo"], "ner_tags": ["O", "S-LOC"], "label": "news"},
        {
            "spans": [[3, 7, "LOC"]],
            "text": "In Oslo",
            "tags": ["topic"],
            "label": ["news"],
            "meta": {"label": [[]]},
        },
        {"text": "In Oslo", "label": [], "entities": None, "sentences": 2},
    ]
    found = {"entities": [{"start": 3, "end": 7, "label": "LOC"}]}
    words = {"sentences": [["In", "Oslo"]]}
    data = "\n".join(map(json.dumps, lines)).encode()
    done, data = convert(data, "x.jsonl", "y.jsonl")
    assert done == Conversion(3, 1, 2)
    assert [json.loads(line) for line in data.splitlines()] == [
        {"id": 1, "label": "news", "text": "In Oslo", **found, **words},
        {"text": "In Oslo", "tags": ["topic"], "label": ["news"], "meta": {"label": [[]]}, **found},
        {"text": "In Oslo", "entities": [], "sentences": 2},
    ]


def test_columns_of_parquet_keep_their_types(convert, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "time": pa.array([2**60 + 1], pa.timestamp("ns")),
            "tokens": [["In", "Oslo"]],
            "ner_tags": [["O", "B-LOC"]],
            "pos": [["IN", "NNP"]],
            "label": [7],
        }
    )
    pq.write_table(table, tmp_path / "in")
    _, data = convert((tmp_path / "in").read_bytes(), "x.parquet", "y.parquet")
    again = pq.read_table(io.BytesIO(data))
    assert again.column_names == ["time", "pos", "label", "text", "entities", "sentences"]
    assert again.select(["time", "pos", "label"]) == table.select(["time", "pos", "label"])


def test_the_text_has_its_column_in_both(convert):
    options = ReadOptions(text_column="body")
    line = b'{"body":"In Oslo","text":"other","entities":[{"start":3,"end":7,"label":"LOC"}]}\n'
    for end in ("parquet", "spacy", "conll"):
        _, data = convert(line, "x.jsonl", f"y.{end}", options=options)
        _, again = convert(data, f"y.{end}", "z.jsonl", options=options)
        words = {} if end == "parquet" else {"sentences": [["In", "Oslo"]]}
        assert json.loads(again) == json.loads(line) | words


def test_columns_are_chosen(convert):
    options = ReadOptions(tokens_column="1", tags_column="2")
    _, data = convert(b"1 In O x\n2 Oslo B-LOC x\n", "x.conll", "y.conll", options=options)
    assert data == b"1 In O x\n2 Oslo B-LOC x\n\n"
    options = ReadOptions(tokens_column="words", tags_column="ner")
    line = b'{"words": ["In", "Oslo"], "ner": ["O", "B-LOC"]}'
    _, data = convert(line, "x.jsonl", "y.jsonl", options=options)
    assert [*json.loads(data)] == ["text", "entities", "sentences"]


def test_a_token_that_begins_with_a_space_has_its_span(convert):
    line = json.dumps({"tokens": ["In", " Oslo"], "tags": ["O", "B-LOC"]}).encode()
    for name in ("y.spacy", "y.jsonl"):
        _, data = convert(line, "x.jsonl", name)
        if name == "y.spacy":
            _, data = convert(data, name, "z.jsonl")
        assert json.loads(data)["entities"] == [{"start": 4, "end": 8, "label": "LOC"}]
        assert json.loads(data)["sentences"] == [["In", " Oslo"]]


@pytest.mark.parametrize("form", ["jsonl", "parquet", "docbin"])
def test_no_document_at_all(folder, form):
    for other in ("jsonl", "parquet", "docbin"):
        write(folder / "none", form, [])
        done = convert_file(
            str(folder / "none"), str(folder / "still"), FORMATS[form], FORMATS[other]
        )
        assert done == Conversion(0, 0, 0)
        assert read(folder / "still", other) == []


def test_what_cannot_be_written_leaves_the_file_that_was_there(convert, tmp_path):
    (tmp_path / "y.conll").write_bytes(b"old")
    lines = b'{"text":"a","label":[[0,1,"a l"]]}\n{"text":"b c","entities":[[0,1,"a_l"]]}\n'
    with pytest.raises(DataError, match=r"/x.jsonl: document 'b c': labels 'a l' and 'a_l' would"):
        convert(lines, "x.jsonl", "y.conll")
    assert (tmp_path / "y.conll").read_bytes() == b"old"
    lines = b'{"text":"a","id":1}\n{"text":"b","id":"c"}\n'
    with pytest.raises(DataError, match=r"/y.parquet: field 'id' does not fit a column of Parquet"):
        convert(lines, "x.jsonl", "y.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.jsonl", "y.conll"]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("eng.train", "conll"),
        ("x.txt", "conll"),
        ("x", "conll"),
        ("x.JSONL.gz", "jsonl"),
        ("x.pq", "parquet"),
        ("a.jsonl/x.spacy", "docbin"),
    ],
)
def test_the_name_tells_the_format(name, form):
    assert labelled_format(name, None, "--to").name == form
    assert labelled_format("x.jsonl", form, "--to").name == form


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        ("x.ann", None, "^x.ann: expected one of the formats jsonl, .*, prodigy for --to"),
        ("x.jsonl", "text", "^x.jsonl: expected one of the formats"),
        ("-", None, "^- has no file extension: name its format with --to"),
    ],
)
def test_formats_without_spans_are_refused(path, name, message):
    with pytest.raises(UsageError, match=message):
        labelled_format(path, name, "--to", WRITABLE)
