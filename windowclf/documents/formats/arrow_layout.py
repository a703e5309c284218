"""Which columns of a table hold texts, tokens, tags and spans, and how its rows are read."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from windowclf.documents.document import Document, LabelledSpan, join_words
from windowclf.documents.formats.arrow_rows import ArrowRow, is_list, is_text
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, UsageError, join_names, one_line, quoted
from windowclf.text.tokenizer import token_starts

if TYPE_CHECKING:
    import pyarrow as pa

_CURE = "; name the column of the texts with --text-column"


class ArrowLayout:
    """Reads documents off the batches of one schema.

    Parameters
    ----------
    name : str
        Of its file, for messages.
    """

    def __init__(self, schema: "pa.Schema", name: str, options: ReadOptions) -> None:
        self.name = name
        self.kinds = {field.name: field.type for field in schema}
        if len(self.kinds) < len(schema):
            raise DataError(f"{name}: two columns have one name; expected a name for each")
        self.text = self._column([options.text_column], is_text)
        self.tokens = self._column([options.tokens_column or "tokens"], _holds_words)
        if options.tokens_column is not None and self.tokens is None:
            raise self._missing(UsageError, options.tokens_column, "lists of strings")
        if self.text is None and self.tokens is None:
            raise self._missing(DataError, options.text_column, "strings", _CURE)
        self.tags = self.entities = self.sentences = None
        self.ids: list[str] | None = None
        if self.tokens:
            usual = ["tags", "ner_tags"]
            given = options.tags_column
            self.tags = self._column(usual if given is None else [given], is_list)
            if given is not None and self.tags is None:
                raise self._missing(UsageError, given, "lists")
            self.ids = _class_names(schema, self.tags)
        if self.text:
            self.entities = self._column(["entities", "spans", "label"], _holds_spans)
            if "entities" in self.kinds and self.entities != "entities":
                raise self._missing(DataError, "entities", "lists of start, end, label")
            self.sentences = self._column(["sentences"], _holds_sentences)
        read = (self.tokens, self.tags, self.entities, self.sentences)
        self.labels = frozenset(column for column in read if column)

    def documents(self, batch: "pa.RecordBatch", first: int) -> list[Document]:
        """Read a batch, whose rows count from `first`."""
        documents = []
        for row, found in enumerate(self.rows(batch), first):
            if isinstance(found, DataError):
                raise DataError(f"{self.name}, row {row}: {found}")
            documents.append(found)
        return documents

    def rows(self, batch: "pa.RecordBatch") -> list[Document | DataError]:
        """Read each row of a batch, or say why it cannot be read."""
        values = []
        for column in (self.text, self.tokens, self.tags, self.entities, self.sentences):
            try:
                values.append(batch.column(column).to_pylist() if column else [None] * len(batch))
            except UnicodeDecodeError as error:
                if len(batch) == 1:
                    return [DataError(f"column {quoted(column)}: {one_line(error)}")]
                rows = [self.rows(batch.slice(row, 1)) for row in range(len(batch))]
                return [*chain.from_iterable(rows)]
        return [
            self._row(ArrowRow(batch, row, self.labels), cells)
            for row, cells in enumerate(zip(*values, strict=True))
        ]

    def _row(self, fields: ArrowRow, cells: tuple[Any, ...]) -> Document | DataError:
        try:
            return self._document(fields, *cells)
        except (DataError, UsageError, msgspec.ValidationError) as error:
            return DataError(str(error))

    def _document(
        self, fields: ArrowRow, text: str | None, tokens: Any, tags: Any, spans: Any, sentences: Any
    ) -> Document:
        if tokens is not None:
            if tags is not None:
                tags = [self._tags(tags, len(tokens))]
            given = _words([tokens])
            return Document(join_words(given), given, tags, fields=fields)
        if text is None:
            raise DataError(f"null in column {self.text or self.tokens!r}; expected a text")
        words = None if sentences is None else _words(sentences)
        token_starts(text, chain.from_iterable(words or ()))  # they stand in the text
        if spans is not None:
            spans = check_spans(text, msgspec.convert(spans, list[LabelledSpan]))
        return Document(text, words, spans=spans, fields=fields)

    def _tags(self, tags: list[Any], count: int) -> list[str]:
        if len(tags) != count:
            raise DataError(f"{count} tokens but {len(tags)} tags; expected as many")
        names = self.ids
        if names is not None:
            if not all(tag is not None and 0 <= tag < len(names) for tag in tags):
                raise DataError(f"tags {quoted(tags)}: expected ids from 0 to {len(names) - 1}")
            return [names[tag] for tag in tags]
        if not all(isinstance(tag, str) for tag in tags):
            raise DataError(
                f"tags {quoted(tags)}: expected strings, or ids whose names the file has as a "
                "ClassLabel"
            )
        return tags

    def _column(
        self, names: Iterable[str | int], fits: "Callable[[pa.DataType], bool]"
    ) -> str | None:
        """Give the first of some columns that has the type."""
        return next((str(n) for n in names if n in self.kinds and fits(self.kinds[str(n)])), None)

    def _missing(
        self, error: type[DataError | UsageError], column: str | int, expected: str, cure: str = ""
    ) -> DataError | UsageError:
        found = join_names(
            [f"{quoted(name)} ({quoted(str(kind))[1:-1]})" for name, kind in self.kinds.items()]
        )
        return error(f"{self.name}: no column {column!r} of {expected}, only {found}{cure}")


def _words(sentences: list[list[str]] | list[Any]) -> list[list[str]]:
    if not all(isinstance(words, list) and all(words) for words in sentences):
        raise DataError("null or an empty string where a word is expected")
    return sentences


def _holds_words(kind: "pa.DataType") -> bool:
    return is_list(kind) and (is_text(kind.value_type) or _is_null(kind.value_type))


def _holds_sentences(kind: "pa.DataType") -> bool:
    return is_list(kind) and (_holds_words(kind.value_type) or _is_null(kind.value_type))


def _holds_spans(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if not is_list(kind) or _is_null(kind.value_type):
        return is_list(kind) or _is_null(kind)
    item = kind.value_type
    names = {item.field(i).name for i in range(item.num_fields)} if pa.types.is_struct(item) else ()
    return {"start", "end", "label"}.issubset(names)


def _is_null(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_null(kind))


def _class_names(schema: "pa.Schema", column: str | None) -> list[str] | None:
    """Look the names of ids up where the library ``datasets`` writes them."""
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
    ):  # it is of another library or version
        return None
