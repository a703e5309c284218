"""What is fuzzed: functions that are given any bytes, and end in a result or in one line.

A function raises nothing but `AssertionError` where a result breaks its invariants; what else
comes out of it is a fault of windowclf, too.
"""

import io
import tempfile
import unicodedata
import zlib
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

import tiny
from strategies import visible
from windowclf import WindowClassifier
from windowclf.corpora.files import read_sentences
from windowclf.documents.conversion import READABLE, convert_file
from windowclf.documents.document import to_sentences, with_spans
from windowclf.documents.formats.conll import write_conll
from windowclf.documents.formats.conll_notation import is_prefixed
from windowclf.documents.formats.registry import FORMATS, WriteOptions
from windowclf.documents.formats.table_recognition import is_table
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, ModelError, UsageError, VectorsError, WindowclfError
from windowclf.model.bundle import pack_model
from windowclf.model.manifest import KINDS, MANIFEST, Manifest, file_entry
from windowclf.system.content import kind_of, wide_encoding
from windowclf.tags.columns import ColumnTags
from windowclf.tags.schemes import Scheme
from windowclf.text.tokenizer import line_sentences, sentences, split_words, tokenize
from windowclf.vectors.files import read_file

LONGEST_MESSAGE = 2000


@contextmanager
def refusals(*kinds):
    """Let errors of these kinds pass if their message is one line that a terminal can show."""
    try:
        yield
    except kinds as error:
        message = str(error)
        assert message
        assert len(message) <= LONGEST_MESSAGE, f"a message of {len(message)} characters"
        assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in message), message


@cache
def scratch():
    """A folder that lives as long as the process."""
    return tempfile.TemporaryDirectory()


def scratch_file(name, data):
    path = Path(scratch().name) / name
    path.write_bytes(data)
    return path


def _check_document(document):
    words = document.words
    if words is not None:
        assert all(chain.from_iterable(words))
        if document.tags is not None:
            assert [*map(len, words)] == [*map(len, document.tags)]
    end = 0
    for span in document.spans or ():
        assert end <= span.start < span.end <= len(document.text)
        inside = document.text[span.start : span.end]
        assert inside == inside.strip()
        assert span.label
        end = span.end


def _read(form, data, options=None):
    """Read all the documents of a file, each held to its invariants."""
    batches = FORMATS[form].read(io.BytesIO(data), "file", options or ReadOptions())
    documents = [*chain.from_iterable(batches)]
    for document in documents:
        _check_document(document)
        with refusals(DataError):  # such as two spans in one word
            for sentence in to_sentences(document):
                assert sentence.tags is None or len(sentence.tags) == len(sentence)
    return documents


def _written(form, documents):
    file = io.BytesIO()
    writer = FORMATS[form].writer(file, WriteOptions())
    writer.write(documents)
    writer.close()
    return file.getvalue()


def _read_own(form, data):
    """Read what was written by a `Writer`: a reader may only refuse what looks like no UTF-8."""
    try:
        return _read(form, data)
    except WindowclfError as error:
        if form in ("conll", "csv") and (kind_of(data) or wide_encoding(data)):
            raise
        raise AssertionError(f"what was written cannot be read: {error}") from error


def _what(document):
    """What every format of labelled documents holds."""
    labelled = document.tags is not None or document.spans is not None
    spans = with_spans(document, Scheme.IOB2).spans
    places = [(span.start, span.end, span.label) for span in spans or ()]
    return document.text, document.words, places if labelled else None


def _mixes_tags(documents):
    """Whether only some tags have prefixes."""
    tags = {tag for d in documents for sentence in d.tags or () for tag in sentence} - {"O"}
    return len({*map(is_prefixed, tags)}) > 1


def conll(data):
    """Rows come back as they were written, and again from what was written."""
    with refusals(DataError, UsageError):
        _read("conll", data)
        data += b"\n\n"  # the last line is not among the first, which show what columns hold
        documents = _read("conll", data)
        data = _written("conll", documents)
        if _mixes_tags(documents):  # a reader may refuse them, or not, by the rows that come first
            return
        again = _read_own("conll", data)
        assert [d.text for d in again] == [d.text for d in documents]
        assert [d.words for d in again] == [[s for s in d.words or () if s] for d in documents]
        written = ColumnTags()  # without the white space in labels
        for document, found in zip(documents, again, strict=True):
            tags = [written.write(tags, Scheme.IOB2) for tags in document.tags or ()]
            assert (found.tags or []) == tags
            assert (found.tags is None) == (document.tags is None)
    with refusals(DataError, UsageError):
        found = [*read_sentences(scratch_file("file.conll", data))]
        text = io.StringIO(newline="")
        write_conll(found, text)
        if is_table(text.getvalue(), ReadOptions()):  # the first row may name columns
            return
        again = [*read_sentences(scratch_file("file.conll", text.getvalue().encode()))]
        assert [(s.tokens, s.tags) for s in again] == [(s.tokens, s.tags) for s in found]


