import io
import sys
import zlib

import msgspec
import pytest
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from labelled_documents import documents, same
from strategies import visible
from windowclf.documents.document import Document, LabelledSpan, with_words
from windowclf.documents.formats import docbin
from windowclf.documents.formats.registry import ReadOptions, WriteOptions
from windowclf.errors import DataError, MissingExtraError
from windowclf.tagging.texts import Entity

LOC = LabelledSpan(3, 7, "LOC")


def read(data, **options):
    file = io.BytesIO(data)
    batches = docbin.read(file, "here.spacy", ReadOptions(**options))
    return [document for batch in batches for document in batch]


def write(found, text_column="text"):
    file = io.BytesIO()
    writer = docbin.Writer(file, WriteOptions(text_column))
    writer.write(found[:1])
    writer.write(found[1:])
    writer.close()
    return file.getvalue()


def docs(data):
    return list(DocBin().from_bytes(data).get_docs(Vocab()))


def of_docs(*found):
    return DocBin(store_user_data=True, docs=found).to_bytes()


@given(st.lists(documents(scores=st.none() | st.floats(0, 1)), max_size=4))
@settings(deadline=None)
def test_what_is_written_is_read(found):
    data = write(found)
    for one, other, doc in zip(found, read(data), docs(data), strict=True):
        assert other.text == doc.text == one.text
        assert other.words == with_words(one, exact=True).words
        if one.text:
            assert other.spans == one.spans
        places = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        assert places == [(span.start, span.end, span.label) for span in one.spans or ()]
        assert same(other.fields) == same(one.fields)
    assert len(read(data)) == len(found)


@given(documents())
@settings(deadline=None)
def test_sentences_are_those_of_spacy(document):
    [doc] = docs(write([document]))
    words = [[word.text for word in sent if not word.text.isspace()] for sent in doc.sents]
    again = with_words(document, exact=True)
    if not [span for span in document.spans or () if document.words]:  # that may cut through words
        assert [*filter(None, words)] == again.words
    tokens = [word for sentence in words for word in sentence]
    assert visible("".join(tokens)) == visible(document.text)


