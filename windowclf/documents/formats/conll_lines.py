"""The lines of column files: marks, comments and empty lines, and those of one sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from windowclf.documents.formats.conll_head import KEY_VALUE, WORD_NAMES, is_header
from windowclf.documents.formats.conll_notation import is_prefixed

DOCUMENT = "-DOCSTART-"
"""The mark that begins a document."""

RECORD = "# document = "
"""What begins the comment that holds what rows cannot hold of a document."""


class Block(NamedTuple):
    """A sentence; without tokens, what is said of a document without words.

    Attributes
    ----------
    document : int, optional
        How many marks came before it; None before the first.
    record : tuple of int and str, optional
        The comment that describes its document, which begins here; its line and its JSON.
    text : str, optional
        The sentence as it was written, if the file says so.
    lines : list of str, optional
        All its lines and those before it, if rows of token and tag do not hold all of them.
    rows : list of int
        Which of `lines` are the rows of its tokens.
    """

    tokens: list[str]
    tags: list[str] | None
    document: int | None
    record: tuple[int, str] | None
    text: str | None
    lines: list[str] | None
    rows: list[int]


class SentenceLines:
    """A sentence as it is read: its tokens and tags, and its lines if they have to be kept.

    Attributes
    ----------
    lines : list of str
        Those before the first row; if the sentence `keeps` its lines, all.
    failed : bool
        Whether a row of it cannot be read, so that it is left out.
    ranges : list of tuple of int, int and str
        Words that are written as one: the first, how many they are, and their MISC.
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
        """Keep an empty line after others."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def note(self, line: str, *, notable: bool = True) -> None:
        """Keep a line that is not a row of a token; rows, too, from now on if it is `notable`."""
        if notable:
            self.keep()
        self.lines.append(line)

    def keep(self) -> None:
        """Keep the rows so far, if they are not kept, and those to come."""
        if not self.keeps:
            self.keeps = True
            lines = plain_rows(self.tokens, self.tags if self._has_tags else None)
            self.rows = [*range(len(self.lines), len(self.lines) + len(lines))]
            self.lines += lines


def plain_rows(tokens: Sequence[str], tags: Sequence[str] | None) -> list[str]:
    """Write the rows of a sentence, so that each is read as one."""
    if tags is None:
        rows = [f"{token}\t" if " " in token else token for token in tokens]
    else:
        rows = [*map("\t".join, zip(tokens, tags, strict=True))]
    if rows and KEY_VALUE.match(rows[0]):
        rows[0] = f" {rows[0]}"
    for place, row in enumerate(rows):  # what a comment may be before the first other row
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
