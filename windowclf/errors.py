"""The errors that windowclf raises on purpose.

Each message is one line that says what was wrong and where, what was expected, and how to fix it.
"""

import reprlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_LISTED = 20
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlist = _LISTED


class WindowclfError(Exception):
    """Base class of all errors that windowclf raises on purpose."""


class UsageError(WindowclfError):
    """A setting, an option or an argument is invalid."""


class DataError(WindowclfError):
    """A corpus or a text cannot be read; the message names the file and the line."""


class OutputError(WindowclfError):
    """An output file of a job cannot be written."""


class ClusterError(WindowclfError):
    """A Dask cluster cannot be reached, or fails to do the work."""


class WorkerError(WindowclfError):
    """A worker process died."""


class VectorsError(WindowclfError):
    """Word vectors cannot be read."""


class ModelError(WindowclfError):
    """A model folder is missing, damaged or from a newer version."""


class StoreError(WindowclfError):
    """An annotation project cannot be read, or a decision was not saved."""


class TrainingError(WindowclfError):
    """Training cannot continue; the message names the epoch and the batch."""


class MissingExtraError(WindowclfError, ImportError):
    """A feature needs an optional package that is not installed.

    Parameters
    ----------
    what : str
        The feature, as the message names it.
    extra : str
        The extra of windowclf that installs the package.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'windowclf[{extra}]'")
        self._arguments = what, extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        return type(self), self._arguments  # a worker process pickles its error


class MissingPackageError(WindowclfError, ImportError):
    """A feature needs a package that the small install leaves out.

    Parameters
    ----------
    what : str
        The feature, as the message names it.
    package : str
        The package to install.
    """

    def __init__(self, what: str, package: str) -> None:
        super().__init__(
            f"{what} needs the package {package}, which a small install leaves out: "
            "pip install windowclf"
        )
        self._arguments = what, package

    def __reduce__(self) -> tuple[type["MissingPackageError"], tuple[str, str]]:
        return type(self), self._arguments  # a worker process pickles its error


@contextmanager
def error_context(where: str) -> Iterator[None]:
    """Prefix a `DataError` with where it happened, such as a file."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def quoted(value: object) -> str:
    """Quote an input value for a message: its repr on one line, cut if long."""
    text = _SHORT.repr(value)
    return text if isinstance(value, str) else shortened(text, 100)


def described(value: object) -> str:
    """Describe an argument for a message: its value and its type."""
    if value is None:
        return "None"
    return f"{shortened(_SHORT.repr(value), 100)} ({type(value).__name__})"


def shortened(text: str, most: int = 40) -> str:
    """Cut a text to one short line, for instance for a repr."""
    line = " ".join(text[: 4 * most].split())
    is_cut = len(line) > most or len(text) > 4 * most
    return printable(line[:most]) + ("…" if is_cut else "")


def one_line(error: Exception) -> str:
    """Reduce another library's message, which may quote any input, to one short line."""
    return printable(" ".join(str(error).partition("\n")[0].split())[:200])


def printable(text: str) -> str:
    """Replace characters that a terminal would not show, or would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def join_names(parts: Sequence[str], most: int = _LISTED) -> str:
    """Join names for a message, such as those of columns; of many, only the first are listed."""
    rest = len(parts) - most
    return ", ".join([*parts[:most], *([f"and {rest:,} more"] if rest > 0 else [])]) or "none"
