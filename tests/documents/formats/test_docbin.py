import io
import sys
import zlib

import msgspec
import pytest
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from labelled_documents import documents, same
from strategies import visible
from windowclf.documents.document import Document, LabelledSpan, with_words
from windowclf.documents.formats import docbin
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions, ReadReport
from windowclf.errors import DataError, MissingExtraError
from windowclf.tagging.tagged_text import Entity

LOC = LabelledSpan(3, 7, "LOC")


def read(data, layout=False, **options):
    file = io.BytesIO(data)
    batches = docbin.read(file, "here.spacy", ReadOptions(**options))
    found = [document for batch in batches for document in batch]
    return found if layout else [replace(document, layout=None) for document in found]


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
def test_sentences_are_those_of_spacy(document):
    [doc] = docs(write([document]))
    words = [[word.text for word in sent if visible(word.text).strip()] for sent in doc.sents]
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
    assert [replace(found, place="") for found in read(data)] == [document]
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
def test_a_file_that_is_no_docbin_ends_in_one_line(data):
    try:
        read(data)
    except DataError as error:
        refusal = str(error)
        assert refusal.startswith(
            (
                "here.spacy: cannot be read as a DocBin",
                "here.spacy, document",
                "here.spacy: this is",
            )
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


def annotated():
    """A Doc with all that a DocBin can hold."""
    doc = Doc(
        Vocab(),
        ["Ada", "met", "Tom", "in", "Oslo", "."],
        [True, True, True, True, False, False],
        heads=[1, 1, 1, 1, 3, 1],
        deps=["nsubj", "ROOT", "obj", "prep", "pobj", "punct"],
        tags=["NNP", "VBD", "NNP", "IN", "NNP", "."],
        pos=["PROPN", "VERB", "PROPN", "ADP", "PROPN", "PUNCT"],
        lemmas=["Ada", "meet", "Tom", "in", "Oslo", "."],
        morphs=["Number=Sing", "Tense=Past", "", "", "", ""],
    )
    doc.ents = [Span(doc, 0, 1, "PER", kb_id="Q7259", span_id="one"), Span(doc, 2, 3, "ORG")]
    doc[2].ent_kb_id_ = "Q9"
    doc.spans["sc"] = [Span(doc, 0, 3, "MEETING"), Span(doc, 2, 5, "X", kb_id="Q1")]
    doc.cats = {"news": 0.5}
    doc.user_data["mine"] = (1, "two")
    doc.user_data["._.", "seen", None, None] = True  # an extension
    doc.user_data["._.", "seen", 0, 3] = False
    return doc


def told(doc):
    """All that a Doc holds but its entities."""
    tokens = [
        (t.text, t.whitespace_, t.tag_, t.pos_, t.lemma_, t.dep_, t.head.i, str(t.morph), t.norm_)
        for t in doc
    ]
    groups = {
        name: [(s.start, s.end, s.label_, s.kb_id_) for s in doc.spans[name]] for name in doc.spans
    }
    user_data = {key: value for key, value in doc.user_data.items() if key != "windowclf"}
    return tokens, [sent.text for sent in doc.sents], groups, doc.cats, user_data


def entities(doc):
    return [(ent.text, ent.label_, ent.kb_id_, ent.id_) for ent in doc.ents]


def test_only_the_entities_of_a_doc_are_replaced():
    doc = annotated()
    [document] = read(of_docs(doc), layout=True)
    found = [Entity("Ada", "PER", 0, 3, 0.75), Entity("Oslo", "LOC", 15, 19, 0.5)]
    [again] = docs(write([replace(document, spans=found)]))
    assert told(again) == told(doc)
    assert entities(again) == [("Ada", "PER", "Q7259", "one"), ("Oslo", "LOC", "", "")]
    assert again[2].ent_kb_id_ == ""
    [document] = read(write([replace(document, spans=found)]))
    assert document.spans == [LabelledSpan(0, 3, "PER", 0.75), LabelledSpan(15, 19, "LOC", 0.5)]
    assert entities(doc)[1] == ("Tom", "ORG", "Q9", "")  # it is left as it is


@given(st.lists(documents(scores=st.none() | st.floats(0, 1)), max_size=3), st.integers(0, 3))
@settings(max_examples=25)
def test_a_doc_stays_whole_among_others(found, place):
    doc = annotated()
    [document] = read(of_docs(doc), layout=True)
    given = [*found[:place], document, *found[place:]]
    data = write(given)
    for _ in range(2):
        again = docs(data)[min(place, len(found))]
        assert (told(again), entities(again)) == (told(doc), entities(doc))
        for one, other in zip(given, read(data), strict=True):
            assert (other.text, other.words) == (one.text, with_words(one, exact=True).words)
            assert not one.text or other.spans == one.spans
        data = write(read(data, layout=True))


def test_tokens_without_an_annotation_stay_so():
    doc = Doc(Vocab(), ["In", "Oslo"], ents=["", "B-LOC"])
    [again] = docs(write(read(of_docs(doc), layout=True)))
    assert [token.ent_iob_ for token in again] == ["", "B"]


def test_entities_that_do_not_fit_the_tokens_are_counted():
    report = ReadReport()
    [document] = read(of_docs(annotated()), layout=True, report=report)
    for spans, text in (([LabelledSpan(0, 2, "X")], document.text), ([], "Ada")):
        words = [["Ada"]]
        data = write([replace(document, spans=spans, text=text, words=words)])
        [again] = read(data)
        assert (again.text, again.spans) == (text, spans)
    assert report.line() == (
        "documents whose other annotation was dropped, because entities do not fit it: 2 "
        "(first: here.spacy, document 0)"
    )


def test_span_groups_are_read_where_no_entities_are():
    report = ReadReport()
    doc = Doc(Vocab(), ["In", "New", "York"])
    doc.spans["sc"] = [Span(doc, 1, 3, "LOC"), Span(doc, 2, 3, "LOC")]
    [document] = read(of_docs(doc), overlaps="longest", report=report)
    assert document.spans == [LabelledSpan(3, 11, "LOC")]
    assert "spans were read from the span group 'sc': 1" in report.line()
    assert "overlapping spans dropped: 1" in report.line()
    with pytest.raises(DataError, match="document 0: span 7:11 overlaps span 3:11"):
        read(of_docs(doc))
    assert read(of_docs(doc), labels=False)[0].spans is None
    del doc.spans["sc"]
    doc.spans["a"] = doc.spans["b"] = [Span(doc, 0, 1, "X")]
    report = ReadReport()
    assert read(of_docs(doc), report=report)[0].spans is None
    assert "whose span groups were not read: 1 (first: here.spacy, document 0: 'a', 'b')" in (
        report.line()
    )


def test_a_bad_document_can_be_skipped():
    good, bad = Doc(Vocab(), ["a"]), Doc(Vocab(), ["a", "\n"], ents=["O", "B-X"])
    report = ReadReport()
    assert len(read(of_docs(good, bad, good), on_error="skip", report=report)) == 2
    assert report.line().startswith("records skipped: 1 (first: here.spacy, document 1: span 2:3")
    assert [document.spans for document in read(of_docs(bad), labels=False)] == [None]
