"""Tables with a text or a list of tokens in each row, read as records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from windowclf.documents.document import Document
from windowclf.documents.formats.cell_lists import (
    are_tags,
    decode_list,
    is_list,
    split_tags,
    split_text,
)
from windowclf.documents.formats.records import (
    SPANS_KEYS,
    TAGS_KEYS,
    TOKENS_KEYS,
    read_record,
)
from windowclf.documents.formats.table_columns import (
    TAGS,
    TokenColumns,
    find_column,
    names_of,
    other_tags,
    simple,
)
from windowclf.documents.formats.table_rows import Row, Table
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, error_context, quoted, shortened

_KEYS = {simple(key): key for key in (*TOKENS_KEYS, *TAGS_KEYS, *SPANS_KEYS, "sentences")}
_TOKENS = {*map(simple, TOKENS_KEYS)}
_WORDS = {"sentences", *_TOKENS}
_LABELS = {*TAGS, *map(simple, SPANS_KEYS)}


class TableLayout(NamedTuple):
    """The layout of a document in a table with one record per row.

    Attributes
    ----------
    text : str or None
        The column of the text; None if it is made of tokens.
    tokens, tags : str or None
        The columns of the lists of tokens and of their tags, if tokens were read.
    separator : str
        The separator of the tags in their cell; empty if the cell is a list.
    labels : frozenset of str
        All columns that were read except the text.
    """

    delimiter: str
    text: str | None
    tokens: str | None
    tags: str | None
    separator: str
    labels: frozenset[str]


_Read = Callable[[dict[str, str], str], Document | None]  # the cells of a row and its place


def given_tags(table: Table, options: ReadOptions) -> str | None:
    """Return the column of the tags that the options name.

    Raises
    ------
    DataError
        If the column does not exist, and labels are read.
    """
    if options.tags_column is None:
        return None
    found = find_column(table.columns, options.tags_column)
    if found is None and options.labels:
        raise DataError(
            f"no column {quoted(options.tags_column)} for the tags; there are "
            f"{names_of(table.columns)}; name one with `tags_column`"
        )
    return None if found is None else table.columns[found]


def is_of_tokens(table: Table, found: TokenColumns, options: ReadOptions) -> bool:
    """Return whether a table has the tokens of sentences, not other words or numbers."""
    if options.tokens_column is not None or not table.sample:
        return True
    if all(row[found.tokens].strip().isdigit() for row in table.sample):
        return False
    known = found.tags is not None or bool(found.groups) or table.blanks
    return known or holds_lists(table, found)


def holds_lists(table: Table, found: TokenColumns) -> bool:
    """Return whether each of the first rows has the tokens of a sentence."""
    rows = [row for row in table.sample if row[found.tokens].strip()]
    cells = [row[found.tokens] for row in rows]
    if not cells:
        return False
    if 2 * sum(map(is_list, cells)) >= len(cells):
        return True
    if found.tags is None:
        return 2 * sum(" " in cell.strip() for cell in cells) > len(cells)
    counts = [(len(row[found.tokens].split()), len(split_tags(row[found.tags]))) for row in rows]
    return all(one == two for one, two in counts) and any(one > 1 for one, _ in counts)


def read_texts(
    rows: Iterator[Row], table: Table, text: int, name: str, options: ReadOptions
) -> Iterator[Document | None]:
    """Read each row as a text, with its labels if the options ask for labels.

    The labels are spans, or tags for the words between the spaces of the text.
    """
    column = table.columns[text]
    others = [other for other in table.columns if other != column]
    given = given_tags(table, options)
    kinds = {other: simple(other) for other in others}
    tags = [other for other, kind in kinds.items() if (other == given if given else kind in TAGS)]
    labels = tags if given else [other for other, kind in kinds.items() if kind in _LABELS]
    words = [other for other, kind in kinds.items() if kind in _WORDS]
    plain = TableLayout(table.delimiter, column, None, None, "", frozenset())
    renamed = {column} - {options.text_column}

    def read(fields: dict[str, str], where: str) -> Document | None:
        if not options.labels and not words:
            return Document(fields[column], fields=fields, layout=plain)
        values = {}
        for other in others if options.labels else words:
            value = _decoded(fields[other], other, strict=options.labels and other in labels)
            if value is not None:
                values[other] = value
        if options.labels:
            for other in labels:
                parts = [] if other in values else split_tags(fields[other])
                is_one = (
                    len(parts) == 1 and len(fields[column].split()) > 1
                )  # a label of the whole text
                if parts and (given or (are_tags(parts) and not is_one)):
                    values[other] = parts
                elif parts:
                    what = f"cells of the column {other!r} with neither tags nor spans"
                    options.report.add(what, f"{where}: {quoted(fields[other])}")
        if options.labels and (found := _tags_of_text(values, tags)):
            if len(found) > 1:
                what = f"records read whose tags are those of {found[0]!r}, not of another column"
                options.report.add(what, f"{where}: {names_of(found)}")
            return read_tagged(fields, found[0], values[found[0]], where)
        names = {_key(other, given, options): other for other in values}
        record = {key: values[other] for key, other in names.items()}
        document = read_record({**record, options.text_column: fields[column]}, options, where)
        if document is None:
            return None
        tokens = names.get(document.layout.tokens)
        empty = {other for other in (*labels, *words) if not fields[other].strip()}
        layout = plain._replace(
            text=None if tokens else column,
            tokens=tokens,
            tags=tags[0] if tokens and tags else None,
            labels=frozenset({names.get(k, k) for k in document.layout.labels} | renamed | empty),
        )
        return replace(document, fields=fields, layout=layout)

    def read_tagged(
        fields: dict[str, str], tags: str, given: list[Any], where: str
    ) -> Document | None:
        """Read a text with a tag for each word; the text is unchanged."""
        with error_context(shortened(tags)):
            words = split_text(fields[column], len(given))
        keys = options.tokens_column or "tokens", options.tags_column or "tags"
        record = dict(zip(map(str, keys), (words, given), strict=True))
        document = read_record(record, options, where)
        layout = plain._replace(labels=frozenset({tags} | renamed))
        return document and replace(document, text=fields[column], fields=fields, layout=layout)

    if options.labels and not labels:
        _report_unlabelled(table, text, name, options)
    return _records(rows, table, name, options, read)


def read_lists(
    rows: Iterator[Row], table: Table, found: TokenColumns, name: str, options: ReadOptions
) -> Iterator[Document | None]:
    """Read each row as the tokens of a sentence, with tags if the options ask for labels."""
    tokens = table.columns[found.tokens]
    tags = None if found.tags is None else table.columns[found.tags]
    tokens_key = _usual(tokens, TOKENS_KEYS, options.tokens_column)
    tags_key = _usual(tags or "", TAGS_KEYS, options.tags_column)
    others = [column for column in table.columns if column not in (tokens, tags)]

    cells = [row[found.tokens] for row in table.sample]
    separator = "" if any(map(is_list, cells)) else " "

    def read(fields: dict[str, str], where: str) -> Document | None:
        cell = fields[tokens]
        words = cell.split() if separator else _decoded(cell, tokens, strict=True)
        if words is None and cell.strip():
            raise DataError(
                f"{shortened(tokens)}: {quoted(cell)} is not a list, unlike the first rows"
            )
        record: dict[str, Any] = {tokens_key: words or []}
        names = {tokens_key: tokens}
        if options.labels and tags is not None:
            value = _decoded(fields[tags], tags, strict=True)
            value = split_tags(fields[tags]) if value is None else value
            key = tags_key if _are(value, str | int) else "ner"  # spans of tokens
            record[key], names[key] = value, tags
        elif options.labels:
            for other in others:
                if (value := _decoded(fields[other], other, strict=False)) is not None:
                    key = _key(other, None, options)
                    record[key], names[key] = value, other
        document = read_record(record, options, where)
        if document is None:
            return None
        read_columns = frozenset(names.get(key, key) for key in document.layout.labels)
        layout = TableLayout(table.delimiter, None, tokens, tags, separator, read_columns)
        return replace(document, fields=fields, layout=layout)

    if options.labels and tags is None:
        _report_unlabelled(table, found.tokens, name, options)
    elif options.labels and options.tags_column is None and other_tags(table.columns, found):
        what = f"tables read whose tags are those of {tags!r}, not of another column"
        options.report.add(what, f"{name}: {names_of(other_tags(table.columns, found))}")
    return _records(rows, table, name, options, read)


def _records(
    rows: Iterator[Row], table: Table, name: str, options: ReadOptions, read: _Read
) -> Iterator[Document | None]:
    for row in rows:
        document = None
        if row.cells:
            where = f"{name}:{row.number}"
            try:
                document = read(dict(zip(table.columns, row.cells, strict=True)), where)
            except DataError as error:
                options.failed(DataError(f"{where}: {error}"))
        yield document


def _decoded(cell: str, column: str, *, strict: bool) -> Any:
    """Decode a cell with a list; None for other cells, or if it cannot be decoded."""
    if not is_list(cell) and not (strict and cell[:1] in ("[", "{")):
        return None
    try:
        with error_context(shortened(column)):
            return decode_list(cell)
    except DataError:
        if strict:
            raise
    return None


def _key(column: str, given: str | None, options: ReadOptions) -> str:
    """Return the key of records for a column."""
    return str(options.tags_column) if column == given else _KEYS.get(simple(column), column)


def _usual(column: str, keys: Sequence[str], given: int | str | None) -> str:
    """Return the usual key of records for a column of tokens or tags."""
    key = _KEYS.get(simple(column), keys[0])
    return str(given) if given is not None else key if key in keys else keys[0]


def _tags_of_text(values: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """Find the columns of tags for the words of a text without spans or tokens."""
    for column, value in values.items():
        if simple(column) in _TOKENS or (value and _are(value, list | tuple | dict)):
            return []
        if value == [] and simple(column) in ("entities", "spans", "ents"):
            return []  # the text has a list of spans, which is empty
    return [column for column in columns if values.get(column) and _are(values[column], str | int)]


def _are(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _report_unlabelled(table: Table, but: int, name: str, options: ReadOptions) -> None:
    """Report a table that seems to have no labels at all."""
    cells = (cell for row in table.sample for i, cell in enumerate(row) if i != but)
    if not any(map(is_list, cells)):
        what = "tables read that have no column of tags or spans"
        options.report.add(what, f"{name}: {names_of(table.columns)}")
