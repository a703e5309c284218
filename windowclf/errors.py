"""The errors that windowclf raises on purpose.

Each message is one line: what was wrong and where, what was expected, and the cure.
"""


class WindowclfError(Exception):
    """Whatever windowclf refuses; the base of every error here."""


class UsageError(WindowclfError):
    """A setting, an option or a name that cannot be used as given."""


class DataError(WindowclfError):
    """A corpus or a text that cannot be read; names the file and the line."""


class VectorsError(WindowclfError):
    """Word vectors that cannot be read."""


class ModelError(WindowclfError):
    """A model folder that is missing, damaged or from a newer version."""


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
