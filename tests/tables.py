"""Tables that are read and written by the tests of their formats."""

import io

from msgspec.structs import replace

from windowclf.documents.document import LabelledSpan, with_spans
from windowclf.documents.formats import csv
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.tags.schemes import Scheme


def read(data, name="here.csv", **options):
    """Read a table; return its documents, and what was reported."""
    data = data if isinstance(data, bytes) else data.encode()
    options = ReadOptions(**options)
    batches = csv.read(io.BytesIO(data), name, options)
    return [document for batch in batches for document in batch], options.report


def documents(data, **options):
    return read(data, **options)[0]


def texts(data, **options):
    return [document.text for document in documents(data, **options)]


def sentences(data, **options):
    """Read the tokens and tags of documents of one sentence each."""
    found = documents(data, **options)
    return [(d.words[0], d.tags and d.tags[0]) for d in found]


def spans(data, **options):
    """Read the spans of documents, those of tags too."""
    found = [with_spans(document, Scheme.IOB2) for document in documents(data, **options)]
    return [d.spans and [(s.start, s.end, s.label) for s in d.spans] for d in found]


def written(given, **options):
    file = io.BytesIO()
    writer = csv.Writer(file, WriteOptions(**options))
    writer.write(given[:1])
    writer.write(given[1:])
    writer.close()
    return file.getvalue().decode()


def tagged(given, name="Oslo"):
    """Label each place of a name, as tagging a document does."""
    found = []
    for document in given:
        text = document.text
        starts = [i for i in range(len(text)) if text.startswith(name, i)]
        labelled = [LabelledSpan(start, start + len(name), "LOC") for start in starts]
        found.append(replace(document, tags=None, spans=labelled))
    return found
