"""Labelled sentences of a file of any format."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from windowclf.documents.document import to_sentences
from windowclf.documents.formats.conll import read_conll
from windowclf.documents.formats.conll_rows import column_number
from windowclf.documents.formats.registry import FORMATS, Format, ReadOptions, format_of
from windowclf.documents.places import Search, can_read_again, find_tag
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.system.streams import open_input


def read_sentences(path: str | Path, options: ReadOptions | None = None) -> Iterator[Sentence]:
    """Read the sentences of a file.

    A text is split into sentences of words. A span that cuts through a word is widened to the
    whole of it, and its tags are IOB2. Tags of the file itself are as they are there.

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
    return (sentence for sentence, _ in read_tagged(path, options))


def read_tagged(
    path: str | Path, options: ReadOptions | None = None
) -> Iterator[tuple[Sentence, bool]]:
    """Read the sentences of a file as `read_sentences` does, and where their tags come from.

    Yields
    ------
    sentence : Sentence
    is_written : bool
        Whether its tags are as the file has them, in any scheme; else they are IOB2, for spans.
    """
    options = options or ReadOptions()
    form = _form(path)
    if form.name == "csv":
        raise UsageError(
            f"{path}: a CSV file has no labels; expected CoNLL columns, JSONL, Parquet or spaCy's "
            "DocBin"
        )
    if form.name == "conll":
        sentences = read_conll(
            path,
            tokens_column=column_number(options.tokens_column, "--tokens-column", default=0),
            tags_column=column_number(options.tags_column, "--tags-column", default=-1),
        )
        return ((sentence, True) for sentence in sentences)
    return _of_documents(path, form, options)


def tag_place(path: str | Path, options: ReadOptions, search: Search, sentence: int) -> str:
    """Name the place of a tag in a file that `read_tagged` has read, see `find_tag`.

    Parameters
    ----------
    sentence : int
        The number of the tag's sentence, for what cannot be read twice.
    """
    name, found = str(path), None
    if can_read_again(name):
        found = find_tag(name, _form(path), options, search)
    return found or f"{'stdin' if name == '-' else name}, sentence {sentence}"


def _form(path: str | Path) -> Format:
    form = format_of(path)
    if form is None or form.name == "text":  # .txt is the usual name of column files
        return FORMATS["conll"]
    return form


def _of_documents(
    path: str | Path, form: Format, options: ReadOptions
) -> Iterator[tuple[Sentence, bool]]:
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
            for sentence in sentences:
                yield sentence, document.tags is not None
    if empty:
        raise DataError(f"{path}: no sentence; expected documents with words")
