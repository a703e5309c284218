"""Parquet: one document per row, as text with character spans or as tokens with tags."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from windowclf.documents.document import Document, tags_of
from windowclf.documents.formats.arrow_layout import ArrowLayout
from windowclf.documents.formats.arrow_rows import ArrowRow, Column, gather, plain, to_array
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, one_line
from windowclf.system.content import HEAD_BYTES, PARQUET, check_kind

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

_READ_ROWS = 256
_GROUP_ROWS = 1 << 16  # largest number of rows in a row group
_GROUP_CHARACTERS = 1 << 22


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the rows of a Parquet file.

    A row is a text with ``entities`` (or ``spans`` or ``label``) and ``sentences``, or ``tokens``
    with ``tags`` (or ``ner_tags``), which may be ids of a ClassLabel of the library ``datasets``.
    Labels may be missing.

    Parameters
    ----------
    file : BinaryIO
        A seekable file.
    name : str
        Name of the file, for messages, in which rows count from 0.

    Yields
    ------
    list of Document
        Documents whose `fields` are an `ArrowRow`.

    Raises
    ------
    UsageError
        If a column that the options name is missing.
    DataError
        If the file is not Parquet, or a row has another shape.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    if not file.seekable():
        raise DataError(
            f"{name}: Parquet is read from its end, so it cannot be a stream; name a file"
        )
    check_kind(file.read(HEAD_BYTES), name, PARQUET)
    file.seek(0)
    first = 0
    try:
        parquet = ParquetFile(file, pre_buffer=False)  # would keep the whole file in memory
        layout = ArrowLayout(parquet.schema_arrow, name, options)
        for batch in parquet.iter_batches(_READ_ROWS):
            yield layout.documents(batch, first)
            first += len(batch)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{name}: cannot be read as Parquet: {one_line(error)}") from error


class Writer:
    """Writes documents as rows with the columns of the first row group.

    A document with ``tokens`` among its fields gets ``tags``; any other gets its text,
    ``entities`` and ``sentences``. Columns from Parquet keep their types.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._writer: ParquetWriter | None = None
        self._types: dict[str, pa.DataType] = {}
        self._waiting: list[Document] = []  # documents of the next row group
        self._characters = 0
        self._written = 0

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents.

        Raises
        ------
        DataError
            If a field has values of several types, or first occurs after the first row group.
        """
        for document in documents:
            self._waiting.append(document)
            self._characters += len(document.text)
            if len(self._waiting) == _GROUP_ROWS or self._characters >= _GROUP_CHARACTERS:
                self._write_group()

    def close(self) -> None:
        """Write the last row group and the footer of the file."""
        if self._waiting or self._writer is None:
            self._write_group()
        if self._writer:
            self._writer.close()

    def _write_group(self) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        documents, self._waiting, self._characters = self._waiting, [], 0
        fields = [document.fields for document in documents]
        columns = gather(fields, self._types, self._made(documents))
        if self._writer is None:
            first = fields[0] if fields else None
            metadata = first.batch.schema.metadata if isinstance(first, ArrowRow) else None
            schema = pa.schema([column.field for column in columns.values()], metadata)
            self._types = {field.name: field.type for field in schema}
            self._writer = ParquetWriter(self._file, schema)
        for key, (field, values) in columns.items():
            if self._types.get(key) != field.type and values.null_count < len(values):
                raise DataError(
                    f"field {key!r} is {field.type} from document {self._written} on, "
                    f"{self._types.get(key, 'nothing')} before; expected one type in a column"
                )
        arrays = [
            columns[key].values
            if key in columns and columns[key].field.type == kind
            else pa.nulls(len(documents), kind)
            for key, kind in self._types.items()
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._writer.schema))
        self._written += len(documents)

    def _made(self, documents: Sequence[Document]) -> dict[str, Column]:
        """Make the columns for the text, labels and words of the documents."""
        import pyarrow as pa

        entity = {"start": pa.int64(), "end": pa.int64(), "label": pa.string()}
        entity |= self._score_and_text(documents)
        kinds = {
            self._options.text_column: pa.string(),
            "entities": pa.list_(pa.struct(entity)),
            "sentences": pa.list_(pa.list_(pa.string())),
            "tags": pa.list_(pa.string()),
        }
        records = [self._record(document, tuple(entity)) for document in documents]
        keys = list(kinds)[:2] if not records else dict.fromkeys(chain.from_iterable(records))
        columns = {}
        for key in keys:
            values = [
                record[key] if key in record else plain(document.fields.get(key))
                for record, document in zip(records, documents, strict=True)
            ]
            array = to_array(values, kinds[key], key)
            columns[key] = Column(pa.field(key, array.type), pa.chunked_array([array]))
        return columns

    def _score_and_text(self, documents: Sequence[Document]) -> "dict[str, pa.DataType]":
        """Return the types of the members of an entity that some documents lack."""
        import pyarrow as pa

        before = self._types.get("entities")
        known = {field.name for field in before.value_type} if before else set()
        return {
            name: kind
            for name, kind in (("score", pa.float64()), ("text", pa.string()))
            if name in known
            or any(
                getattr(span, name, None) is not None
                for document in documents
                for span in document.spans or ()
            )
        }

    def _record(self, document: Document, members: tuple[str, ...]) -> dict[str, Any]:
        spans, words = document.spans, document.words
        if _are_words(plain(document.fields.get("tokens"))) and words is not None:
            tags = tags_of(document, self._options.scheme)
            return {} if tags is None else {"tags": [*chain.from_iterable(tags)]}
        record: dict[str, Any] = {self._options.text_column: document.text}
        if spans is not None:
            record["entities"] = [
                {name: getattr(span, name, None) for name in members} for span in spans
            ]
        if words is not None:
            record["sentences"] = words
        return record


def _are_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)
