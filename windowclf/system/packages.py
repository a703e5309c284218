"""Packages that tagging does without, and that a small install leaves out."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from windowclf.errors import MissingPackageError

LEFT_OUT = frozenset(
    {
        *("scipy", "gensim", "datasets", "pyarrow", "fsspec", "huggingface_hub", "rich"),
        *("safetensors", "jinja2", "charset_normalizer", "tqdm", "plotly"),
    }
)
"""Modules of the dependencies of windowclf that are not in ``requirements-tag.txt``."""


@contextmanager
def whole_install(what: str) -> Iterator[None]:
    """Tell in one line which package is missing for something, and what installs it.

    Serves as a decorator, too.

    Parameters
    ----------
    what : str
        What the user asked for.

    Raises
    ------
    MissingPackageError
        In place of Python's error for one of the packages of `LEFT_OUT`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in LEFT_OUT:
            raise
        raise MissingPackageError(what, package) from None


def require(what: str, package: str) -> None:
    """Import a package before the work that needs it begins; see `whole_install`."""
    with whole_install(what):
        import_module(package)
