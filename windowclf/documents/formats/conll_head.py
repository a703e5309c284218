"""The first rows of column files, and the names of their columns."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from windowclf.documents.formats.conll_notation import is_prefixed
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError

Cells = list[str]

MOST_COLUMNS = 1000
GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
"""The comment of CoNLL-U Plus that names the columns."""

KEY_VALUE = re.compile(r"# *\S+ = ")
"""The start of a CoNLL-U comment such as ``# sent_id = 3``."""

_GLOBAL_ENTITY = re.compile(r"#\s*global\.Entity\s*=\s*(\S+)")
_LONGEST_ROW = 1 << 16  # characters of a row that looks like a comment
WORD_NAMES = ("form", "token", "tokens", "word", "words", "text")
_ENTITY_NAME = re.compile(
    r"ner?([-_.]?(tags?|labels?|iob2?|bio))?|ne-coarse-lit|(named[-_ ]?)?entit(y|ies)"
    r"|iob2?|bio|bioes|bilou|(iob|bio)[-_]tags?"
)
_TAG_NAMES = ("tag", "tags", "label", "labels", "pos", "pos_tag", "pos_tags", "upos", "xpos")
_OTHER_NAME = re.compile(
    r"#|i|id|idx|index|nr|no|lemmas?|chunks?|chunk_tags?|feats|head|deprel|deps|misc|shape|case"
    r"|sentence|sent(ence)?_id|doc(ument)?(_id)?|start|end|(ner?|nel)[-_][\w-]+"
)


def split_row(line: str, delimiter: str | None) -> Cells:
    """Split a line into its cells, without empty ones at its end.

    Parameters
    ----------
    delimiter : str, optional
        None: a tab if the line contains one, else spaces.

    Raises
    ------
    DataError
        If there are more than `MOST_COLUMNS`.
    """
    if delimiter is None:
        delimiter = "\t" if "\t" in line else " "
    if delimiter == " ":  # not split(): a no-break space is part of a token
        if len(line) < 2 * MOST_COLUMNS:
            return [cell for cell in line.split(" ") if cell]
        found = islice(re.finditer("[^ ]+", line), MOST_COLUMNS + 1)
        cells = [cell.group() for cell in found]
    else:
        line = line.rstrip(f" {delimiter}")
        cells = [cell.strip(" ") for cell in line.split(delimiter, MOST_COLUMNS)]
    if len(cells) > MOST_COLUMNS:
        raise DataError(f"more than {MOST_COLUMNS:,} columns; expected a token and its tag")
    return cells


class Row(NamedTuple):
    """A row of the head with its cells."""

    number: int
    cells: Cells
    tabbed: bool
    indented: bool


class Head(NamedTuple):
    """The first rows of a file, by sentence, and facts from its comments.

    Attributes
    ----------
    names : list of str, optional
        Names of the columns.
    mention_field : int, optional
        Number of the part of a CorefUD mention that is its type.
    is_conll_2012 : bool
        Whether comments begin documents, as in OntoNotes.
    """

    sentences: list[list[Row]]
    names: list[str] | None
    mention_field: int | None
    is_conll_2012: bool


def read_head(
    sentences: Sequence[Sequence[tuple[int, str]]],
    comments: Sequence[tuple[int, str]],
    name: str,
    options: ReadOptions,
) -> Head:
    """Split the first rows; see `find_columns`."""

    def split(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
        for number, line in lines:
            try:
                cells = split_row(line, options.delimiter)
                yield Row(number, cells, "\t" in line, line.startswith(" "))
            except DataError as error:
                errors.append(DataError(f"{name}:{number}: {error}"))

    errors: list[DataError] = []
    names, field, begins = None, None, False
    first = sentences[0][0][0] if sentences else 0
    for number, line in comments:
        if match := GLOBAL_COLUMNS.fullmatch(line):
            names = match[1].split()
        if match := _GLOBAL_ENTITY.match(line):
            parts = match[1].split("-")
            field = parts.index("etype") if "etype" in parts else None
        begins = begins or (number < first and line.startswith("#begin document"))
    rows = [each for sentence in sentences if (each := [*split(sentence)])]
    if not rows and errors:
        raise errors[0]
    if not rows:
        found = split(
            (number, line)
            for number, line in comments
            if len(line) < _LONGEST_ROW and not KEY_VALUE.match(line)
        )
        likely = [row for row in found if len(row.cells) > 1 and is_prefixed(row.cells[-1])]
        widths = Counter((len(row.cells), row.tabbed) for row in likely)
        best = max(widths, key=lambda each: (widths[each], each == (2, True)), default=None)
        rows = [[row] for row in likely if (len(row.cells), row.tabbed) == best]
    return Head(rows, names, field, begins)


def header_of(head: Head, options: ReadOptions) -> Row | None:
    """Return the first row if it is a header, by the options or by usual column names."""
    rows = [*chain.from_iterable(head.sentences)]
    first = rows[0]
    if head.names is not None or len(rows) < 2 or len(first.cells) != len(rows[1].cells):
        return None
    asked = [c for c in (options.tokens_column, options.tags_column) if column_number(c) is None]
    if wanted := [column for column in asked if column is not None]:
        return first if all(column in first.cells for column in wanted) else None
    return first if is_header(first.cells) and not first.indented else None


def is_header(cells: Cells) -> bool:
    """Whether all cells are usual column names, including those of words and of tags."""
    names = [cell.lower() for cell in cells]
    usual = [
        name in WORD_NAMES
        or name in _TAG_NAMES
        or _ENTITY_NAME.fullmatch(name)
        or _OTHER_NAME.fullmatch(name)
        for name in names
    ]
    if not all(usual) or len(set(names)) < len(names):
        return False
    return any(name in WORD_NAMES for name in names) and tags_name(names) is not None


def tags_name(names: Sequence[str]) -> int | None:
    """Find the column of tags by its name."""
    lower = [name.lower() for name in names]
    for place, name in enumerate(lower):
        if _ENTITY_NAME.fullmatch(name):
            return place
    return next((lower.index(name) for name in _TAG_NAMES if name in lower), None)


def column_number(column: int | str | None) -> int | None:
    """Return the number of a column if it is a number or a numeric string."""
    try:
        return None if column is None else int(column)
    except ValueError:
        return None
