"""Detection of the columns with texts, tokens, tags and spans in an Arrow table."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from windowclf.documents.document import Document
from windowclf.documents.formats.arrow_rows import ArrowRow, is_list, is_text
from windowclf.documents.formats.records import SPANS_KEYS, TAGS_KEYS, TOKENS_KEYS, read_record
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError, join_names, one_line, quoted

if TYPE_CHECKING:
    import pyarrow as pa

_CURE = "; name the column of the texts with `text_column`"


class ArrowLayout:
    """Reads documents from record batches with the same schema.

    Parameters
    ----------
    name : str
        The name of its file, for messages.

    Attributes
    ----------
    text, tokens : str or None
        The columns of texts and of tokens.
    """

    def __init__(self, schema: "pa.Schema", name: str, options: ReadOptions) -> None:
        self.name, self._options = name, options
        self.kinds = {field.name: field.type for field in schema}
        if len(self.kinds) < len(schema):
            raise DataError(f"{name}: two columns have the same name; rename one")
        self.text = self._column([options.text_column], is_text)
        given = options.tokens_column
        self.tokens = self._column(TOKENS_KEYS if given is None else [given], _holds_words)
        if given is not None and self.tokens is None:
            raise self._missing(UsageError, given, "lists of strings")
        if self.text is None and self.tokens is None:
            raise self._missing(DataError, options.text_column, "strings", _CURE)
        self._names = {}
        read = [self.text, self.tokens]
        if self.text and _holds_sentences(self.kinds.get("sentences")):
            read.append("sentences")
        if options.labels:
            read += self._labels(options)
            self._names = {column: _class_names(schema, column) for column in self.kinds}
        self._read = [column for column in dict.fromkeys(read) if column]

    def _labels(self, options: ReadOptions) -> list[str]:
        """List the columns that may have labels, or those that the options name."""
        given = options.tags_column
        if given is not None:
            if str(given) not in self.kinds or not is_list(self.kinds[str(given)]):
                raise self._missing(UsageError, given, "lists")
            return [str(given)]
        usual = {*TAGS_KEYS, *SPANS_KEYS}
        found = [
            name
            for name, kind in self.kinds.items()
            if name == "answer" or (name in usual and is_list(kind)) or _holds_spans(kind)
        ]
        if self.tokens is not None and not {*found} - {"answer"}:  # tags under another name
            found += [
                name
                for name, kind in self.kinds.items()
                if is_list(kind) and name not in TOKENS_KEYS
            ]
        if "entities" in self.kinds and "entities" not in found:
            raise self._missing(DataError, "entities", "lists of start, end, label")
        return found

    def documents(self, batch: "pa.RecordBatch", first: int) -> list[Document]:
        """Read a batch, whose rows count from `first`."""
        documents = []
        for row, found in enumerate(self.rows(batch, first), first):
            if isinstance(found, DataError):
                self._options.failed(DataError(f"{self.name}, row {row}: {found}"))
            elif found is not None:
                documents.append(found)
        return documents

    def rows(self, batch: "pa.RecordBatch", first: int = 0) -> list[Document | DataError | None]:
        """Read each row of a batch: a document, its error, or None for a row left out."""
        values = []
        for column in self._read:
            try:
                values.append(batch.column(column).to_pylist())
            except UnicodeDecodeError as error:
                if len(batch) == 1:
                    return [DataError(f"column {quoted(column)}: {one_line(error)}")]
                rows = [self.rows(batch.slice(i, 1), first + i) for i in range(len(batch))]
                return [*chain.from_iterable(rows)]
        return [
            self._row(batch, row, dict(zip(self._read, cells, strict=True)), first + row)
            for row, cells in enumerate(zip(*values, strict=True))
        ]

    def _row(
        self, batch: "pa.RecordBatch", row: int, record: dict[str, Any], number: int
    ) -> Document | DataError | None:
        only = self.text or self.tokens
        try:
            if self.tokens is None or record[self.tokens] is None:
                if self.text is None or record[self.text] is None:
                    raise DataError(f"null in column {only!r}; expected a text")
            elif not all(record[self.tokens]):
                raise DataError("null or an empty string where a word is expected")
            for column, names in self._names.items():
                if names and record.get(column) is not None:
                    record[column] = _named(record[column], names, column)
            document = read_record(record, self._options, f"{self.name}, row {number}")
        except (DataError, UsageError) as error:
            return DataError(str(error))
        if document is None:
            return None
        labels: frozenset[str] = getattr(document.layout, "labels", frozenset())
        return replace(document, fields=ArrowRow(batch, row, labels))

    def _column(
        self, names: Iterable[str | int], fits: "Callable[[pa.DataType], bool]"
    ) -> str | None:
        """Return the first of some columns that has a fitting type."""
        return next((str(n) for n in names if n in self.kinds and fits(self.kinds[str(n)])), None)

    def _missing(
        self, error: type[DataError | UsageError], column: str | int, expected: str, cure: str = ""
    ) -> DataError | UsageError:
        found = join_names(
            [f"{quoted(name)} ({quoted(str(kind))[1:-1]})" for name, kind in self.kinds.items()]
        )
        return error(f"{self.name}: no column {column!r} of {expected}, only {found}{cure}")


def _named(tags: Any, names: list[str], column: str) -> Any:
    """Replace label ids by names."""
    if not isinstance(tags, list):
        return tags
    if not all(isinstance(tag, int) and 0 <= tag < len(names) for tag in tags):
        raise DataError(f"{column} {quoted(tags)}: expected ids from 0 to {len(names) - 1}")
    return [names[tag] for tag in tags]


def _holds_words(kind: "pa.DataType") -> bool:
    return is_list(kind) and (is_text(kind.value_type) or _is_null(kind.value_type))


def _holds_sentences(kind: "pa.DataType | None") -> bool:
    return kind is not None and (
        is_list(kind) and (_holds_words(kind.value_type) or _is_null(kind.value_type))
    )


def _holds_spans(kind: "pa.DataType") -> bool:
    """Whether a column holds lists of objects that have a start, an end and more."""
    import pyarrow as pa

    if not is_list(kind) or not pa.types.is_struct(kind.value_type):
        return False
    item = kind.value_type
    names = [item.field(i).name.lower() for i in range(item.num_fields)]
    return any(n.startswith(("start", "begin")) for n in names) and any("end" in n for n in names)


def _is_null(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_null(kind))


def _class_names(schema: "pa.Schema", column: str) -> list[str] | None:
    """Look up the names of label ids in the metadata of the library ``datasets``."""
    try:
        features = msgspec.json.decode((schema.metadata or {}).get(b"huggingface", b"{}"))
        feature = features["info"]["features"][column]
        feature = feature[0] if isinstance(feature, list) else feature["feature"]
        return msgspec.convert(feature["names"], list[str])
    except (
        msgspec.MsgspecError,
        LookupError,
        TypeError,
        RecursionError,
    ):  # metadata of another library or version
        return None
