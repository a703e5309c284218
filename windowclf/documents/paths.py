"""The input files of a command, and the output file for each of them."""

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
"""Name of the file with the labels, in a project folder of ``windowclf annotate``."""

BINARY = ("parquet", "docbin")
"""Binary formats with a compression of their own."""


class Input(NamedTuple):
    """A file to read.

    Attributes
    ----------
    path : str
        "-" is stdin.
    place : PurePath
        Relative path of its output in an output folder.
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
        The inputs whose documents it gets, in order.
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
    """Find the input files for names of files, folders and patterns.

    Parameters
    ----------
    names : sequence of str
        Each is a file, a folder (all files below it with a known extension), a pattern such as
        ``data/**/*.txt``, or a URL of one of these; or "-" for stdin.
    form : Format, optional
        The format of all files; by default it is detected for each, see `detect_format`.
    options : ReadOptions, optional
        How the files will be read; by default as texts to tag.

    Returns
    -------
    inputs : list of Input
        The files in the order of the names, sorted within each name.
    others : int
        Number of files in the folders that were skipped.

    Raises
    ------
    DataError
        If there is no file for a name.
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
                    f"{name}: no file of a known format; expected {_known_ends()}; for files with "
                    f"other names use a pattern, such as '{_below(name, '*')}'"
                )
        inputs += [Input(path, place, form or _format_of(path, options)) for path, place in found]
    return inputs, others


def _is_text(path: str) -> bool:
    """Whether a file has a known extension, and is not an annotation of another file."""
    form = format_of(path)
    return form is not None and form.name != "brat"


def _format_of(path: str, options: ReadOptions) -> Format:
    return FORMATS["text"] if path == "-" else detect_format(path, options)


def list_files(name: str) -> tuple[list[tuple[str, PurePath]], bool]:
    """List the files of a name with their relative paths; return also whether it is a folder.

    For a project folder, this is the file with the labels alone.

    Raises
    ------
    DataError
        If the name is not a folder and matches no file.
    """
    if is_url(name):
        from windowclf.system.filesystems import find

        urls, is_folder = find(name)
        return [(found.path, found.place) for found in urls], is_folder
    if os.path.isdir(name):  # noqa: PTH112  # Path("") would be the current folder
        if project := project_file(Path(name)):
            return [(str(project), PurePath(PROJECT_FILE))], True
        return [*_files_in(Path(name))], True
    if MAGIC.isdisjoint(name) or os.path.lexists(name):
        _check_there(name)
        return [(name, PurePath(PurePath(name).name))], False
    if not (files := [*_files_of(name)]):
        raise DataError(f"{name}: no such file, and no match for the pattern")
    return files, False


def project_file(path: Path) -> Path | None:
    """Return the file of a ``windowclf annotate`` project, from its folder or the file itself."""
    if path.is_dir():
        path /= PROJECT_FILE
    form = format_of(path)
    return path if form and form.name == "annotations" and path.is_file() else None


def labelled_files(path: str | Path, options: ReadOptions) -> list[tuple[str, Format]]:
    """List the labelled files of a path with their formats: a file itself, or all in a folder.

    Raises
    ------
    DataError
        If the path does not exist, or has no file of a known format.
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
    """Assign each input to an output file.

    Parameters
    ----------
    inputs : sequence of Input
        At least one.
    output : str
        A file for all inputs if its extension is that of a format, or "-" for stdout; else a folder
        with a file for each input.
    form : Format, optional
        The output format; by default that of the extension of `output`, else that of the input.

    Raises
    ------
    UsageError
        If two inputs have the same output, an output is also an input, or the format is ambiguous.
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
            raise UsageError(
                f"{found.path} is both an input and an output; choose another --output"
            )
        if identity in written:
            one, two = written[identity].inputs[0].path, found.inputs[0].path
            raise UsageError(
                f"{found.path} would be the output of both {one} and {two}; name their folder or "
                "a quoted pattern, or run the command for each with its own --output"
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
            f"{output} is a file; expected a folder, or a name with the extension {_known_ends()}"
        )
    return path.exists() or format_of(path) is not None  # an existing path is a pipe or a device


def _form_of_all(inputs: Sequence[Input]) -> Format:
    forms = {given.form.name: given.form for given in inputs}
    if len(forms) > 1:
        raise UsageError(
            f"inputs of several formats ({', '.join(forms)}): choose one with --format"
        )
    [form] = forms.values()
    return form


def _in_folder(folder: str, given: Input, form: Format) -> Output:
    if given.path == "-":
        raise UsageError(
            f"{folder}: texts from stdin have no file name for a folder; name an --output file "
            f"with the extension {_known_ends()}"
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
    """Return a key that is equal for two names of the same file."""
    if is_url(path):
        return path
    try:
        found = Path(path).stat()
    except OSError:
        return Path(path).resolve()
    return found.st_dev, found.st_ino


def _known_ends() -> str:
    return ", ".join(form.suffix for form in FORMATS.values() if form.suffixes and form.writable)
