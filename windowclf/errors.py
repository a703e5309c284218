"""The errors that windowclf raises on purpose.

Each message is one line: what was wrong and where, what was expected, and the cure.
"""

import reprlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_LISTED = 20
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlist = _LISTED


class WindowclfError(Exception):
    """Whatever windowclf refuses; the base of every error here."""


class UsageError(WindowclfError):
    """A setting, an option or a name that cannot be used as given."""


class DataError(WindowclfError):
    """A corpus or a text that cannot be read; names the file and the line."""


class OutputError(WindowclfError):
    """A file of a job's output that cannot be written."""


class ClusterError(WindowclfError):
    """A cluster that cannot be reached, or does not do what it is asked."""


class WorkerError(WindowclfError):
    """A process that shared the work and was lost."""


class VectorsError(WindowclfError):
    """Word vectors that cannot be read."""


class ModelError(WindowclfError):
    """A model folder that is missing, damaged or from a newer version."""


class StoreError(WindowclfError):
    """A project of annotations that cannot be read, or a decision that was not saved."""


class TrainingError(WindowclfError):
    """A training that cannot go on; names the epoch and the batch."""


class MissingExtraError(WindowclfError, ImportError):
    """A feature whose optional package is not installed.

    Parameters
    ----------
    what : str
        The feature that was asked for.
    extra : str
        The extra of windowclf that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package: pip install 'windowclf[{extra}]'")
        self._given = what, extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        return type(self), self._given  # a worker process pickles its error


class MissingPackageError(WindowclfError, ImportError):
    """A feature whose package the small install leaves out.

    Parameters
    ----------
    what : str
        The feature that was asked for.
    package : str
    """

    def __init__(self, what: str, package: str) -> None:
        super().__init__(
            f"{what} needs the package {package}, which a small install leaves out: "
            "pip install windowclf"
        )
        self._given = what, package

    def __reduce__(self) -> tuple[type["MissingPackageError"], tuple[str, str]]:
        return type(self), self._given  # a worker process pickles its error


@contextmanager
def error_context(where: str) -> Iterator[None]:
    """Say in a `DataError` what it is about, such as a file."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def quoted(value: object) -> str:
    """Show a value of the input in a message: on one line, as Python writes it, cut if long."""
    text = _SHORT.repr(value)
    return text if isinstance(value, str) else shortened(text, 100)


def described(value: object) -> str:
    """Describe the value of an argument in a message: what it is, and of which type."""
    if value is None:
        return "None"
    return f"{shortened(_SHORT.repr(value), 100)} ({type(value).__name__})"


def shortened(text: str, most: int = 40) -> str:
    """Write the beginning of a text on one line, as for the representation of an object."""
    line = " ".join(text[: 4 * most].split())
    is_cut = len(line) > most or len(text) > 4 * most
    return printable(line[:most]) + ("…" if is_cut else "")


def one_line(error: Exception) -> str:
    """Tell what another library says of the input, which it may quote: as a line that is short."""
    return printable(" ".join(str(error).partition("\n")[0].split())[:200])


def printable(text: str) -> str:
    """Replace what a terminal would not show, or would heed."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def join_names(parts: Sequence[str], most: int = _LISTED) -> str:
    """List what an input has, such as the names of its columns; the first of many."""
    rest = len(parts) - most
    return ", ".join([*parts[:most], *([f"and {rest:,} more"] if rest > 0 else [])]) or "none"
