"""The engines that do the work of a command: this process, or the workers of a Dask cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from windowclf.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Of a Dask cluster that runs, such as tcp://10.0.0.1:8786.  [default: start one on this "
    "machine, with --threads worker processes]",
)


def check_engine(engine: str, scheduler: str | None, threads: int | None) -> None:
    """Refuse options of a cluster that do not go together, and a cluster without Dask."""
    if scheduler is not None and engine != "dask":
        raise UsageError("--scheduler is for --engine dask")
    if scheduler is not None and threads:
        raise UsageError("--threads: the workers at --scheduler have threads of their own")
    if engine == "dask":
        import windowclf.system.dask  # noqa: F401


@contextmanager
def cluster(
    scheduler: str | None, threads: int | None, most: int, note: Callable[[str], None]
) -> "Iterator[Client]":
    """Connect to the cluster at an address, or start one; note where it can be watched.

    A cluster that is started has a worker process for each thread, and no more than `most`, since
    further ones would have no work.
    """
    from windowclf.system.dask import connect
    from windowclf.system.threads import thread_count

    with connect(scheduler, min(thread_count(threads), most)) as client:
        if client.dashboard_link:
            note(f"dashboard: {client.dashboard_link}")
        if not client.nthreads():
            note("the cluster has no workers yet: waiting for the first")
        yield client
