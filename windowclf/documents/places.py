"""The place of a tag or a sentence in its file, for error messages.

The file is read again to find it, so that reading need not store places.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from windowclf.documents.document import Document, with_words
from windowclf.documents.formats.registry import Format
from windowclf.documents.formats.token_rows import TokenRows
from windowclf.documents.opening import read_documents
from windowclf.documents.reading import ReadOptions, ReadReport
from windowclf.system.streams import is_url
from windowclf.text.lines import read_lines
from windowclf.text.tokenizer import split_words

Search = Callable[[Sequence[str]], int | None]
"""Returns the position of the wanted tag among the tags of a sentence, or None."""


def can_read_again(path: str) -> bool:
    """Whether a file can be read a second time, unlike stdin and pipes."""
    return is_url(path) or (path != "-" and Path(path).is_file())


def find_tag(path: str, form: Format, options: ReadOptions, search: Search) -> str | None:
    """Return the place of a tag: its line in a line-based file, else the number of its document.

    Parameters
    ----------
    path : str
        One that `can_read_again`.

    Returns
    -------
    str or None
        None if the search finds nothing.
    """
    silent = replace(options, report=ReadReport())
    documents = chain.from_iterable(read_documents(path, form, silent))
    number, document, rows = search_documents(documents, search)
    return None if document is None else _name_place(path, form, (number, document), rows)


def find_sentence(
    path: str, form: Format, options: ReadOptions, tokens: Sequence[str], token: int
) -> Iterator[str]:
    """Yield each place of a sentence, in the form of `find_tag`: the lines of one of its tokens.

    Parameters
    ----------
    path : str
        One that `can_read_again`.
    tokens : sequence of str
        The tokens of the sentence.
    token : int
        Index of the token whose lines are wanted.
    """
    silent = replace(options, report=ReadReport())
    split = partial(split_words, unit=options.text_unit or "auto")
    wanted = list(tokens)
    rows: list[tuple[str, str]] = []
    documents = chain.from_iterable(read_documents(path, form, silent))
    for number, document in enumerate(documents, 1):
        sentences = document.words
        if sentences is None:
            sentences = with_words(document, split, exact=False).words or []
        tags = document.tags or [[""] * len(words) for words in sentences]
        for words, own in zip(sentences, tags, strict=True):
            before = len(rows)
            rows += zip(words, own, strict=True)
            if words == wanted:
                yield _name_place(path, form, (number, document), rows[: before + token + 1])


def _name_place(
    path: str, form: Format, numbered: tuple[int, Document], rows: Sequence[tuple[str, str]]
) -> str:
    """Return the place of the last row in a numbered document."""
    number, document = numbered
    delimiter = document.layout.delimiter if isinstance(document.layout, TokenRows) else None
    is_rows = delimiter is not None or form.name == "conll"
    line = _line_of_row(path, rows, delimiter) if is_rows else None
    if line is not None:
        return f"{path}:{line}"
    return document.place or f"{path}, document {number}"


def search_documents(
    documents: Iterable[Document], search: Search
) -> tuple[int, Document | None, list[tuple[str, str]]]:
    """Find a document; return its number from 1, the document, and the rows up to the place."""
    rows: list[tuple[str, str]] = []
    for number, document in enumerate(documents, 1):
        for words, tags in zip(document.words or (), document.tags or (), strict=False):
            found = search(tags)
            end = None if found is None else found + 1
            rows += zip(words[:end], tags[:end], strict=True)
            if end is not None:
                return number, document, rows
    return 0, None, rows


def _line_of_row(path: str, rows: Sequence[tuple[str, str]], delimiter: str | None) -> int | None:
    """Find the line of the last row, skipping lines that are not rows, such as comments."""
    waiting = iter(rows)
    row = next(waiting, None)
    for number, line in read_lines(path):
        cells = {
            *line.replace("\t", " ").split(" "),
            *(cell.strip(' "') for cell in line.split(delimiter or "\t")),
        }
        if row and cells.issuperset(row):
            row = next(waiting, None)
            if row is None:
                return number
    return None
