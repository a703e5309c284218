"""Packages that tagging does not need, so that a small install can omit them."""

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
    """Report a missing package in one line, with the command that installs it.

    It is also a decorator.

    Parameters
    ----------
    what : str
        The feature that needs the package, for the message.

    Raises
    ------
    MissingPackageError
        If the import of a package in `LEFT_OUT` fails.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in LEFT_OUT:
            raise
        raise MissingPackageError(what, package) from None


def require(what: str, package: str) -> None:
    """Import a package before the work that needs it; see `whole_install`."""
    with whole_install(what):
        import_module(package)
