"""The manifest of a model folder: which files make the model, and whether they are whole."""

import hashlib
from pathlib import Path

import msgspec

from windowclf.config import Config
from windowclf.errors import ModelError
from windowclf.tags import Scheme

FORMAT = 1
MANIFEST = "model.json"


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
    files: dict[str, FileEntry]
    sha256: str = ""

    def checksum(self) -> str:
        """Compute what `sha256` should be."""
        bare = msgspec.structs.replace(self, sha256="")
        return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()


class _Format(msgspec.Struct):
    format: int


KINDS = {"parameters": ".safetensors", "lexicon": ".json", "training": ".json"}


def file_entry(kind: str, content: bytes) -> FileEntry:
    """Describe a file of a kind of `KINDS`; a part of its checksum is in its name."""
    digest = hashlib.sha256(content).hexdigest()
    return FileEntry(f"{kind}-{digest[:12]}{KINDS[kind]}", len(content), digest)


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
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(
            f"{path}: cannot read the model: {reason}; expected a folder that "
            f"'windowclf train --output' wrote"
        ) from None
    try:
        version = msgspec.json.decode(text, type=_Format).format
        if version > FORMAT:
            raise ModelError(
                f"{path}: written in model format {version}, this windowclf reads up to "
                f"{FORMAT}: pip install -U windowclf"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ModelError(f"{path}: damaged model: {error}; train or fetch it again") from None
    if manifest.sha256 != manifest.checksum():
        raise ModelError(f"{path}: damaged model: its checksum is wrong; train or fetch it again")
    if manifest.files.keys() != KINDS.keys():
        raise ModelError(f"{path}: damaged model: expected the files {', '.join(KINDS)}")
    return manifest


def read_file(folder: Path, manifest: Manifest, kind: str) -> bytes:
    """Read a file of a model folder.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
    kind : str
        A key of `KINDS`.

    Raises
    ------
    ModelError
        If it is not there, or not the file that the manifest names.
    """
    entry = manifest.files[kind]
    path = folder / entry.name
    if Path(entry.name).name != entry.name:
        raise ModelError(f"{folder / MANIFEST}: damaged model: {entry.name!r} leaves the folder")
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"{path}: damaged model: {reason}") from None
    if len(content) != entry.size or hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ModelError(
            f"{path}: damaged model: the file is not the one that {MANIFEST} names; train or "
            f"fetch it again"
        )
    return content
