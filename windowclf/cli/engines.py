"""The engines that do the work of a command: this process, or the workers of a Dask cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from windowclf.cli.options import Command
from windowclf.config.check import option_name
from windowclf.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client


def scheduler_option(workers: str) -> Callable[[Command], Command]:
    """Make the option of a cluster; `workers` is the one that says how many processes it has."""
    return click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Of a Dask cluster that runs, such as tcp://10.0.0.1:8786.  [default: start one on "
        f"this machine, with {workers} worker processes]",
    )


def check_engine(engine: str, scheduler: str | None, **workers: int | None) -> None:
    """Refuse options of a cluster that do not go together, and a cluster without Dask.

    `workers` has one item: how many there are to be, by the name of its option.
    """
    if scheduler is not None and engine != "dask":
        raise UsageError("--scheduler is for --engine dask")
    for name, number in workers.items():
        if scheduler is not None and number:
            raise UsageError(f"{option_name(name)}: the workers at --scheduler are there already")
    if engine == "dask":
        import windowclf.system.dask  # noqa: F401


@contextmanager
def cluster(
    scheduler: str | None, workers: int | None, most: int, note: Callable[[str], None]
) -> "Iterator[Client]":
    """Connect to the cluster at an address, or start one; note where it can be watched.

    A cluster that is started has so many worker processes, by default one for each processor, and
    no more than `most`, since further ones would have no work.
    """
    from windowclf.system.dask import connect
    from windowclf.system.processors import processor_count

    with connect(scheduler, min(workers or processor_count(), most)) as client:
        if client.dashboard_link:
            note(f"dashboard: {client.dashboard_link}")
        if not client.nthreads():
            note("the cluster has no workers yet: waiting for the first")
        yield client
