"""The formats of labelled documents by their names, and how a file's name tells its format."""

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
    """What a writer has to be told.

    Parameters
    ----------
    text_column : str
        Key or column of the text.
    scheme : Scheme
        How tags spell spans.
    columns : ColumnTags
        Writes the tags of column files, and can be asked afterwards which labels it changed.
    delimiter : str, optional
        What separates the cells of a table; by default what did so where it was read, or a comma.
    """

    text_column: str = "text"
    scheme: Scheme = Scheme.IOB2
    columns: ColumnTags = field(default_factory=ColumnTags)
    delimiter: str | None = None


class Writer(Protocol):
    """Writes documents to a binary file, which it leaves open."""

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before."""

    def close(self) -> None:
        """Write what the format has at its end."""


Reader = Callable[[BinaryIO, str, ReadOptions], Iterator[list[Document]]]
"""Reads a file, whose name is for messages, in batches as they come."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files.

    Parameters
    ----------
    name : str
        Also of its module, which has a function ``read`` and a class ``Writer``.
    suffixes : tuple of str
        Ends of the names of its files, the first for new ones; none if they do not distinguish it
        from another format.
    writable : bool
        Whether it can be written.
    package : str, optional
        One that reads and writes it, and that a small install leaves out.
    """

    name: str
    suffixes: tuple[str, ...]
    writable: bool = True
    package: str | None = None

    @property
    def suffix(self) -> str:
        """The end of the names of new files."""
        return self.suffixes[0] if self.suffixes else ".jsonl"

    def read(self, file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
        """Read a file; see `Reader`."""
        return cast(Reader, self._module().read)(file, name, options)

    def writer(self, file: BinaryIO, options: WriteOptions) -> Writer:
        """Make a writer.

        Raises
        ------
        UsageError
            If the format is read only.
        """
        if not self.writable:
            names = ", ".join(form.name for form in FORMATS.values() if form.writable)
            raise UsageError(f"{self.name} cannot be written; choose another format: {names}")
        return cast(Callable[[BinaryIO, WriteOptions], Writer], self._module().Writer)(
            file, options
        )

    def _module(self) -> ModuleType:
        if self.package:
            require(f"a file of the format {self.name}", self.package)
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
"""Formats that are written for a tool, and are read as JSONL."""


class Source(Protocol):
    """What documents are read from."""

    @property
    def waits(self) -> bool:
        """Whether what comes next is still to be read."""


def batches(documents: Iterable[Document | None], source: Source) -> Iterator[list[Document]]:
    """Group documents as their lines come, so that a slow stream is answered at once.

    Parameters
    ----------
    documents : iterable of Document or None
        None for a line that has none: the documents before it need not wait for the next line.
    source : Source
        What they are read from, such as `Lines`.

    Raises
    ------
    DataError
        That the documents raise; after the documents before it.
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
    """Tell the format of a file from its name, ``.gz`` or ``.zst`` after it or not."""
    name = PurePath(path).name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    suffix = PurePath(name).suffix
    return next((form for form in FORMATS.values() if suffix in form.suffixes), None)