def test_white_space_belongs_to_the_sentence_before_it():
    [doc] = docs(write([Document("\n a  b \n\nc ", [["a"], ["b"], ["c"]])]))
    assert [token.text_with_ws for token in doc] == ["\n ", "a ", " ", "b ", "\n\n", "c "]
    assert [[token.text for token in sent] for sent in doc.sents] == [
        ["\n ", "a", " "], ["b", "\n\n"], ["c"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words", "span"),
    [
        ("Oslo-based", [["Oslo-based"]], (0, 4)),  # which cuts through a word
        ("In New York", [["In", "New York"]], (3, 11)),
        ("In New York", [["In", "New York"]], (7, 11)),
        ("a. b", [["a."], ["b"]], (0, 4)),  # which goes on past its sentence
        ("In  Oslo", [["In", " Oslo"]], (4, 8)),
        ("a , b", [["a"], ["b"]], (2, 3)),  # where there is no word
        ("a \xa0 b", [["a", "\xa0", "b"]], (0, 1)),
        ("a b", [[], ["a"], [], ["b"], []], (0, 1)),
        ("a b", [], (0, 1)),
        ("ab", [["a"]], (1, 2)),
    ],
)
def test_words_that_are_not_the_tokens_come_back(text, words, span):
    document = Document(text, words, spans=[LabelledSpan(*span, "X")])
    data = write([document])
    assert read(data) == [document]
    assert [doc.ents[0].text for doc in docs(data)] == [text[slice(*span)]]


def test_fields_keep_their_order_and_their_bytes():
    fields = {"id": msgspec.Raw(b"1.0e5"), "text": msgspec.Raw(b'"a"'), "of": {"a": [None]}}
    [document] = read(write([Document("a", fields=fields)]))
    assert [*document.fields] == ["id", "text", "of"]
    assert same(document.fields) == {"id": b"1.0e5", "text": b'"a"', "of": b'{"a":[null]}'}
    [doc] = docs(write([Document("a", fields={"text": "a"})]))
    assert doc.user_data == {}


def test_scores_stay_with_their_spans():
    [document] = read(write([Document("In Oslo", spans=[Entity("Oslo", "LOC", 3, 7, 0.75)])]))
    assert document.spans == [LabelledSpan(3, 7, "LOC", 0.75)]
    [doc] = docs(write([document]))
    doc.set_ents([Span(doc, 0, 2, "LOC")])  # as one who corrects it does
    assert read(of_docs(doc))[0].spans == [LabelledSpan(0, 7, "LOC")]


def test_documents_of_spacy_itself():
    vocab = Vocab()
    plain = Doc(vocab, ["In", "Oslo", "\n", "."], [True, False, False, False])
    marked = Doc(vocab, ["a", "b"], sent_starts=[True, True], ents=["O", "O"])
    parsed = Doc(vocab, list("abcd"), heads=[1, 1, 3, 3], deps=["x", "ROOT", "x", "ROOT"])
    partly = Doc(vocab, ["In", "Oslo"], ents=["", "B-LOC"])
    empty = Doc(vocab)
    plain.user_data["mine"] = 1
    plain.user_data["windowclf"] = 7  # of someone else
    found = read(of_docs(plain, marked, parsed, partly, empty))
    assert [document.text for document in found] == [
        "In Oslo\n.",
        "a b ",
        "a b c d ",
        "In Oslo ",
        "",
    ]
    assert [document.words for document in found] == [
        [["In", "Oslo", "."]],
        [["a"], ["b"]],
        [["a", "b"], ["c", "d"]],
        [["In", "Oslo"]],
        [],
    ]
    assert [document.spans for document in found] == [None, [], None, [LOC], []]


def test_many_documents_come_in_batches():
    data = write([Document(str(i)) for i in range(600)])
    sizes = [len(batch) for batch in docbin.read(io.BytesIO(data), "x", ReadOptions())]
    assert sizes == [256, 256, 88]
    assert read(write([])) == []


def test_without_spacy_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy.tokens", None)
    for use in (lambda: read(b""), lambda: write([])):
        with pytest.raises(MissingExtraError, match=r"^a \.spacy file .* 'windowclf\[spacy\]'$"):
            use()


VALID = srsly.msgpack_loads(zlib.decompress(write([Document("In Oslo", spans=[LOC])])))
junk = (
    st.none()
    | st.integers(-(2**63), 2**64 - 1)
    | st.binary(max_size=40)
    | st.lists(st.integers(0, 99), max_size=9)
)


@given(
    st.binary(max_size=50)
    | junk.map(lambda value: zlib.compress(srsly.msgpack_dumps(value)))
    | st.tuples(st.sampled_from(sorted(VALID)), junk).map(
        lambda pair: zlib.compress(srsly.msgpack_dumps({**VALID, pair[0]: pair[1]}))
    )
)
@settings(deadline=None)
def test_a_file_that_is_no_docbin_ends_in_one_line(data):
    try:
        read(data)
    except DataError as error:
        refusal = str(error)
        assert refusal.startswith(
            ("here.spacy: cannot be read as a DocBin", "here.spacy, document")
        )
        assert "\n" not in refusal


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "document 0: Input data was truncated"),
        ('{"sentences":[["b"]]}', "document 0: word 'b': not found in the text"),
        ('{"sentences":[[""]]}', "document 0: an empty word"),
        ('{"scores":[[0,1]]}', "document 0: Expected `array` of length 3"),
        ('{"text_key":7}', "document 0: Expected `str"),
    ],
)
def test_user_data_that_is_not_ours_is_told(data, message):
    doc = Doc(Vocab(), ["a"])
    doc.user_data["windowclf"] = data
    with pytest.raises(DataError, match=rf"^here.spacy, {message}"):
        read(of_docs(doc))


def test_an_entity_of_white_space_is_told():
    doc = Doc(Vocab(), ["a", "\n"], ents=["O", "B-X"])
    with pytest.raises(DataError, match=r"^here.spacy, document 0: span 2:3 has no token"):
        read(of_docs(doc))


def test_what_is_no_unicode_is_told():
    with pytest.raises(DataError, match=r"^document '\\ud800': .* surrogates not allowed"):
        write([Document("\ud800")])