def columns(data):
    """Rows with other tags are written in the layout of their file, and read as written.

    The first byte chooses options. A column that is given is given for reading again, too.
    """
    if not data:
        return
    first = data[0]
    options = ReadOptions(
        tokens_column=(None, 0, 1, "FORM")[first & 3],
        tags_column=(None, 2)[first >> 2 & 1],
        delimiter=(None, "|")[first >> 3 & 1],
        labels=not first >> 4 & 1,
        on_error=("stop", "skip")[first >> 5 & 1],
    )
    with refusals(DataError, UsageError):
        documents = _read("conll", data[1:] + b"\n\n", options)
        if not documents or any("skipped" in what for what in options.report.tallies):
            return
        assert options.labels or all(document.tags is None for document in documents)
        given = [
            replace(d, tags=[["B-NEW"] + ["O"] * (len(s) - 1) for s in d.words]) for d in documents
        ]
        layouts = [d.layout for d in documents if d.layout is not None and d.words]
        if not layouts:
            return
        written = _written("conll", given)
        found = layouts[0].columns
        again = ReadOptions(
            tokens_column=found.words if found.header is None else options.tokens_column,
            tags_column=found.tags if found.replaced else found.width,
            delimiter=options.delimiter,
        )
        assert [
            (words, tags)
            for d in _read("conll", written, again)
            for words, tags in zip(d.words, d.tags, strict=True)
        ] == [(words, tags) for d in given for words, tags in zip(d.words, d.tags, strict=True)]


def jsonl(data):
    """Documents come back from what was written."""
    with refusals(DataError, UsageError):
        documents = _read("jsonl", data)
        again = _read_own("jsonl", _written("jsonl", documents))
        assert [*map(_what, again)] == [*map(_what, documents)]


READ_OPTIONS = (
    {},
    {"labels": False},
    {"on_error": "skip", "overlaps": "longest"},
    {"overlaps": "first", "spans": "utf16", "label_names": ("O", "B-PER", "I-PER")},
    {"overlaps": "longest", "spans": "inclusive"},
    {"spans": "refuse", "on_error": "skip"},
)


def records(data):
    """Exports of annotation tools, read by the options that the first byte chooses."""
    if not data:
        return
    options = ReadOptions(**READ_OPTIONS[data[0] % len(READ_OPTIONS)])
    with refusals(DataError):
        for document in _read("jsonl", data[1:], options):
            assert options.labels or document.spans is document.tags is None
    for tally in options.report.to_json():
        with refusals(DataError):
            raise DataError(f"{tally['what']}: {tally['first']}")


def tools(data):
    """What is written for annotation tools comes back, and nothing else is taken for spans."""
    with refusals(DataError):
        options = ReadOptions(on_error="skip", overlaps="longest")
        found = [d for d in _read("jsonl", data, options) if d.words is None]
        for form in ("doccano", "prodigy"):
            again = _read_own(form, _written(form, found))
            assert [d.text for d in again] == [d.text for d in found]
            assert [_what(d)[2] for d in again] == [_what(d)[2] for d in found]


def brat(data):
    """An annotation, a NUL and its text."""
    annotation, _, text = data.partition(b"\0")
    scratch_file("file.txt", text)
    path = scratch_file("file.ann", annotation)
    for given in ({}, {"overlaps": "longest", "on_error": "skip"}):
        with refusals(DataError), path.open("rb") as file:
            batches = FORMATS["brat"].read(file, str(path), ReadOptions(**given))
            for document in chain.from_iterable(batches):
                _check_document(document)


_TABLES = [
    {},
    {"labels": False},
    {"on_error": "skip"},
    {"text_column": "1", "labels": False},
    {"tokens_column": "word", "tags_column": -1},
    {"delimiter": "tab", "label_names": ["O", "B-X"], "on_error": "skip"},
]


def csv(data):
    """Read a table as the first byte says; its texts and labels come back from what was written."""
    if not data:
        return
    given = _TABLES[data[0] % len(_TABLES)]
    options = ReadOptions(**given)
    assert is_table(data[1:].decode(errors="ignore"), options) in (True, False)
    with refusals(DataError):
        documents = _read("csv", data[1:], options)
        for document in documents:
            assert document.fields.get(getattr(document.layout, "text", None), document.text) == (
                document.text
            )
        if documents and getattr(documents[0].layout, "text", None):
            written = _written("csv", documents)
            told = ReadOptions(**given | {"delimiter": documents[0].layout.delimiter})
            again = _read("csv", written, told)
            assert [document.text for document in again] == [d.text for d in documents]
        alone = [replace(with_spans(d, Scheme.IOB2), fields={}, layout=None) for d in documents]
        again = _read_own("csv", _written("csv", alone)) if alone else []
        assert [*map(_what, again)] == [*map(_what, alone)]


def parquet(data):
    with refusals(DataError, UsageError):
        documents = _read("parquet", data)
        again = _read_own("parquet", _written("parquet", documents))
        assert [*map(_what, again)] == [*map(_what, documents)]


