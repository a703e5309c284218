"""The engines that run the work of a command: this process, or the workers of a Dask cluster."""

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
    """Make --scheduler; `workers` is the option for the number of worker processes."""
    return click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Address of a running Dask cluster, such as tcp://10.0.0.1:8786.  [default: start a "
        f"cluster on this machine, with {workers} worker processes]",
    )


def check_engine(engine: str, scheduler: str | None, **workers: int | None) -> None:
    """Raise an error for cluster options that contradict each other, or if Dask is missing.

    `workers` has one item: the name of the option and the number of workers.
    """
    if scheduler is not None and engine != "dask":
        raise UsageError("--scheduler needs --engine dask")
    for name, number in workers.items():
        if scheduler is not None and number:
            raise UsageError(
                f"{option_name(name)}: leave it out; the cluster at --scheduler has its own workers"
            )
    if engine == "dask":
        import windowclf.system.dask  # noqa: F401


@contextmanager
def cluster(
    scheduler: str | None, workers: int | None, most: int, note: Callable[[str], None]
) -> "Iterator[Client]":
    """Connect to the cluster at an address, or start one; report the address of its dashboard.

    A new cluster has `workers` processes, by default one per processor, and at most `most`, because
    further ones would have no work.
    """
    from windowclf.system.dask import connect
    from windowclf.system.processors import processor_count

    with connect(scheduler, min(workers or processor_count(), most)) as client:
        if client.dashboard_link:
            note(f"dashboard: {client.dashboard_link}")
        if not client.nthreads():
            note("the cluster has no workers yet: waiting for the first")
        yield client
