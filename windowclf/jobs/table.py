"""Reading and writing the rows of a partition, and recording rows that cannot be tagged."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, BinaryIO, Self

import msgspec

from windowclf.documents.document import Document
from windowclf.documents.formats.arrow_layout import ArrowLayout
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, one_line
from windowclf.jobs.job import Job
from windowclf.jobs.plan import Partition, read_footer
from windowclf.system.filesystems import writing
from windowclf.tagging.columns import entities_column, entity_type, tags_column
from windowclf.tagging.tagged_text import TaggedText

if TYPE_CHECKING:
    import pyarrow as pa

_READ_ROWS = 1024
_GROUP_ROWS = 1 << 16  # largest number of rows in a row group
_GROUP_BYTES = 1 << 26

ENTITIES, TAGS = "entities", "tags"


class Bad(msgspec.Struct, frozen=True):
    """Rows that could not be tagged.

    Parameters
    ----------
    file : str
        The input file.
    row : int or None
        The first row, from 0. None: unknown, because the footer cannot be read.
    rows : int or None
        Number of rows; None if unknown.
    """

    file: str
    row: int | None
    rows: int | None
    reason: str


def write_errors(url: str, bad: Sequence[Bad]) -> None:
    """Write the errors of a partition.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    schema = pa.schema(
        {"file": pa.string(), "row": pa.int64(), "rows": pa.int64(), "reason": pa.string()}
    )
    table = pa.Table.from_pylist(msgspec.to_builtins(bad), schema)
    with writing(url) as file:
        write_table(table, file)


def check_columns(schema: "pa.Schema", name: str, job: Job) -> ArrowLayout:
    """Find the column of texts, or else of tokens, in a table.

    Existing labels are replaced, so they are not read.

    Raises
    ------
    DataError
        If there is neither, or two columns have the same name.
    """
    import pyarrow as pa

    wanted = [job.text_column, "sentences"] if job.text_column in schema.names else ["tokens"]
    seen = [field for field in schema if field.name in wanted]
    if seen and len(set(schema.names)) == len(schema):
        schema = pa.schema(seen)
    return ArrowLayout(schema, name, ReadOptions(job.text_column, labels=False))


def check_partitions(partitions: Sequence[Partition], job: Job) -> None:
    """Check the columns of the first readable file, so that a wrong name is reported at once.

    Raises
    ------
    DataError
        If the file has neither texts nor tokens.
    """
    for partition in partitions:
        footer = read_footer(partition.source)
        if footer:  # otherwise the file will be in the error table
            check_columns(footer.schema.to_arrow_schema(), partition.source, job)
            return


class PartitionReader:
    """Yields batches of a partition and their documents, without rows that cannot be tagged.

    Attributes
    ----------
    column : str
        The column for the results.
    bad : list of Bad
        Rows left out so far.
    seconds : float
        Time spent on reading.

    Raises
    ------
    DataError
        If the partition cannot be opened or, later, read.
    """

    def __init__(self, file: BinaryIO, partition: Partition, job: Job) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        self.bad: list[Bad] = []
        self.seconds = 0.0
        self._partition, self._most = partition, job.max_characters
        begun = perf_counter()
        try:
            # Pre-buffered data would stay in memory to the end, possibly the whole file.
            self._file = ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
            self.schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _unreadable(error) from None
        self._layout = check_columns(self.schema, partition.source, job)
        self.column = ENTITIES if self._layout.text else TAGS
        self.seconds += perf_counter() - begun

    def __iter__(self) -> "Iterator[tuple[pa.Table, list[Document]]]":
        import pyarrow as pa

        footer = self._file.metadata
        start, stop = self._partition.groups or (0, footer.num_row_groups)
        row = sum(footer.row_group(i).num_rows for i in range(start))
        batches = self._file.iter_batches(_READ_ROWS, row_groups=[*range(start, stop)])
        while True:
            begun = perf_counter()
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                raise _unreadable(error) from None
            if batch is None:
                return
            rows, documents = self._good(batch, row)
            row += len(batch)
            self.seconds += perf_counter() - begun
            if documents:
                yield rows, documents

    def _good(self, batch: "pa.RecordBatch", first: int) -> "tuple[pa.Table, list[Document]]":
        """Leave out rows that cannot be tagged."""
        import pyarrow as pa

        documents: list[Document] = []
        bad: dict[int, str] = {}
        for row, read in enumerate(self._layout.rows(batch)):
            if isinstance(read, DataError):
                bad[row] = str(read)
            elif read is None:
                continue  # only labelled records can be None
            elif len(read.text) > self._most:
                bad[row] = (
                    f"a text of {len(read.text):,} characters; expected at most {self._most:,}"
                )
            else:
                documents.append(read)
        file = self._partition.source
        self.bad += [Bad(file, first + row, 1, reason) for row, reason in bad.items()]
        # Arrow can slice arrays of all types, but cannot select rows of all of them.
        cuts = pairwise([-1, *bad, len(batch)])
        good = [batch.slice(before + 1, after - before - 1) for before, after in cuts]
        return pa.Table.from_batches([rows for rows in good if len(rows)], batch.schema), documents


class PartitionWriter:
    """Writes batches with a column of results, which replaces an existing one or comes last.

    It is a context manager: the file is complete at the end of the block, unless there was an
    error.

    Parameters
    ----------
    schema : pyarrow.Schema
        Schema of the input.
    column : str
        Name of the column: `ENTITIES` or `TAGS`.

    Attributes
    ----------
    rows : int
        Number of rows written so far.
    seconds : float
        Time spent on writing.
    """

    def __init__(self, file: BinaryIO, schema: "pa.Schema", column: str) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        kind = pa.list_(entity_type() if column == ENTITIES else pa.string())
        self._make = entities_column if column == ENTITIES else tags_column
        place = schema.get_field_index(column)
        self._place = place if place >= 0 else len(schema)
        fields = [*schema]
        fields[self._place : self._place + 1] = [pa.field(column, kind)]
        self._schema = pa.schema(fields, schema.metadata)
        self._writer = ParquetWriter(file, self._schema)
        self._waiting: list[pa.Table] = []  # rows of the next row group
        self._waiting_rows = self._waiting_bytes = 0
        self.rows = 0
        self.seconds = 0.0

    def write(self, rows: "pa.Table", tagged: Sequence[TaggedText]) -> None:
        """Write a batch of rows with their results."""
        import pyarrow as pa

        columns = rows.columns
        columns[self._place : self._place + 1] = [self._make(tagged)]
        rows = pa.Table.from_arrays(columns, schema=self._schema)
        self._waiting.append(rows)
        self._waiting_rows += len(rows)
        self._waiting_bytes += rows.nbytes
        if self._waiting_rows >= _GROUP_ROWS or self._waiting_bytes >= _GROUP_BYTES:
            self._write_group()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            if error is None:
                if self._waiting:
                    self._write_group()
                self._writer.close()
        finally:  # otherwise the deleted writer writes to the file again, and complains
            self._writer.is_open = False

    def _write_group(self) -> None:
        import pyarrow as pa

        begun = perf_counter()
        self._writer.write_table(pa.concat_tables(self._waiting))
        self.rows += self._waiting_rows
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        self.seconds += perf_counter() - begun


def _unreadable(error: Exception) -> DataError:
    return DataError(f"cannot be read as Parquet: {one_line(error)}")
