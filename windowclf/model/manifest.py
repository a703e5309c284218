"""Manifests: JSON files that list the files of a model or a checkpoint with their checksums."""

import hashlib
import mmap
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

from windowclf.config.config import Config
from windowclf.errors import ModelError, printable
from windowclf.model.calibration import Calibration
from windowclf.system.files import open_regular
from windowclf.tags.schemes import Scheme

FORMAT = 3
"""Version of the format: 2 since models may have word clusters, which 0.1.0 cannot read; 3 since
the lexicon of a compressed model is packed in blocks."""
MANIFEST = "model.json"
TIMES = "times.json"
"""File with the times of training, apart from the model so that equal trainings give equal files.
"""
_LONGEST_MESSAGE = 400
_STEP = 2**24  # bytes per step of a checksum
_NAME = re.compile(r"([a-z_]+)-[0-9a-f]{12}(\.[a-z]+)+")


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the folder.

    Parameters
    ----------
    size : int
        Size in bytes.
    sha256 : str
        Checksum in hexadecimal digits.
    """

    name: str
    size: int
    sha256: str


class Sealed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A manifest: the files of a folder, the format, and a checksum of the manifest itself.

    Each kind of manifest has the fields ``format``, ``files`` and ``sha256``; the checksum is
    computed with an empty ``sha256``.
    """

    WHAT: ClassVar[str]
    """Name of the content, for messages."""
    FILE: ClassVar[str]
    """The name of the JSON file."""
    NEWEST: ClassVar[int]
    """The newest format that can be read."""
    LARGEST: ClassVar[int]
    """Largest size of the JSON file in bytes."""
    LARGEST_OF: ClassVar[Mapping[str, int]]
    """Largest size in bytes of the file of each kind."""
    EXPECTED: ClassVar[str] = ""
    """Addition to the message if the folder does not exist."""
    CURE: ClassVar[str]
    """The cure for a damaged file, for messages."""

    if TYPE_CHECKING:
        files: dict[str, FileEntry]
        sha256: str

    def sealed(self) -> Self:
        """Return a copy with its checksum filled in."""
        bare = msgspec.structs.replace(self, sha256="")
        return msgspec.structs.replace(self, sha256=digest(bare))

    @classmethod
    def damaged(cls, path: Path, what: object) -> ModelError:
        """Make the error for a damaged file.

        Parameters
        ----------
        what : object
            An error or a text. Because it may quote the file, it is reduced to one printable line.
        """
        shown = printable(str(what)[:_LONGEST_MESSAGE])
        cure = cls.CURE.format(folder=path.parent)
        return ModelError(f"{path}: damaged {cls.WHAT}: {shown}; {cure}")

    @classmethod
    def read_from(cls, folder: Path) -> Self:
        """Read the JSON file of a folder.

        Raises
        ------
        ModelError
            If the file is missing, damaged, or written by a newer windowclf.
        """
        path = folder / cls.FILE
        try:
            with open_regular(path) as file:
                text = file.read(cls.LARGEST + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ModelError(
                f"{path}: cannot read the {cls.WHAT}: {reason}{cls.EXPECTED}"
            ) from None
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: bytes, path: Path) -> Self:
        """Parse the text of the JSON file; errors name its path, see `read_from`."""
        try:
            record = cls._decode(text, path)
        except (ValueError, RecursionError) as error:
            raise cls.damaged(path, error) from None
        if record.files.keys() != cls.LARGEST_OF.keys():
            raise cls.damaged(path, f"expected the files {', '.join(cls.LARGEST_OF)}")
        for kind, entry in record.files.items():
            # The files of an earlier save will be deleted, so user files must never be listed.
            name = _NAME.fullmatch(entry.name)
            if name is None or name[1] != kind:
                what = f"{entry.name[:80]!r} leaves the folder, or does not name a {kind} file"
                raise cls.damaged(path, what)
            if entry.size > (most := cls.LARGEST_OF[kind]):
                raise cls.damaged(path, f"{entry.size:,} bytes of {kind}: at most {most:,}")
        return record

    @classmethod
    def _decode(cls, text: bytes, path: Path) -> Self:
        if len(text) > cls.LARGEST:
            raise ValueError(f"more than {cls.LARGEST:,} bytes")
        version = msgspec.json.decode(text, type=_Format).format
        if version < 1:
            raise ValueError(f"format {version}")
        if version > cls.NEWEST:
            raise ModelError(
                f"{path}: written in {cls.WHAT} format {str(version)[:20]}, this windowclf reads "
                f"up to {cls.NEWEST}: pip install -U windowclf"
            )
        record = msgspec.json.decode(text, type=cls)
        # The checksum covers the text itself, as earlier versions lack some fields of `Config`.
        if record.sha256 != digest(msgspec.json.decode(text) | {"sha256": ""}):
            raise ValueError("its checksum is wrong")
        return record


