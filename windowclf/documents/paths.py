"""Which files are read, and which is written from each."""

import os
from collections.abc import Iterator, Sequence
from glob import glob
from itertools import takewhile
from pathlib import Path, PurePath
from typing import NamedTuple

from windowclf.documents.formats.registry import FORMATS, Format, format_of
from windowclf.documents.opening import detect_format
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError
from windowclf.system.files import MAGIC
from windowclf.system.streams import COMPRESSED, is_url

PROJECT_FILE = "annotation.sqlite"
"""The file of what was labelled, in the folder of a project of ``windowclf annotate``."""

BINARY = ("parquet", "docbin")
"""Formats that are no text, and pack what they hold themselves."""


class Input(NamedTuple):
    """A file to read.

    Attributes
    ----------
    path : str
        "-" is stdin.
    place : PurePath
        Where its output goes in a folder.
    """

    path: str
    place: PurePath
    form: Format

    @property
    def name(self) -> str:
        """For messages."""
        return "stdin" if self.path == "-" else self.path


class Output(NamedTuple):
    """A file to write.

    Attributes
    ----------
    path : str
        "-" is stdout.
    inputs : list of Input
        What it is made from, in order.
    """

    path: str
    form: Format
    inputs: list[Input]

    @property
    def from_stdin(self) -> bool:
        """Whether stdin is one of the inputs."""
        return any(given.path == "-" for given in self.inputs)


def find_inputs(
    names: Sequence[str], form: Format | None = None, options: ReadOptions | None = None
) -> tuple[list[Input], int]:
    """Find the files that are named by themselves, by their folder or by a pattern.

    Parameters
    ----------
    names : sequence of str
        A file, a folder (every file in it, and in its folders, whose name tells a format), a
        pattern such as ``data/**/*.txt``, each here or as a URL in a store, or "-" for stdin.
    form : Format, optional
        The format of all files; without it that of each is detected, see `detect_format`.
    options : ReadOptions, optional
        How they will be read: as texts to tag if not given.

    Returns
    -------
    inputs : list of Input
        In the order of the names, and sorted within each.
    others : int
        Files in the folders that were left alone.

    Raises
    ------
    DataError
        If a name stands for no file.
    """
    options = options or ReadOptions(labels=False)
    inputs = []
    others = 0
    for name in names:
        found, is_folder = list_files(name)
        if is_folder:
            known = [(path, place) for path, place in found if _is_text(path)]
            others += len(found) - len(known)
            found = known
            if not found:
                raise DataError(
                    f"{name}: no file of a known format; expected {_known_ends()}; name others by "
                    f"a pattern, such as '{_below(name, '*')}'"
                )
        inputs += [Input(path, place, form or _format_of(path, options)) for path, place in found]
    return inputs, others


def _is_text(path: str) -> bool:
    """Whether a file is known by its name, and does not only annotate another."""
    form = format_of(path)
    return form is not None and form.name != "brat"


def _format_of(path: str, options: ReadOptions) -> Format:
    return FORMATS["text"] if path == "-" else detect_format(path, options)


def list_files(name: str) -> tuple[list[tuple[str, PurePath]], bool]:
    """List the files of a name, each with its place, and say whether it is the name of a folder.

    Of the folder of a project, the file with the labels is the only one.

    Raises
    ------
    DataError
        If it is no folder and stands for no file.
    """
    if is_url(name):
        from windowclf.system.filesystems import find

        urls, is_folder = find(name)
        return [(found.path, found.place) for found in urls], is_folder
    if os.path.isdir(name):  # noqa: PTH112  # Path("") would be the folder one stands in
        if project := project_file(Path(name)):
            return [(str(project), PurePath(PROJECT_FILE))], True
        return [*_files_in(Path(name))], True
    if MAGIC.isdisjoint(name) or os.path.lexists(name):
        _check_there(name)
        return [(name, PurePath(PurePath(name).name))], False
    if not (files := [*_files_of(name)]):
        raise DataError(f"{name}: no such file; the pattern fits none")
    return files, False


def project_file(path: Path) -> Path | None:
    """Give the file of a project of ``windowclf annotate``, if this is its folder or the file."""
    if path.is_dir():
        path /= PROJECT_FILE
    form = format_of(path)
    return path if form and form.name == "annotations" and path.is_file() else None


