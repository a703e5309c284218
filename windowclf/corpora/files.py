"""Labelled sentences of a file of any format."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from windowclf.documents.document import to_sentences
from windowclf.documents.formats.conll import read_conll
from windowclf.documents.formats.registry import Format, format_of
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.system.streams import open_input


def read_sentences(path: str | Path, options: ReadOptions | None = None) -> Iterator[Sentence]:
    """Read the sentences of a file.

    A text is split into sentences of words. A span that cuts through a word is widened to the
    whole of it, and the tags are IOB2.

    Parameters
    ----------
    path : str or Path
        JSONL, Parquet or spaCy's DocBin if so named, packed or not, else CoNLL columns; "-" is
        stdin.

    Yields
    ------
    Sentence
        Without tags if the file has none. Those of a document with several have its number.

    Raises
    ------
    UsageError
        For a column that does not exist, and for CSV.
    DataError
        If the file cannot be read or holds no sentence.
    """
    options = options or ReadOptions()
    form = format_of(path)
    if form and form.name == "csv":
        raise UsageError(
            f"{path}: a CSV file has no labels; expected CoNLL columns, JSONL, Parquet or spaCy's "
            "DocBin"
        )
    if form is None or form.name in ("conll", "text"):  # .txt is the usual name of column files
        return read_conll(path, options)
    return _of_documents(path, form, options)


def _of_documents(path: str | Path, form: Format, options: ReadOptions) -> Iterator[Sentence]:
    empty = True
    with open_input(path) as file:
        documents = chain.from_iterable(form.read(file, str(path), options))
        for number, document in enumerate(documents, 1):
            try:
                sentences = [s for s in to_sentences(document, number) if len(s)]
            except DataError as error:
                raise DataError(f"{path}, document {number}: {error}") from None
            if len(sentences) == 1:
                sentences = [Sentence(sentences[0].tokens, sentences[0].tags)]
            empty = empty and not sentences
            yield from sentences
    if empty:
        raise DataError(f"{path}: no sentence; expected documents with words")