def digest(record: object) -> str:
    """Compute the checksum of a record, or of the mapping that its JSON represents."""
    return hashlib.sha256(msgspec.json.encode(record)).hexdigest()


class _Format(msgspec.Struct):
    format: int


class Manifest(Sealed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``model.json``.

    Parameters
    ----------
    format : int
        `FORMAT` of the program that wrote it.
    labels : list of str
        Tags, in the order of the network's scores.
    scheme : Scheme
        Scheme of the labels.
    cased : bool
        Whether the word vectors are cased, see `Lexicon`.
    files : dict of str to FileEntry
        Files by the kinds of `KINDS`.
    sha256 : str
        See `Sealed`.
    """

    WHAT = "model"
    FILE = MANIFEST
    NEWEST = FORMAT
    LARGEST = 2**22  # enough for a hundred thousand labels
    LARGEST_OF = {"parameters": 2**34, "lexicon": 2**30, "training": 2**28}
    EXPECTED = "; expected a folder that 'windowclf train --output' wrote"
    CURE = "train or download it again"

    format: int
    labels: list[str]
    scheme: Scheme
    cased: bool
    config: Config
    calibration: Calibration
    files: dict[str, FileEntry]
    sha256: str = ""


KINDS = tuple(Manifest.LARGEST_OF)
damaged = Manifest.damaged
read_manifest = Manifest.read_from
parse_manifest = Manifest.parse


def file_entry(kind: str, suffix: str, content: bytes) -> FileEntry:
    """Make the entry of a file; its name contains a part of its checksum."""
    digest = hashlib.sha256(content).hexdigest()
    return FileEntry(f"{kind}-{digest[:12]}{suffix}", len(content), digest)


def take_file(files: Mapping[str, bytes], where: Path, manifest: Manifest, kind: str) -> bytearray:
    """Check a file that is in memory, and copy it; see `map_file`.

    Parameters
    ----------
    files : mapping of str to bytes
        Content of each file by name.
    where : Path
        Name of the files in error messages.
    kind : str
        One of `KINDS`.

    Raises
    ------
    ModelError
        If the file is missing, or is not the one that the manifest names.
    """
    entry = manifest.files[kind]
    content = files.get(entry.name, b"")
    if len(content) != entry.size or hashlib.sha256(content).hexdigest() != entry.sha256:
        raise damaged(where / entry.name, f"the file is not the one that {MANIFEST} names")
    return bytearray(content)


def map_file(folder: Path, record: Sealed, kind: str, *, check: bool = True) -> mmap.mmap:
    """Check a file of a folder, and map it into memory.

    Parameters
    ----------
    record : Sealed
        The manifest that lists the file.
    check : bool
        Whether to verify its checksum; its size is always verified.

    Returns
    -------
    mmap
        The content. Writing to it changes the memory, never the file.

    Raises
    ------
    ModelError
        If the file is missing, or is not the one that the manifest names.
    """
    entry = record.files[kind]
    path = folder / entry.name
    try:
        with open_regular(path) as file:
            same = os.fstat(file.fileno()).st_size == entry.size
            if same and (not check or _checksum(file.fileno(), entry.size) == entry.sha256):
                return mmap.mmap(file.fileno(), entry.size, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        raise record.damaged(path, getattr(error, "strerror", None) or error) from None
    raise record.damaged(path, f"the file is not the one that {record.FILE} names")


def _checksum(file: int, size: int) -> str:
    """Compute the checksum of an open file, in large steps that let other threads run."""
    checksum = hashlib.sha256()
    with mmap.mmap(file, size, access=mmap.ACCESS_READ) as content, memoryview(content) as view:
        for start in range(0, size, _STEP):
            checksum.update(view[start : start + _STEP])
            if hasattr(content, "madvise"):  # so that the pages do not count as used memory
                content.madvise(mmap.MADV_DONTNEED, start, min(_STEP, size - start))
    return checksum.hexdigest()


@contextmanager
def checked_meanwhile(folder: Path, record: Sealed) -> Iterator[None]:
    """Verify the checksums of a folder's files in a thread while a with-block reads them.

    This saves a third of the time to read a model. The block must handle any content.

    Raises
    ------
    ModelError
        At the end of the block, if a file is missing or is not the one that the manifest names;
        it replaces any error of the block.
    """
    faults: list[ModelError] = []

    def check() -> None:
        try:
            for kind in record.files:
                map_file(folder, record, kind).close()
        except ModelError as error:
            faults.append(error)

    thread = Thread(target=check, name="windowclf checksums")
    try:
        thread.start()
    except RuntimeError:  # the platform does not support threads
        check()
    try:
        yield
    finally:
        if thread.ident is not None:
            thread.join()
        if faults:
            raise faults[0] from None
