"""What all tasks of a cluster use, sent once to each worker, those that join later too."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from distributed import Client, Worker, WorkerPlugin, get_worker

from windowclf.errors import ClusterError, told


class _Held(WorkerPlugin):  # type: ignore[misc]  # its base is typed nowhere
    """Lives on a worker for as long as it runs, or until it is taken off.

    The value is pickled by itself, so that the scheduler, which hands it on, does not unpack it.
    """

    def __init__(self, value: object) -> None:
        self._packed: bytes | None = pickle.dumps(value)

    def setup(self, worker: Worker) -> None:
        """Unpack it, once for all tasks of the worker."""
        del worker
        if self._packed is not None:
            self.value, self._packed = pickle.loads(self._packed), None  # noqa: S301


@contextmanager
def hold(client: Client, value: object) -> Iterator[str]:
    """Send a value to each worker for the time of the block; give its name there.

    Unlike data that is scattered, it is not lost with the workers that have it.

    Raises
    ------
    ClusterError
        If a worker cannot unpack it.
    """
    name = f"windowclf-{uuid4().hex}"
    try:
        try:
            client.register_plugin(_Held(value), name=name)
        except Exception as error:  # whatever a worker says
            raise ClusterError(
                f"the workers cannot use what they are sent: {told(error)}"
            ) from None
        yield name
    finally:
        if client.status == "running":
            with suppress(Exception):  # the cluster may be going
                client.unregister_worker_plugin(name)


def held(name: str) -> Any:
    """Give the value of a name, in a task."""
    return get_worker().plugins[name].value
