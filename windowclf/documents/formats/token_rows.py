"""Tables with a token a row, as a well-known data set of Kaggle has them."""

from collections.abc import Iterator
from typing import NamedTuple

from windowclf.documents.document import Document, join_words
from windowclf.documents.formats.json_values import name_of
from windowclf.documents.formats.table_columns import TokenColumns, names_of, other_tags
from windowclf.documents.formats.table_rows import Row, Table
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, quoted

_FINAL = frozenset((".", "!", "?", "...", "…", "。", "！", "？"))
_MISSING = frozenset(("nan", "none", "null", "<na>"))  # as pandas writes an empty cell
_CLOSING = frozenset(('"', "'", "''", "”", "’", "»", ")", "]", "}"))


class TokenRows(NamedTuple):
    """How a sentence stands in a table with a token a row.

    Attributes
    ----------
    rows : list of list of str
        All cells of its tokens.
    tags : int or None
        The column of the tags; None if there is none.
    blank : bool
        Whether a blank row ends it.
    """

    delimiter: str
    columns: list[str]
    rows: list[list[str]]
    tags: int | None
    blank: bool


def read_tokens(
    rows: Iterator[Row], table: Table, found: TokenColumns, name: str, options: ReadOptions
) -> Iterator[Document | None]:
    """Read sentences: each is a document.

    One begins where the number of the sentence or of the document changes, and after a blank row.
    If the table has neither, it begins after a full stop, a question or an exclamation mark.

    Yields
    ------
    Document or None
        None for a row that ends no sentence.

    Raises
    ------
    DataError
        For a token or a tag that is empty, if the options do not leave the sentence out.
    """
    _report_columns(table, found, name, options)
    values = _Values(found)
    guesses = not found.groups and not table.blanks
    sentence = _Sentence(table, found)
    lost = False  # whether the row before was left out: it may be one of the sentence after it, too
    where = name
    for row in rows:
        where = f"{name}:{row.number}"
        if row.cells is None:
            sentence.is_torn = lost = True
            yield None
            continue
        if not any(map(str.strip, row.cells)):
            yield sentence.document(options, where, blank=True)
            sentence, guesses = _Sentence(table, found), guesses and not sentence.rows
            lost = False
            continue
        begins = values.change(row.cells)
        if guesses and sentence.ends_before(row.cells):
            options.report.add("ends of sentences guessed after a full stop", where)
            begins = True
        if begins:
            yield sentence.document(options, where, blank=False)
            sentence = _Sentence(table, found)
            sentence.is_torn = lost
        lost = False
        try:
            sentence.add(row.cells, options)
        except DataError as error:
            if not (sentence.is_bad or sentence.is_torn):
                options.failed(DataError(f"{where}: {error}"), "sentences")
            sentence.is_bad = True
        yield None
    yield sentence.document(options, where, blank=False)


class _Values:
    """The numbers of the sentence and of the document; an empty cell repeats the last one."""

    def __init__(self, found: TokenColumns) -> None:
        self._columns = found.groups
        self._values = ["" for _ in found.groups]
        self._before = [True for _ in found.groups]  # whether the row before had a value

    def change(self, cells: list[str]) -> bool:
        """Return whether a row begins a sentence."""
        begins = False
        for i, column in enumerate(self._columns):
            value = cells[column].strip()
            value = "" if value.lower() in _MISSING else value
            if value and (value != self._values[i] or not self._before[i]):
                self._values[i] = value
                begins = True
            self._before[i] = bool(value)
        return begins


class _Sentence:
    """The rows of a sentence.

    Attributes
    ----------
    is_bad, is_torn : bool
        Whether it is left out: because of an error of its own, which has been reported; or as it
        may lack a row that was left out.
    """

    def __init__(self, table: Table, found: TokenColumns) -> None:
        self._table, self._found = table, found
        self.rows: list[list[str]] = []
        self.is_bad = self.is_torn = False
        self._tokens: list[str] = []
        self._tags: list[str] = []
        self._is_final = False

    def add(self, cells: list[str], options: ReadOptions) -> None:
        """Add a row."""
        self.rows.append(cells)
        token = cells[self._found.tokens].strip()
        if not token:
            column = self._table.columns[self._found.tokens]
            raise DataError(f"an empty token in the column {quoted(column)}; expected a word")
        self._tokens.append(token)
        self._is_final = token in _FINAL or (self._is_final and token in _CLOSING)
        if options.labels and self._found.tags is not None:
            tag = cells[self._found.tags].strip()
            if not tag:
                column = self._table.columns[self._found.tags]
                raise DataError(
                    f"an empty tag in the column {quoted(column)}; expected a tag such as O"
                )
            is_number = tag.isascii() and tag.isdigit() and len(tag) < 10
            self._tags.append(name_of(int(tag), options) if is_number else tag)

    def ends_before(self, cells: list[str]) -> bool:
        """Return whether a sentence seems to end before a row."""
        token = cells[self._found.tokens].strip()
        tag = "" if self._found.tags is None else cells[self._found.tags].strip()
        goes_on = token in _CLOSING or token in _FINAL or tag[:2] in ("I-", "L-", "E-", "M-", "I_")
        return self._is_final and not goes_on

    def document(self, options: ReadOptions, where: str, *, blank: bool) -> Document | None:
        """Make the sentence a document; None if it has no rows, or is left out."""
        if self.is_torn and not self.is_bad:
            options.report.add("sentences left out that may lack a row", f"before {where}")
        if self.is_torn or self.is_bad or not self._tokens:
            return None
        words = [self._tokens]
        tags = [self._tags] if options.labels and self._found.tags is not None else None
        layout = TokenRows(
            self._table.delimiter, self._table.columns, self.rows, self._found.tags, blank
        )
        return Document(join_words(words), words, tags, layout=layout)


def _report_columns(table: Table, found: TokenColumns, name: str, options: ReadOptions) -> None:
    parts = [f"tokens from {quoted(table.columns[found.tokens])}"]
    if found.tags is not None and options.labels:
        parts.append(f"tags from {quoted(table.columns[found.tags])}")
        if options.tags_column is None and (others := other_tags(table.columns, found)):
            parts.append(f"not from {names_of(others)}")
    elif options.labels:
        parts.append("no column of tags")
    if found.groups:
        parts.append(f"sentences by {names_of(table.columns[i] for i in found.groups)}")
    what = "tables read with a token a row"
    options.report.add(what, f"{name}: {', '.join(parts)}")