def labelled_files(path: str | Path, options: ReadOptions) -> list[tuple[str, Format]]:
    """List the labelled files of a path, each with its format: itself, or all in a folder.

    Raises
    ------
    DataError
        If there is no such file, or none of a known format.
    """
    if str(path) == "-":
        return [("-", FORMATS["conll"])]
    found, is_folder = list_files(str(path))
    if not is_folder:
        return [(name, detect_format(name, options)) for name, _ in found]
    names = {name for name, _ in found if format_of(name)}
    texts = {str(PurePath(name).with_suffix(".txt")) for name in names if name.endswith(".ann")}
    files = [name for name, _ in found if name in names - texts]
    if not files:
        raise DataError(f"{path}: no file of a known format")
    return [(name, detect_format(name, options)) for name in files]


def plan_outputs(
    inputs: Sequence[Input], output: str = "-", form: Format | None = None
) -> list[Output]:
    """Say which file is written from which.

    Parameters
    ----------
    inputs : sequence of Input
        At least one.
    output : str
        One file for all, if its name tells a format or it is "-", which is stdout; else a folder,
        in which each has its place.
    form : Format, optional
        Of what is written; without it the name of the one file tells it, or else it is that of
        the input.

    Raises
    ------
    UsageError
        If two inputs have the same output, an output is an input, or no format is told.
    """
    if _is_one_file(output):
        form = form or format_of(output) or _form_of_all(inputs)
        outputs = [Output(output, form, list(inputs))]
    else:
        outputs = [_in_folder(output, given, form or given.form) for given in inputs]
    read = {_identity(given.path): given.path for given in inputs if given.path != "-"}
    written: dict[object, Output] = {}
    for found in outputs:
        if found.path == "-":
            continue
        identity = _identity(found.path)
        if identity in read:
            raise UsageError(f"{found.path} is an input and an output; choose another --output")
        if identity in written:
            one, two = written[identity].inputs[0].path, found.inputs[0].path
            raise UsageError(
                f"{found.path} would be the output of {one} and of {two}; give their folder or "
                "a pattern in quotes, or an --output for each"
            )
        written[identity] = found
    return outputs


def _files_in(folder: Path) -> Iterator[tuple[str, PurePath]]:
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in place.parts)
        if not hidden and path.is_file():
            yield str(path), place


def _files_of(pattern: str) -> Iterator[tuple[str, PurePath]]:
    folder = PurePath(*takewhile(MAGIC.isdisjoint, PurePath(pattern).parts))
    for path in sorted(set(glob(pattern, recursive=True))):  # noqa: PTH207  # as shells do
        if Path(path).is_file():
            yield path, PurePath(path).relative_to(folder)


def _check_there(name: str) -> None:
    try:
        if name != "-":
            os.stat(name)  # noqa: PTH116
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{name}: cannot be read: {reason}") from error


def _is_one_file(output: str) -> bool:
    if is_url(output):
        return format_of(output) is not None
    path = Path(output)
    if output == "-" or path.is_dir():
        return output == "-"
    if path.is_file() and not format_of(path):
        raise UsageError(
            f"{output} is a file; expected a folder, or a name that ends in {_known_ends()}"
        )
    return path.exists() or format_of(path) is not None  # what exists is a pipe or a device


def _form_of_all(inputs: Sequence[Input]) -> Format:
    forms = {given.form.name: given.form for given in inputs}
    if len(forms) > 1:
        raise UsageError(f"inputs of several formats ({', '.join(forms)}): say --format")
    [form] = forms.values()
    return form


def _in_folder(folder: str, given: Input, form: Format) -> Output:
    if given.path == "-":
        raise UsageError(
            f"{folder}: what comes from stdin has no name in a folder; give --output a file name "
            f"that ends in {_known_ends()}"
        )
    place = given.place
    if form is not given.form:
        packed = place.suffix if place.suffix.lower() in COMPRESSED else ""
        place = place.with_name(place.name.removesuffix(packed))
        if form.name in BINARY:
            packed = ""
        bare = place.stem if format_of(place) else place.name
        place = place.with_name(f"{bare}{form.suffix}{packed}")
    return Output(_below(folder, place), form, [given])


def _below(folder: str, place: str | PurePath) -> str:
    if is_url(folder):
        return f"{folder.rstrip('/')}/{PurePath(place).as_posix()}"
    return str(PurePath(folder, place))


def _identity(path: str) -> object:
    """Tell a file from others: two names may be of the same one."""
    if is_url(path):
        return path
    try:
        found = Path(path).stat()
    except OSError:
        return Path(path).resolve()
    return found.st_dev, found.st_ino


def _known_ends() -> str:
    return ", ".join(form.suffix for form in FORMATS.values() if form.suffixes and form.writable)
