"""The formats of labelled documents by name and by file extension."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from types import ModuleType
from typing import BinaryIO, Protocol, cast

from windowclf.documents.document import Document
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError
from windowclf.system.packages import require
from windowclf.system.streams import COMPRESSED
from windowclf.tags.columns import ColumnTags
from windowclf.tags.schemes import Scheme


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Options of writing.

    Parameters
    ----------
    text_column : str
        Key or column for the text.
    scheme : Scheme
        Scheme of the tags.
    columns : ColumnTags
        Converts tags for column files, and records the labels that it changes.
    delimiter : str, optional
        Separator of the cells of a table; by default that of the table it was read from, or a
        comma.
    """

    text_column: str = "text"
    scheme: Scheme = Scheme.IOB2
    columns: ColumnTags = field(default_factory=ColumnTags)
    delimiter: str | None = None


class Writer(Protocol):
    """Writes documents to a binary file, which it leaves open."""

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents."""

    def close(self) -> None:
        """Write the end of the format, such as a footer."""


Reader = Callable[[BinaryIO, str, ReadOptions], Iterator[list[Document]]]
"""Reads a file in batches, as soon as they arrive; the name is for messages."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Parameters
    ----------
    name : str
        Also the name of its module, which has a function ``read`` and a class ``Writer``.
    suffixes : tuple of str
        Its file extensions, the first for new files; empty if another format has the same.
    writable : bool
        Whether there is a writer.
    package : str, optional
        A package that it needs and that a small install lacks.
    """

    name: str
    suffixes: tuple[str, ...]
    writable: bool = True
    package: str | None = None

    @property
    def suffix(self) -> str:
        """The extension of new files."""
        return self.suffixes[0] if self.suffixes else ".jsonl"

    def read(self, file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
        """Read a file; see `Reader`."""
        return cast(Reader, self._module().read)(file, name, options)

    def writer(self, file: BinaryIO, options: WriteOptions) -> Writer:
        """Make a writer.

        Raises
        ------
        UsageError
            If the format is read-only.
        """
        if not self.writable:
            names = ", ".join(form.name for form in FORMATS.values() if form.writable)
            raise UsageError(f"{self.name} cannot be written; choose another format: {names}")
        return cast(Callable[[BinaryIO, WriteOptions], Writer], self._module().Writer)(
            file, options
        )

    def _module(self) -> ModuleType:
        if self.package:
            require(f"a file in the format {self.name}", self.package)
        return import_module(f"windowclf.documents.formats.{self.name}")


FORMATS = {
    form.name: form
    for form in (
        Format("text", (".txt",)),
        Format("jsonl", (".jsonl", ".ndjson", ".json")),
        Format("conll", (".conll", ".conllu", ".conllup", ".bio", ".iob", ".iob2", ".tsv")),
        Format("csv", (".csv",)),
        Format("parquet", (".parquet", ".pq"), package="pyarrow"),
        Format("docbin", (".spacy",)),
        Format("brat", (".ann",), writable=False),
        Format("annotations", (".sqlite",), writable=False),
        Format("doccano", ()),
        Format("prodigy", ()),
    )
}


DIALECTS = tuple(form.name for form in FORMATS.values() if not form.suffixes)
"""Formats for writing to a tool, which are read as JSONL."""


class Source(Protocol):
    """A source of documents."""

    @property
    def waits(self) -> bool:
        """Whether the next lines have not arrived yet."""


def batches(documents: Iterable[Document | None], source: Source) -> Iterator[list[Document]]:
    """Group documents into batches as their lines arrive, so that slow streams are not delayed.

    Parameters
    ----------
    documents : iterable of Document or None
        None stands for a line without a document, at which a batch may end.
    source : Source
        The source of the documents, such as `Lines`.

    Raises
    ------
    DataError
        If `documents` raises it. The documents before it are yielded first.
    """
    batch: list[Document] = []
    try:
        for document in documents:
            if document is not None:
                batch.append(document)
            if batch and source.waits:
                yield batch
                batch = []
    except DataError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def format_of(path: str | PurePath) -> Format | None:
    """Return the format for a file extension, with or without ``.gz`` or ``.zst`` after it."""
    name = PurePath(path).name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    suffix = PurePath(name).suffix
    return next((form for form in FORMATS.values() if suffix in form.suffixes), None)
