"""The search on a cluster: as many trials at the same time as its workers have threads.

The study stays with the process that asks and tells. A worker is sent the settings of a trial,
says the F1 of each epoch as it goes on, and gives back the classifier. A trial that nobody waits
for any more, because it is hopeless or the search has ended in any way, ends after its batch.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import optuna
from distributed import Client, Future, get_worker

from windowclf.config.config import Config
from windowclf.corpora.coerce import as_gazetteers
from windowclf.corpora.sources import Corpus
from windowclf.system.dask import broadcast, broadcasted, raise_unless_lost, scheduler_lost
from windowclf.tuning.result import Trial
from windowclf.tuning.space import Searched
from windowclf.tuning.study import Search
from windowclf.tuning.training import Material, Trained, train
from windowclf.tuning.trials import Trials

_SECONDS = 1.0
"""Between two looks for workers that have joined."""


def run_on_cluster(
    client: Client,
    search: Search,
    corpus: Corpus,
    space: Sequence[Searched],
    given: Mapping[str, Any],
    *,
    trials: int,
    seconds: float | None = None,
    vectors: str = "bundled",
    gazetteers: Mapping[str, str | Path] | None = None,
    compress: bool = False,
    told: Callable[[Trial], None] | None = None,
) -> None:
    """Do on a cluster what `run_trials` does here, each trial with one thread.

    Which settings are drawn depends on the trials that are done by then, and so on which of
    several ends first: the same seed may try other settings another time. A trial whose worker is
    lost is begun anew on another. One that loses worker after worker, more often than
    ``distributed.scheduler.allowed-failures`` says, is tried once more by itself when all others
    have ended, since it may have been another one's fault; then it is lost itself.

    Parameters
    ----------
    client : distributed.Client
    search, corpus, space, given, trials, seconds, compress, told
        See `Trials`. The corpus is sent once to each worker.
    vectors : str
        See `load_vectors`; a file must have the same path on all workers.
    gazetteers : mapping of str to str or Path, optional
        Are read here.

    Raises
    ------
    DataError, ModelError
        See `run_trials`.
    ClusterError
        If the scheduler is lost, or a worker cannot do a task.
    """
    run = Trials(
        search, corpus, space, given, trials=trials, seconds=seconds, compress=compress, told=told
    )
    names = {kind: found.names for kind, found in as_gazetteers(gazetteers).items()}
    material = Material(corpus, vectors, names)
    with run.under_way(), broadcast(client, material) as name:
        _Conductor(client, run, name).run()


@dataclass(slots=True)
class _OnWorker:
    """A trial that was given to a worker."""

    trial: optuna.Trial
    config: Config
    future: Future = None  # until it is submitted
    epochs: int = 0
    by_itself: bool = False


class _Conductor:
    """Hands out trials, and hears of them."""

    def __init__(self, client: Client, trials: Trials, name: str) -> None:
        self._client, self._trials, self._name = client, trials, name
        self._under_way: dict[int, _OnWorker] = {}
        self._suspects: list[_OnWorker] = []  # worker after worker was lost with them
        # Of the threads of Dask, so that this one alone uses the study.
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self) -> None:
        """Go on until no further trial is wanted, and all have ended."""
        self._client.subscribe_topic(
            self._name, lambda event: self._events.put(lambda: self._hear(*event[1]))
        )
        try:
            while self._wanted() or self._under_way or self._suspects:
                self._begin()
                with suppress(Empty):
                    self._events.get(timeout=_SECONDS)()
        finally:
            with suppress(Exception):  # the cluster may be gone
                self._client.cancel([one.future for one in self._under_way.values()])
                self._client.unsubscribe_topic(self._name)

    def _wanted(self) -> bool:
        return self._trials.wanted(len(self._under_way) + len(self._suspects))

    def _begin(self) -> None:
        """Begin trials for the threads that have none."""
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

    def _hear(self, number: int, epoch: int, f1: float) -> None:
        one = self._under_way.get(number)
        if one is None or epoch <= one.epochs:  # ended, or begun anew on another worker
            return
        one.epochs = epoch
        if self._trials.hopeless(one.trial, epoch, f1):
            one.future.cancel()
            self._forget(number)
            self._trials.pruned(one.trial)

    def _end(self, number: int) -> None:
        one = self._under_way.get(number)
        if one is None:  # was hopeless
            return
        if one.future.cancelled():
            raise scheduler_lost()
        error = one.future.exception()
        raise_unless_lost(error, "train a trial")
        trained = None if error else one.future.result()
        self._forget(number)
        if trained:
            self._trials.done(one.trial, one.config, trained)
        elif one.by_itself:
            self._trials.lost(one.trial)
        else:
            one.by_itself = True
            self._suspects.append(one)

    def _forget(self, number: int) -> None:
        """Release a future by hand: Ctrl-C while Python itself does so would not be heard of."""
        self._under_way.pop(number).future.release()


class _NotWanted(Exception):  # noqa: N818
    """Nobody waits for the trial any more."""


def _train(name: str, number: int, config: Config) -> Trained | None:
    """Train on a worker."""
    worker = get_worker()
    key = worker.get_current_task()

    def heard(epoch: int, f1: float) -> None:
        worker.log_event(name, (number, epoch, f1))

    def go_on(_: object) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise _NotWanted

    try:
        return train(broadcasted(name), config, heard=heard, listener=go_on, threads=1)
    except _NotWanted:
        return None
