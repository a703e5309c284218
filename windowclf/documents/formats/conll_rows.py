"""Reading column files line by line: tokens, marks, comments and ends of sentences."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from windowclf.documents.formats.conll_columns import (
    SKIPPED_ID,
    Columns,
    count,
    find_columns,
)
from windowclf.documents.formats.conll_head import KEY_VALUE, MOST_COLUMNS, split_row
from windowclf.documents.formats.conll_lines import (
    DOCUMENT,
    RECORD,
    Block,
    SentenceLines,
    is_blank,
    is_document,
    is_record,
)
from windowclf.documents.formats.conll_notation import (
    MISC_KEYS,
    is_mention,
    is_prefixed,
    other_key_of,
    spread,
    tags_of_brackets,
    tags_of_mentions,
    value_of,
)
from windowclf.documents.formats.json_values import name_of
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, error_context, quoted
from windowclf.tags.schemes import OUTSIDE
from windowclf.text.lines import BadLine

_HEAD_ROWS = 1000
_HEAD_CHARACTERS = 1 << 20
_NEW_DOCUMENT = re.compile(r"#\s*newdoc\b|#begin document\b")
_DOCUMENT_BOUNDS = ("#begin document", "#end document")
_MOST_COMMENTS = 1 << 16
_MOST_TAGS = 1 << 16
_SPECIAL = frozenset("# \t\r-") | {""}
_ONLY_OUTSIDE = frozenset((OUTSIDE,))
_WRONG_PREFIX = re.compile(r"[A-Z0-9][-_].")
_TEXT = re.compile(r"#\s*text\s*=\s*(.*\S)")


class RowReader:
    """Reads the sentences of a file.

    Parameters
    ----------
    chunks : iterator of list of str
        The lines in chunks, as soon as they arrive; see `windowclf.text.lines.line_chunks`.
    name : str
        Name of the file, for messages.

    Attributes
    ----------
    columns : Columns, optional
        The roles of the columns; None before the first sentence, and in a file without rows.
    waits : bool
        Whether the next lines have not arrived yet.
    """

    def __init__(self, chunks: Iterator[list[str]], name: str, options: ReadOptions) -> None:
        self._chunks, self._name, self._options = chunks, name, options
        self.columns: Columns | None = None
        self.waits = False
        self._places: dict[str, int] = {}
        self._failed = False

    def __iter__(self) -> Iterator[Block | None]:
        """Yield sentences; None while the next lines have not arrived.

        Raises
        ------
        DataError
            If there is neither a row nor the comment of a document, or a row has other columns than
            the first row.
        UsageError
            If the file lacks a column that the options name.
        """
        head = self._read_head()
        empty = True
        for block in self._blocks(chain(head, self._chunks)):
            empty = empty and (block is None or not (block.tokens or block.record))
            yield block
        if empty and not self._failed:
            raise no_sentence(self._name)

    def _read_head(self) -> list[list[str]]:
        """Read the lines that show the columns: the first sentences, or one from a slow stream."""
        read: list[list[str]] = []
        sentences: list[list[tuple[int, str]]] = [[]]
        comments: list[tuple[int, str]] = []
        before = rows = characters = 0
        for lines in self._chunks:
            read.append(lines)
            for number, line in enumerate(lines, before + 1):
                if rows == _HEAD_ROWS or characters > _HEAD_CHARACTERS:
                    break
                is_empty = is_blank(line) or is_document(line)
                if sentences[-1] and (is_empty or line.startswith(_DOCUMENT_BOUNDS)):
                    sentences.append([])
                if is_empty:
                    continue
                if line.startswith("#") and not (sentences[-1] and "\t" in line):
                    comments.append((number, line.rstrip("\r")))
                else:
                    sentences[-1].append((number, line.rstrip("\r")))
                    rows += 1
                    characters += len(line)
            before += len(lines)
            whole = sentences[:-1]
            if rows == _HEAD_ROWS or characters > _HEAD_CHARACTERS:
                break
            if any(map(_tells_columns, whole)) or len(whole) > 50:
                break
            if not rows and sum(map(len, comments)) > _MOST_COMMENTS:
                break
        whole = [sentence for sentence in sentences if sentence]
        self.columns = find_columns(whole, comments, self._name, self._options)
        return read

    def _blocks(self, chunks: Iterable[list[str]]) -> Iterator[Block | None]:
        columns = self.columns
        has_tags = columns is not None and columns.tags is not None
        labels = has_tags and self._options.labels
        width = columns.width if columns else 0
        words = columns.words if columns else 0
        place = columns.tags if columns and columns.tags is not None else words
        index = columns.index if columns else None
        header = columns.header if columns else None
        fast = columns is not None and columns.delimiter is None and not columns.varying
        extra = columns is not None and columns.has_more
        checked = labels and columns is not None and columns.notation == "tags"
        places = self._places
        sentence = SentenceLines(extra, has_tags)
        document: int | None = None
        number = 0
        for lines in chunks:
            for line in lines:
                number += 1
                if "\r" in line:
                    line = line.rstrip("\r")
                if line[:1] in _SPECIAL or number == header or sentence.failed:
                    kind = self._kind(line, number, sentence)
                    if kind in ("end", "mark", "begin"):
                        if sentence.tokens or sentence.record or sentence.failed:
                            if block := self._finished(sentence, labels, document, number):
                                yield block
                            sentence = SentenceLines(extra, has_tags)
                        if kind == "end":
                            sentence.blank()
                        else:
                            sentence.note(line, notable=line != DOCUMENT)
                            document = (document or 0) + (kind == "mark")
                        continue
                    if kind == "comment":
                        continue
                if "\t" in line:
                    cells = line.split("\t", MOST_COLUMNS)
                    spaced = " " in line
                else:
                    cells = line.split(" ", MOST_COLUMNS)
                    spaced = False
                try:
                    if not fast or len(cells) != width or spaced or "" in cells or "\r" in line:
                        cells = self._cells(line, number, width, sentence)
                    if index is not None and SKIPPED_ID.fullmatch(cells[index]):
                        self._skip_row(line, number, cells, sentence)
                        continue
                    token, tag = cells[words], cells[place]
                    if not token or (labels and not tag):
                        raise DataError(
                            f"{self._name}:{number}: an empty column; expected a token and its tag"
                        )
                    if checked and tag not in places:
                        self._check_tag(tag, number)
                except DataError as error:
                    self._options.failed(error, "sentences")
                    sentence.failed = self._failed = True
                    continue
                if spaced and " " in token:
                    sentence.keep()
                if sentence.keeps:  # inlined, because this runs for each row
                    sentence.rows.append(len(sentence.lines))
                    sentence.lines.append(line)
                sentence.tokens.append(token)
                sentence.tags.append(tag)
            self.waits = True
            yield None
            self.waits = False
        if sentence.tokens or sentence.record:
            if block := self._finished(sentence, labels, document, number + 1):
                yield block
        elif sentence.keeps and any(sentence.lines):
            yield Block([], None, document, None, None, sentence.lines, [])

    def _kind(self, line: str, number: int, sentence: SentenceLines) -> str:
        """Classify a line as end of a sentence, mark of a document, comment or row."""
        if isinstance(line, BadLine):
            self._options.failed(line.error, "sentences")
            sentence.failed = self._failed = True
            return "comment"
        if is_blank(line):
            return "end"
        if is_document(line):
            return "mark"
        if sentence.failed:
            return "comment"
        columns = self.columns
        if columns is not None and number == columns.header:
            sentence.note(line)
            return "comment"
        if not line.startswith("#"):
            return "row"
        if line.startswith("#begin document"):
            return "mark"
        if line.startswith(_DOCUMENT_BOUNDS):
            return "begin"
        if sentence.tokens:
            if not self._is_comment_inside(line):
                return "row"
            sentence.note(line)
            return "comment"
        if is_record(line):
            sentence.record = number, line.removeprefix(RECORD)
            return "comment"
        if columns is not None and columns.is_row(line) and not KEY_VALUE.match(line):
            return "row"
        self._report_comment(line, number)
        if columns is not None and columns.index is not None and _NEW_DOCUMENT.match(line):
            return "mark"
        if match := _TEXT.match(line):
            sentence.text = match[1]
        sentence.note(line)
        return "comment"

    def _cells(self, line: str, number: int, width: int, sentence: SentenceLines) -> list[str]:
        """Split a row, and check its width against the first row."""
        columns = self.columns
        if columns is None:  # the head had nothing but comments
            raise DataError(f"{self._name}:{number}: a row after too many comments")
        delimiter = columns.delimiter
        with error_context(f"{self._name}:{number}"):
            cells = split_row(line, delimiter)
        if columns.varying:
            width = sentence.width = sentence.width or max(len(cells), (columns.tags or 0) + 1)
        if len(cells) < width:  # empty cells at the end may be missing
            most = line.count(delimiter or "\t") + 1
            cells += [""] * (min(most, width) - len(cells))
        if len(cells) != width:
            raise DataError(
                f"{self._name}:{number}: {count(len(cells))}, but line {columns.first} has "
                f"{width}; expected as many in each row, and an empty line after each sentence"
            )
        if "\r" in line:
            raise DataError(
                f"{self._name}:{number}: a carriage return in the line; expected a token and its "
                "tag"
            )
        return cells

    def _skip_row(self, line: str, number: int, cells: list[str], sentence: SentenceLines) -> None:
        what = "rows of CoNLL-U left out that are not words"
        self._options.report.add(what, f"{self._name}:{number}: {quoted(cells[0])}")
        if self.columns and self.columns.notation == "misc" and "-" in cells[0]:
            first, last = map(int, cells[0].split("-"))
            sentence.ranges.append((len(sentence.tokens), last - first + 1, cells[-1]))
        sentence.note(line)

    def _check_tag(self, tag: str, number: int) -> None:
        if len(self._places) < _MOST_TAGS:
            self._places[tag] = number
        columns = self.columns
        if columns is None or tag == OUTSIDE:
            return
        if columns.inventory == _ONLY_OUTSIDE and (is_prefixed(tag) or _WRONG_PREFIX.match(tag)):
            columns = self.columns = replace(columns, inventory=None)
        if columns.inventory is None and not is_prefixed(tag):
            raise DataError(
                f"{self._name}:{number}: tag {quoted(tag)}: expected O, or a label with a prefix "
                "such as B-, as the tags before it"
            )

    def _is_comment_inside(self, line: str) -> bool:
        columns = self.columns
        if columns is None or columns.index is not None:
            return True
        if line != "#" and not line.startswith("# "):
            return False
        return not columns.is_row(line, begins=False)

    def _report_comment(self, line: str, number: int) -> None:
        """Report a comment that may be a row: it has as many cells, and any cell may be a label."""
        columns = self.columns
        if columns is None or columns.inventory is None or columns.index is not None:
            return
        if columns.width > 1 and columns.fits(line):
            what = "lines taken for comments that have as many columns as the rows"
            self._options.report.add(what, f"{self._name}:{number}: {quoted(line)}")

    def _finished(
        self, sentence: SentenceLines, labels: bool, document: int | None, number: int
    ) -> Block | None:
        if sentence.failed:
            return None
        tags = None
        if labels:
            try:
                tags = self._tags(sentence)
            except DataError as error:
                here = f"{self._name}:{number - 1}: in the sentence that ends here: {error}"
                self._options.failed(DataError(here), "sentences")
                self._failed = True
                return None
        lines = sentence.lines if sentence.keeps else None
        text = self._text(sentence)
        return Block(sentence.tokens, tags, document, sentence.record, text, lines, sentence.rows)

    def _tags(self, sentence: SentenceLines) -> list[str]:
        columns = self.columns
        if columns is None or columns.notation == "tags":
            if not self._options.label_names:
                return sentence.tags
            return [
                name_of(int(tag) if tag.isascii() and tag.isdigit() else tag, self._options)
                for tag in sentence.tags
            ]
        inner = 0
        if columns.notation == "brackets":
            tags, inner = tags_of_brackets(sentence.tags)
        else:
            key = columns.key or self._find_key(sentence.tags)
            values = [value_of(cell, key) if key else "" for cell in sentence.tags]
            if any(map(is_mention, values)):
                tags, inner = tags_of_mentions(values, columns.mention_field)
            else:
                for first, length, cell in sentence.ranges:
                    covered = values[first : first + length]
                    if key and (tag := value_of(cell, key)) and not any(covered):
                        values[first : first + length] = spread(tag, len(covered))
                tags = [value or OUTSIDE for value in values]
        if inner:
            what = "nested entities left out"
            self._options.report.add(what, f"{self._name}: {quoted(sentence.tokens[0])}", inner)
        return tags

    def _find_key(self, cells: list[str]) -> str | None:
        """Find the key of tags in MISC, if the first sentences had none."""
        key: str | None
        for key in MISC_KEYS:
            for cell in cells:
                value = value_of(cell, key)
                if value and (is_prefixed(value) or is_mention(value)) and self.columns:
                    self.columns = replace(self.columns, key=key)
                    return key
        key = other_key_of(cells)
        if key is not None and self.columns:
            what = f"files whose tags are read from {key!r} in MISC"
            self._options.report.add(what, f"{self._name}: {quoted(cells[0])}")
            self.columns = replace(self.columns, key=key)
        return key

    def _text(self, sentence: SentenceLines) -> str | None:
        """Return the original text of a sentence from its comment or its MISC column."""
        words = sentence.tokens
        if sentence.text is not None and words:
            if "".join(sentence.text.split()) == "".join("".join(words).split()):
                return sentence.text
            what = "texts in comments that differ from their words (words are joined by spaces)"
            self._options.report.add(what, f"{self._name}: {quoted(sentence.text)}")
        if self.columns is None or self.columns.notation != "misc" or not words:
            return None
        spaces = ["" if "SpaceAfter=No" in cell else " " for cell in sentence.tags[:-1]]
        if all(spaces):
            return None
        return "".join(chain.from_iterable(zip(words, [*spaces, ""], strict=True)))


def no_sentence(name: str) -> DataError:
    """Make the error for a file without rows."""
    return DataError(f"{name}: no sentence; expected a token and its tag per line")


def _tells_columns(sentence: list[tuple[int, str]]) -> bool:
    """Whether a sentence shows if it is numbered; a single row that begins with 1 does not."""
    return len(sentence) > 1 or sentence[0][1].replace("\t", " ").split(" ")[0] not in ("0", "1")
