"""Stores in which a job may be, and a cluster that does it."""

import logging
from uuid import uuid4

import fsspec
import pytest
from distributed import Client, LocalCluster
from fsspec.implementations.memory import MemoryFileSystem


class Refused(Exception):  # noqa: N818  # as that of a store is named, which is no OSError
    """What a store of another library raises."""


class Remote(MemoryFileSystem):
    """A store whose URLs name a host, and which refuses what `refuses` names."""

    protocol = "remote"
    store = {}  # noqa: RUF012  # as its base has it
    pseudo_dirs = [""]  # noqa: RUF012
    refuses = frozenset()

    def __init__(self, host=None, **options):
        super().__init__(**options)
        if not host:
            raise ValueError("no host")
        if host == "none":
            raise Refused("nobody answers\nat all")

    @classmethod
    def _strip_protocol(cls, path):
        if path.startswith("remote://"):
            path = "/" + path.removeprefix("remote://").partition("/")[2]
        return super()._strip_protocol(path)

    @staticmethod
    def _get_kwargs_from_urls(path):
        return {"host": path.removeprefix("remote://").partition("/")[0]}

    def __getattribute__(self, name):
        if name in type(self).refuses:
            raise Refused(f"{name} is not allowed\nfor you")
        return super().__getattribute__(name)


@pytest.fixture
def remote(monkeypatch):
    """Return a store whose own errors a test may provoke, by the names of its methods."""
    fsspec.register_implementation("remote", Remote, clobber=True)
    monkeypatch.setattr(Remote, "store", {})
    monkeypatch.setattr(Remote, "pseudo_dirs", [""])

    def refuse(*names):
        monkeypatch.setattr(Remote, "refuses", frozenset(names))

    return refuse


@pytest.fixture(params=["local", "memory", "remote"])
def output(request, tmp_path, remote):
    """The folder of a job."""
    return {
        "local": str(tmp_path / "some out"),
        "memory": f"memory://{uuid4().hex}/out",
        "remote": "remote://user@host:1/a/out",
    }[request.param]


@pytest.fixture
def in_process():
    """A client of a cluster in this process: one worker with three threads."""
    logging.disable()
    try:
        with (
            LocalCluster(
                processes=False, n_workers=1, threads_per_worker=3, dashboard_address=":0"
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
    finally:
        logging.disable(logging.NOTSET)
