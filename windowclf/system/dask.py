"""Working on a Dask cluster: connecting, sending values to its workers, and handling losses."""

import logging
import os
import pickle
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from multiprocessing import resource_tracker
from typing import Any
from uuid import uuid4

from windowclf.errors import ClusterError, MissingExtraError, UsageError, WindowclfError, one_line

try:
    import dask
    from distributed import (
        Client,
        KilledWorker,
        LocalCluster,
        Security,
        Worker,
        WorkerPlugin,
        get_worker,
    )
    from distributed.comm import connect as comm_to
    from distributed.core import Status
    from distributed.system import MEMORY_LIMIT
    from distributed.utils import LoopRunner, sync
except ImportError:
    raise MissingExtraError("--engine dask", "dask") from None

_ANSWER_SECONDS = 10
"""Time limit for the answer of a scheduler."""

_START_SECONDS = 60
"""Time limit for the start of a cluster's first worker."""


@contextmanager
def connect(scheduler: str | None = None, workers: int = 1) -> Iterator[Client]:
    """Connect to a cluster, or start one for the time of the block.

    Parameters
    ----------
    scheduler : str, optional
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``. By default a cluster is started
        on this machine.
    workers : int
        Number of processes of a new cluster, each with one thread. If the block ends with an error,
        they are killed.

    Raises
    ------
    UsageError
        If the address is empty.
    ClusterError
        If no scheduler answers, or the cluster does not have this version of windowclf.
    """
    with _quiet(), _started(workers) if scheduler is None else _joined(scheduler) as client:
        yield client


@contextmanager
def _joined(scheduler: str) -> Iterator[Client]:
    if not scheduler.strip():  # Dask would start a cluster of its own
        raise UsageError("no address of a scheduler: expected one such as tcp://10.0.0.1:8786")
    with _loop() as loop:
        try:
            sync(loop.loop, _answer, scheduler, callback_timeout=_ANSWER_SECONDS + 1)
            client = Client(scheduler, timeout=_ANSWER_SECONDS, loop=loop.loop)
        except Exception as error:  # each protocol has its own errors
            why = one_line(error) or f"silent for {_ANSWER_SECONDS} s"
            raise ClusterError(
                f"{scheduler}: no Dask scheduler answers ({why}); start one with "
                "'dask scheduler' and workers with 'dask worker ADDRESS'"
            ) from None
        with client:
            _check_versions(client)
            yield client


async def _answer(scheduler: str) -> None:
    """Wait for an answer; a client would wait forever for a server of another kind."""
    security = Security().get_connection_args("client")
    comm = await comm_to(scheduler, timeout=_ANSWER_SECONDS, **security)
    await comm.close()


@contextmanager
def _started(workers: int) -> Iterator[Client]:
    # One task at a time per worker, so that the loss of a worker costs one partition.
    settings = {
        "distributed.scheduler.worker-saturation": 1.0,
        # Sampling all threads a hundred times a second costs a tenth of the time.
        "distributed.worker.profile.enabled": False,
        # Memory that is returned to the system at once causes page faults again and again.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    }
    with _environment(PYTHONWARNINGS="ignore"), _loop() as loop, dask.config.set(settings):
        resource_tracker.ensure_running()  # the thread that starts it would receive Ctrl-C again
        # A cluster that is interrupted during its start does not shut down cleanly.
        with _blocked(signal.SIGINT, signal.SIGTERM):
            cluster = LocalCluster(
                n_workers=0,
                threads_per_worker=1,
                memory_limit=MEMORY_LIMIT // workers,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
                preload=["import logging; logging.disable()"],
                loop=loop.loop,
            )
        with cluster, Client(cluster) as client:
            try:
                cluster.scale(workers)
                client.wait_for_workers(1, timeout=_START_SECONDS)
                yield client
            except TimeoutError:
                raise ClusterError(f"no worker has started in {_START_SECONDS} seconds") from None
            except BaseException:
                _kill(cluster)
                raise


@contextmanager
def _environment(**of_workers: str) -> Iterator[None]:
    """Set the environment of the workers in this process, as Dask does, and restore it later."""
    before = dict(os.environ)
    os.environ.update(of_workers)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _loop() -> Iterator[LoopRunner]:
    """Start the thread that starts the workers, with Ctrl-C blocked for both.

    A terminal sends Ctrl-C to all processes, but only this one decides what happens then.
    """
    loop = LoopRunner()
    with _blocked(signal.SIGINT):
        loop.start()
    try:
        yield loop
    finally:
        loop.stop()


@contextmanager
def _blocked(*signals: signal.Signals) -> Iterator[None]:
    """Block signals in this thread during the block, and permanently in threads it starts."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill(cluster: LocalCluster) -> None:
    """Kill the workers, which would otherwise finish their tasks first."""
    for nanny in cluster.workers.values():
        if nanny.status is Status.running:
            nanny.close_gracefully()  # keeps it from starting another one
            if pid := nanny.pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _check_versions(client: Client) -> None:
    mine = version("windowclf")
    found = client.get_versions(packages=["windowclf"])
    others = {"the scheduler": found["scheduler"], **found["workers"]}
    for name, versions in others.items():
        theirs = versions["packages"].get("windowclf")
        if theirs != mine:
            has = f"has windowclf {theirs}" if theirs else "has no windowclf"
            raise ClusterError(
                f"{name} of the cluster {has}; expected {mine}, as here: install the same on all"
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's log and warnings; callers report what matters."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


class _Held(WorkerPlugin):  # type: ignore[misc]  # its base is typed nowhere
    """A value on a worker, which stays until the plugin is removed.

    The value is pickled separately, so that the scheduler passes it on without unpickling it.
    """

    def __init__(self, value: object) -> None:
        self._packed: bytes | None = pickle.dumps(value)

    def setup(self, worker: Worker) -> None:
        """Unpickle the value, once for all tasks of the worker."""
        del worker
        if self._packed is not None:
            self.value, self._packed = pickle.loads(self._packed), None  # noqa: S301


@contextmanager
def broadcast(client: Client, value: object) -> Iterator[str]:
    """Send a value to each worker for the time of the block; yield its name.

    Unlike scattered data, the value is not lost with the workers that have it.

    Raises
    ------
    ClusterError
        If a worker cannot unpickle the value.
    """
    name = f"windowclf-{uuid4().hex}"
    try:
        try:
            client.register_plugin(_Held(value), name=name)
        except Exception as error:  # any error of a worker
            raise ClusterError(
                f"the workers cannot load the data sent to them: {one_line(error)}"
            ) from None
        yield name
    finally:
        if client.status == "running":
            with suppress(Exception):  # the cluster may be shutting down
                client.unregister_worker_plugin(name)


def broadcasted(name: str) -> Any:
    """Return the value of a name, within a task."""
    return get_worker().plugins[name].value


def scheduler_lost() -> ClusterError:
    """Make the error for the loss of the scheduler and all of its tasks."""
    return ClusterError(
        "the scheduler of the cluster is lost: start it again; finished work is kept"
    )


def raise_unless_lost(error: Exception | None, task: str) -> None:
    """Raise the error of a task, unless the error is that it lost several workers.

    Parameters
    ----------
    task : str
        The work of the task, for messages: "a worker cannot ...".
    """
    if isinstance(error, WindowclfError):
        raise error
    if error is not None and not isinstance(error, KilledWorker):
        raise ClusterError(f"a worker cannot {task}: {type(error).__name__}: {one_line(error)}")
