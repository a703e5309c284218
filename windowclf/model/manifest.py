"""The manifest of a model folder: which files make the model, and whether they are whole."""

import hashlib
import mmap
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from windowclf.config.config import Config
from windowclf.errors import ModelError, printable
from windowclf.model.calibration import Calibration
from windowclf.system.files import open_regular
from windowclf.tags.schemes import Scheme

FORMAT = 1
MANIFEST = "model.json"
TIMES = "times.json"
"""How long training took: no part of the model, so that the same training makes the same files."""
_LARGEST = 2**22  # bytes of a manifest: a hundred thousand labels
_LARGEST_OF = {"parameters": 2**34, "lexicon": 2**30, "training": 2**28}
_LONGEST_MESSAGE = 400


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the folder.

    Parameters
    ----------
    name : str
    size : int
        In bytes.
    sha256 : str
        In hexadecimal digits.
    """

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``model.json`` holds.

    Parameters
    ----------
    format : int
        `FORMAT` of the program that wrote it.
    labels : list of str
        Tags, in the order of the network's scores.
    scheme : Scheme
        Of the labels.
    cased : bool
        See `Lexicon`.
    config : Config
    calibration : Calibration
    files : dict of str to FileEntry
        "parameters", "lexicon" and "training".
    sha256 : str
        Of the manifest itself, as JSON in which this field is empty.
    """

    format: int
    labels: list[str]
    scheme: Scheme
    cased: bool
    config: Config
    calibration: Calibration
    files: dict[str, FileEntry]
    sha256: str = ""

    def checksum(self) -> str:
        """Compute what `sha256` should be."""
        bare = msgspec.structs.replace(self, sha256="")
        return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()


class _Format(msgspec.Struct):
    format: int


class _Sealed(Protocol):
    @property
    def sha256(self) -> str: ...

    def checksum(self) -> str: ...


S = TypeVar("S", bound=_Sealed)


KINDS = ("parameters", "lexicon", "training")
_NAME = re.compile(rf"({'|'.join(KINDS)})-[0-9a-f]{{12}}(\.[a-z]+)+")


def damaged(path: Path, what: object) -> ModelError:
    """Make the error for a file that is not what it should be.

    Parameters
    ----------
    path : Path
    what : object
        An error or a text. It may quote the file, so it is made one line that a terminal can show.
    """
    shown = printable(str(what)[:_LONGEST_MESSAGE])
    return ModelError(f"{path}: damaged model: {shown}; train or fetch it again")


def file_entry(kind: str, suffix: str, content: bytes) -> FileEntry:
    """Describe a file of a kind of `KINDS`; a part of its checksum is in its name."""
    digest = hashlib.sha256(content).hexdigest()
    return FileEntry(f"{kind}-{digest[:12]}{suffix}", len(content), digest)


def read_checksummed(
    text: bytes, kind: type[S], path: Path, what: str, newest: int, largest: int
) -> S:
    """Read a record that has a format and a checksum of itself.

    Parameters
    ----------
    text : bytes
    kind : type
        Of the record.
    path : Path
        An error names it.
    what : str
        The format of what, such as "model".
    newest : int
        The newest format that is known.
    largest : int
        Bytes, at the most.

    Raises
    ------
    ModelError
        If it is written by a newer windowclf.
    ValueError, RecursionError
        If it is damaged.
    """
    if len(text) > largest:
        raise ValueError(f"more than {largest:,} bytes")
    version = msgspec.json.decode(text, type=_Format).format
    if version < 1:
        raise ValueError(f"format {version}")
    if version > newest:
        raise ModelError(
            f"{path}: written in {what} format {str(version)[:20]}, this windowclf reads up to "
            f"{newest}: pip install -U windowclf"
        )
    record = msgspec.json.decode(text, type=kind)
    if record.sha256 != record.checksum():
        raise ValueError("its checksum is wrong")
    return record


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a model folder.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ModelError
        If it is missing, damaged, or written by a newer windowclf.
    """
    path = folder / MANIFEST
    try:
        with open_regular(path) as file:
            text = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(
            f"{path}: cannot read the model: {reason}; expected a folder that "
            f"'windowclf train --output' wrote"
        ) from None
    return parse_manifest(text, path)


def parse_manifest(text: bytes, path: Path) -> Manifest:
    """Read the text of a manifest, errors of which name a path; see `read_manifest`."""
    try:
        manifest = read_checksummed(text, Manifest, path, "model", FORMAT, _LARGEST)
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from None
    if manifest.files.keys() != set(KINDS):
        raise damaged(path, f"expected the files {', '.join(KINDS)}")
    for kind, entry in manifest.files.items():
        # Saving deletes the files of an earlier model: its names must be none of the user's.
        name = _NAME.fullmatch(entry.name)
        if name is None or name[1] != kind:
            raise damaged(path, f"{entry.name[:80]!r} leaves the folder, or names no {kind}")
        if entry.size > _LARGEST_OF[kind]:
            raise damaged(path, f"{entry.size:,} bytes of {kind}: at most {_LARGEST_OF[kind]:,}")
    return manifest


def take_file(files: Mapping[str, bytes], where: Path, manifest: Manifest, kind: str) -> bytearray:
    """Check a file that is in memory, and copy it; see `map_file`.

    Parameters
    ----------
    files : mapping of str to bytes
        By name.
    where : Path
        Errors name it.
    manifest : Manifest
    kind : str
        One of `KINDS`.

    Raises
    ------
    ModelError
        If it is not there, or not the file that the manifest names.
    """
    entry = manifest.files[kind]
    content = files.get(entry.name, b"")
    if len(content) != entry.size or hashlib.sha256(content).hexdigest() != entry.sha256:
        raise _not_the_one(where / entry.name)
    return bytearray(content)


def map_file(folder: Path, manifest: Manifest, kind: str) -> mmap.mmap:
    """Check a file of a model folder, and map it into memory.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
    kind : str
        One of `KINDS`.

    Returns
    -------
    mmap
        What is written to it changes the memory, never the file.

    Raises
    ------
    ModelError
        If it is not there, or not the file that the manifest names.
    """
    entry = manifest.files[kind]
    path = folder / entry.name
    try:
        with open_regular(path) as file:
            same = os.fstat(file.fileno()).st_size == entry.size
            # Read for the checksum, not mapped: what is mapped and never used takes no memory.
            if same and hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256:
                return mmap.mmap(file.fileno(), entry.size, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        raise damaged(path, getattr(error, "strerror", None) or error) from None
    raise _not_the_one(path)


def _not_the_one(path: Path) -> ModelError:
    return damaged(path, f"the file is not the one that {MANIFEST} names")
