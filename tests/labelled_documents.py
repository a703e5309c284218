"""Hypothesis strategies of documents, for the tests of formats."""

from itertools import pairwise

import msgspec
from hypothesis import strategies as st

from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats.conll_rows import RowReader
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.documents.span_borders import check_spans
from windowclf.system.streams import open_input
from windowclf.text.lines import line_chunks
from windowclf.text.tokenizer import split_words
from windowclf.text.typography import strip

# What a hasty reader or writer trips over.
TRAPS = list("aB.1 \n\r\t,;\"'\\#-[]{}\x00\x1c\x85\xa0\u2028\u200b\ufeffé\u0301😀")
characters = st.sampled_from(TRAPS) | st.characters(codec="utf-8")
texts = st.text(characters, max_size=30) | st.lists(
    st.sampled_from(
        ["Oslo", "U.S.", "It's", "In 2 .", "He left.", "a.b", "# ", "-DOCSTART-", " \n", "left?"]
    ),
    max_size=8,
).map(" ".join)
LABEL_KEYS = {"text", "entities", "spans", "label", "sentences", "tokens", "tags", "ner_tags"}
names = st.text(characters, max_size=5).filter(lambda name: name not in LABEL_KEYS)
json_values = st.sampled_from(
    [b"1.0e5", b"[1, 2 ]", b'{"a":  null}', b'"\\u00e9\\n"', b"null", b"12345678901234567890123"]
).map(msgspec.Raw) | texts.map(lambda text: msgspec.Raw(msgspec.json.encode(text)))

ANY_LABEL = texts.filter(bool)
NO_SCORE = st.none()


@st.composite
def spans_of(draw, text, labels, scores=NO_SCORE):
    """Spans as `check_spans` gives them, some of which touch."""
    borders = sorted(draw(st.sets(st.integers(0, len(text)), max_size=7)))
    found = [
        LabelledSpan(start, end, draw(labels), draw(scores))
        for start, end in pairwise(borders)
        if draw(st.booleans()) and strip(text[start:end])
    ]
    return check_spans(text, found)


@st.composite
def documents(draw, labels=ANY_LABEL, scores=NO_SCORE, labelled=None, fields=json_values):
    """Documents of any text; some with spans, words and fields."""
    text = draw(texts)
    if labelled is None:
        labelled = draw(st.booleans())
    spans = draw(spans_of(text, labels, scores)) if labelled else None
    words = split_words(text) if draw(st.booleans()) else None
    return Document(text, words, None, spans, draw(st.dictionaries(names, fields, max_size=3)))


def same(value):
    """Make the fields of a document something that can be compared."""
    return {key: bytes(raw) if isinstance(raw, msgspec.Raw) else raw for key, raw in value.items()}


def read_conll(path, options=None):
    """Read the sentences of a column file, each with the number of its mark."""
    with open_input(path) as file:
        reader = RowReader(line_chunks(file, str(path)), str(path), options or ReadOptions())
        for block in reader:
            if block is not None and block.tokens:
                yield Sentence(block.tokens, block.tags, block.document)
