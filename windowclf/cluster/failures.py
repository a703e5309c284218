"""What ends work on a cluster, and what costs it a task alone."""

from distributed import KilledWorker

from windowclf.errors import ClusterError, WindowclfError, told


def scheduler_lost() -> ClusterError:
    """Say that the scheduler is gone, and with it all tasks."""
    return ClusterError("the scheduler of the cluster is lost: start it again; what is done stays")


def raise_unless_lost(error: Exception | None, task: str) -> None:
    """Raise the error of a task, if it has one, unless worker after worker was lost with it.

    Parameters
    ----------
    error : Exception or None
    task : str
        What the worker was to do, for messages.
    """
    if isinstance(error, WindowclfError):
        raise error
    if error is not None and not isinstance(error, KilledWorker):
        raise ClusterError(f"a worker cannot {task}: {type(error).__name__}: {told(error)}")
