"""The search on a cluster: as many trials at the same time as its workers have threads.

The study stays in the process that runs the command. A worker receives the settings of a trial,
reports the F1 of each epoch, and returns the classifier. It ends a trial after its current batch
when the trial is hopeless or the search has ended in any way.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

import optuna
from distributed import Client, Future, get_worker

from windowclf.config.config import Config
from windowclf.corpora.coerce import as_clusters, as_gazetteers, as_names
from windowclf.system.dask import broadcast, broadcasted, raise_unless_lost, scheduler_lost
from windowclf.tuning.trials import Trained, Trials, train

_SECONDS = 1.0
"""Interval between checks for new workers."""


def run_on_cluster(client: Client, trials: Trials) -> None:
    """Run trials on a cluster, like `Trials.run`, each with one thread.

    The plan is sent once to each worker. A file of vectors must have the same path on all workers;
    gazetteers, clusters and names are read here. The settings of a trial depend on the trials that
    have finished before, and so on the order in which they finish: a search with the same seed may
    try other settings.

    If a worker is lost, its trial is restarted on another one. A trial that loses more workers than
    ``distributed.scheduler.allowed-failures`` is tried once more by itself after all others,
    because another trial may have killed its workers; then it counts as lost.

    Raises
    ------
    DataError, ModelError
        See `Trials.run`.
    ClusterError
        If the scheduler is lost, or a worker cannot do a task.
    """
    gazetteers = as_gazetteers(trials.plan.gazetteers)
    lists = {kind: gazetteer.names for kind, gazetteer in gazetteers.items()}
    clusters = as_clusters(trials.plan.clusters)
    names = as_names(trials.plan.names)
    plan = replace(trials.plan, gazetteers=lists, clusters=clusters, names=names)
    with trials.under_way(), broadcast(client, plan) as name:
        _Conductor(client, trials, name).run()


@dataclass(slots=True)
class _OnWorker:
    """A trial in progress on a worker."""

    trial: optuna.Trial
    config: Config
    future: Future = None  # until it is submitted
    epochs: int = 0
    by_itself: bool = False


class _Conductor:
    """Sends trials to workers, and handles their reports."""

    def __init__(self, client: Client, trials: Trials, name: str) -> None:
        self._client, self._trials, self._name = client, trials, name
        self._under_way: dict[int, _OnWorker] = {}
        self._suspects: list[_OnWorker] = []  # trials that lost too many workers
        # Threads of Dask put calls here; this thread runs them.
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self) -> None:
        """Run trials until enough are started and all have ended."""
        self._client.subscribe_topic(
            self._name, lambda event: self._events.put(lambda: self._epoch(*event[1]))
        )
        try:
            while self._wanted() or self._under_way or self._suspects:
                self._begin()
                with suppress(Empty):
                    self._events.get(timeout=_SECONDS)()
        finally:
            with suppress(Exception):  # the cluster may have shut down
                self._client.cancel([one.future for one in self._under_way.values()])
                self._client.unsubscribe_topic(self._name)

    def _wanted(self) -> bool:
        return self._trials.wanted(len(self._under_way) + len(self._suspects))

    def _begin(self) -> None:
        """Start trials on the idle threads."""
        while self._wanted() and len(self._under_way) < self._threads():
            self._submit(_OnWorker(*self._trials.begin()))
        if self._suspects and not self._under_way:
            self._submit(self._suspects.pop(0))

    def _submit(self, one: _OnWorker) -> None:
        number = one.trial.number
        one.future = self._client.submit(_train, self._name, number, one.config, pure=False)
        self._under_way[number] = one
        one.future.add_done_callback(lambda _: self._events.put(lambda: self._end(number)))

    def _threads(self) -> int:
        try:
            return sum(self._client.nthreads().values())
        except (OSError, RuntimeError):
            raise scheduler_lost() from None

    def _epoch(self, number: int, epoch: int, f1: float) -> None:
        one = self._under_way.get(number)
        if (
            one is None or epoch <= one.epochs
        ):  # the trial has ended, or was restarted on another worker
            return
        one.epochs = epoch
        if self._trials.hopeless(one.trial, epoch, f1):
            one.future.cancel()
            self._forget(number)
            self._trials.pruned(one.trial)

    def _end(self, number: int) -> None:
        one = self._under_way.get(number)
        if one is None:  # the trial was pruned
            return
        if one.future.cancelled():
            raise scheduler_lost()
        error = one.future.exception()
        raise_unless_lost(error, "train a trial")
        trained = None if error else one.future.result()
        self._forget(number)
        if trained:
            self._trials.done(one.trial, trained)
        elif one.by_itself:
            self._trials.pruned(one.trial, lost=True)
        else:
            one.by_itself = True
            self._suspects.append(one)

    def _forget(self, number: int) -> None:
        """Release a future explicitly, because Ctrl-C during its finalizer would be lost."""
        self._under_way.pop(number).future.release()


class _NotWanted(Exception):  # noqa: N818
    """The result of the trial is no longer needed."""


def _train(name: str, number: int, config: Config) -> Trained | None:
    """Train on a worker."""
    worker = get_worker()
    key = worker.get_current_task()

    def report(epoch: int, f1: float) -> None:
        worker.log_event(name, (number, epoch, f1))

    def check(_: object) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise _NotWanted

    try:
        return train(broadcasted(name), config, on_epoch=report, listener=check, threads=1)
    except _NotWanted:
        return None
