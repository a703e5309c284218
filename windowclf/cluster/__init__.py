"""The same work on a cluster of Dask: on the cores of this machine, or of many."""

from windowclf.errors import MissingExtraError

try:
    import distributed  # noqa: F401
except ImportError:
    raise MissingExtraError("--engine dask", "dask") from None