def docbin(data):
    """Packed, or what is in the package, whose checksum is then right."""
    if not data.startswith(b"x"):
        data = zlib.compress(data, 1)
    with refusals(DataError):
        _read("docbin", data)


def convert(data):
    """Convert between two formats, chosen by the first byte, and read the output."""
    if not data:
        return
    source, output = (READABLE[n % len(READABLE)] for n in divmod(data[0], len(READABLE)))
    path = scratch_file("source", data[1:])
    target = path.with_name("target")
    with refusals(DataError, UsageError):
        formats = FORMATS[source], FORMATS[output]
        written = convert_file(str(path), str(target), *formats)
        found = _read_own(output, target.read_bytes()) if written.documents else []
        assert len(found) == written.documents


def vectors(data):
    """Text and binary, with and without a limit; a gzipped file is unpacked."""
    path = scratch_file("vectors", data)
    for limit in (None, 2):
        with refusals(VectorsError):
            words, rows = read_file(path, limit)
            assert len(words) == len(set(words)) == len(rows) > 0
            assert rows.dtype == np.float32
            assert np.isfinite(rows).all()


@cache
def _bundles():
    """The files of a small model, plain and compressed."""
    settings = tiny.QUICK | {"hidden": 2, "feature_dimensions": 1, "features": ("shape",)}
    given = tiny.sentences()[:6]
    model = WindowClassifier(**settings).fit(given, vectors="random").model
    return [pack_model(model, compress=compress) for compress in (False, True)]


def bundle_parts():
    """Return inputs with which `bundle` changes nothing: a byte, and the file that it selects."""
    for compressed, files in enumerate(_bundles()):
        manifest = msgspec.json.decode(files[MANIFEST], type=Manifest)
        names = [*(manifest.files[kind].name for kind in KINDS), MANIFEST, MANIFEST]
        for number, name in enumerate(names):
            yield bytes([2 * number + compressed]) + files[name]


def bundle(data):
    """A file of a small model becomes the bytes after the first, and all checksums right again.

    The first byte selects the model and the file: of `KINDS`, the manifest, or the manifest
    without mending its checksum. What can be loaded can tag, and be packed again.
    """
    if not data:
        return
    number, compressed = divmod(data[0] % 10, 2)
    files = dict(_bundles()[compressed])
    manifest = msgspec.json.decode(files[MANIFEST], type=Manifest)
    if number < len(KINDS):
        kind = KINDS[number]
        entry = file_entry(kind, ".any", data[1:])
        files[entry.name] = data[1:]
        manifest = msgspec.structs.replace(manifest, files={**manifest.files, kind: entry})
        files[MANIFEST] = _signed(manifest)
    else:
        files[MANIFEST] = data[1:]
        if number == len(KINDS):
            try:
                files[MANIFEST] = _signed(msgspec.json.decode(data[1:], type=Manifest))
            except (msgspec.MsgspecError, UnicodeError, ValueError):
                return
    for load in (_load_bytes, _load_folder):
        with refusals(ModelError):
            _use(load(files))


def _signed(manifest):
    return msgspec.json.encode(manifest.sealed())


def _load_bytes(files):
    return WindowClassifier.from_bytes(msgspec.msgpack.encode(files))


def _load_folder(files):
    folder = Path(scratch().name) / "model"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return WindowClassifier.load(folder)


def _use(classifier):
    """Tag with a model, and pack and unpack it; it may refuse, in one line."""
    with refusals(WindowclfError):
        text = "Ada met Grace Hopper in Oslo, unseen."
        (tagged,) = classifier.pipe([text])
        for words, tags in zip(tagged.words, tagged.tags, strict=True):
            assert len(tags) == len(words)
        for entity in tagged.entities:
            assert text[entity.start : entity.end] == entity.text
            assert 0 <= entity.score <= 1
        again = WindowClassifier.from_bytes(classifier.to_bytes())
        assert next(iter(again.pipe([text]))).tags == tagged.tags


def tokenizer(data):
    """Tokens are cut out of the text by their offsets, and nothing that can be seen is lost."""
    text = data.decode("utf-8", "surrogateescape")
    tokens = tokenize(text)
    end = 0
    for token in tokens:
        assert token.start >= end
        assert not visible(text[end : token.start])
        assert token.text == text[token.start : token.end]
        assert token.text
        assert not any(map(str.isspace, token.text))
        end = token.end
    assert not visible(text[end:])
    split = sentences(text)
    assert [*chain.from_iterable(split)] == tokens
    assert [[token.text for token in sentence] for sentence in split] == split_words(text)
    assert all(split)
    lines = line_sentences(text)
    assert all(lines)
    assert visible("".join(chain.from_iterable(lines))) == visible(text)


TARGETS = {
    target.__name__: target
    for target in (
        *(conll, columns, jsonl, records, tools, brat, csv, parquet, docbin, convert),
        *(vectors, bundle, tokenizer),
    )
}
