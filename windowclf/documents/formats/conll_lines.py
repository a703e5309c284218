"""The lines of column files: marks, comments and empty lines, and the lines of a sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from windowclf.documents.formats.conll_head import KEY_VALUE, WORD_NAMES, is_header
from windowclf.documents.formats.conll_notation import is_prefixed

DOCUMENT = "-DOCSTART-"
"""The mark that begins a document."""

RECORD = "# document = "
"""The start of the comment with the text and fields of a document."""


class Block(NamedTuple):
    """A sentence, or the comments of a document without words.

    Attributes
    ----------
    document : int, optional
        Number of document marks before it; None before the first mark.
    record : tuple of int and str, optional
        The comment of the document that begins here: its line number and its JSON.
    text : str, optional
        The original text of the sentence, if the file has it.
    lines : list of str, optional
        Its lines and those before it, if they contain more than tokens and tags.
    rows : list of int
        Indices of the token rows in `lines`.
    """

    tokens: list[str]
    tags: list[str] | None
    document: int | None
    record: tuple[int, str] | None
    text: str | None
    lines: list[str] | None
    rows: list[int]


class SentenceLines:
    """A sentence during reading: its tokens and tags, and its lines if they must be kept.

    Attributes
    ----------
    lines : list of str
        The lines before the first row; all lines if the sentence `keeps` them.
    failed : bool
        Whether a row cannot be read, so that the sentence is left out.
    ranges : list of tuple of int, int and str
        Multi-word tokens: the first word, the number of words, and their MISC.
    """

    __slots__ = (
        "_has_tags",
        "failed",
        "keeps",
        "lines",
        "ranges",
        "record",
        "rows",
        "tags",
        "text",
        "tokens",
        "width",
    )

    def __init__(self, keeps: bool, has_tags: bool) -> None:
        self.tokens: list[str] = []
        self.tags: list[str] = []
        self.lines: list[str] = []
        self.rows: list[int] = []
        self.ranges: list[tuple[int, int, str]] = []
        self.record: tuple[int, str] | None = None
        self.text: str | None = None
        self.keeps = keeps
        self._has_tags = has_tags
        self.failed = False
        self.width = 0

    def blank(self) -> None:
        """Keep an empty line that follows other lines."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def note(self, line: str, *, notable: bool = True) -> None:
        """Keep a line that is not a token row; if it is `notable`, keep later rows as well."""
        if notable:
            self.keep()
        self.lines.append(line)

    def keep(self) -> None:
        """Keep the rows so far and all later ones."""
        if not self.keeps:
            self.keeps = True
            lines = plain_rows(self.tokens, self.tags if self._has_tags else None)
            self.rows = [*range(len(self.lines), len(self.lines) + len(lines))]
            self.lines += lines


def plain_rows(tokens: Sequence[str], tags: Sequence[str] | None) -> list[str]:
    """Return the rows of a sentence, written so that none is taken for a comment or a mark."""
    if tags is None:
        rows = [f"{token}\t" if " " in token else token for token in tokens]
    else:
        rows = [*map("\t".join, zip(tokens, tags, strict=True))]
    if rows and KEY_VALUE.match(rows[0]):
        rows[0] = f" {rows[0]}"
    for place, row in enumerate(rows):  # before the first other row, it may be taken for a comment
        if not row.startswith("#"):
            break
        if tags is None or not is_prefixed(tags[place]):
            rows[place] = f" {row}"
            break
    return [f" {row}" if _is_taken_for_another(row) else row for row in rows]


def _is_taken_for_another(row: str) -> bool:
    if row[:6].lower().startswith(WORD_NAMES):
        return is_header(row.split("\t"))
    return is_document(row) or row.startswith("\ufeff")


def is_record(line: str) -> bool:
    """Whether a line is the comment that describes a document."""
    return line.startswith(f"{RECORD}{{")


def is_blank(line: str) -> bool:
    """Whether a line ends a sentence."""
    return not line.strip(" \t\r")


def is_document(line: str) -> bool:
    """Whether a line is the mark of a document, whatever its other columns."""
    return line.startswith(DOCUMENT) and line[len(DOCUMENT) :][:1] in ("", " ", "\t", "\r")
