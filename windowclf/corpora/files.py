"""Labelled sentences of a file of any format, or of all files in a folder."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from windowclf.documents.document import to_sentences
from windowclf.documents.opening import read_documents
from windowclf.documents.paths import labelled_files
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError


def read_sentences(path: str | Path, options: ReadOptions | None = None) -> Iterator[Sentence]:
    """Read the sentences of a file, or of the files of known formats in a folder.

    A text is split into sentences of words. A span that cuts through a word is widened to the
    whole of it, and the tags are IOB2.

    Parameters
    ----------
    path : str or Path
        The format is that of the name, or of what the file holds, see
        `windowclf.documents.opening`; "-" is CoNLL columns from stdin.

    Yields
    ------
    Sentence
        Without tags if the file has none. Those of a document with several have its number.

    Raises
    ------
    UsageError
        For a column that does not exist.
    DataError
        If a file cannot be read, or there is no sentence.
    """
    options = options or ReadOptions()
    number = 0
    empty = True
    for name, form in labelled_files(path, options):
        documents = chain.from_iterable(read_documents(name, form, options))
        for place, document in enumerate(documents, 1):
            number += 1
            try:
                sentences = [s for s in to_sentences(document, number) if len(s)]
            except DataError as error:
                options.failed(DataError(f"{name}, document {place}: {error}"))
                continue
            if len(sentences) == 1:
                sentences = [Sentence(sentences[0].tokens, sentences[0].tags)]
            empty = empty and not sentences
            yield from sentences
    if empty:
        raise DataError(f"{path}: no sentence; expected documents with words")
