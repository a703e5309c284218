"""Running a job on a cluster: each task reads, tags and writes a partition."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from distributed import Client, KilledWorker, as_completed

from windowclf.classifier import WindowClassifier
from windowclf.jobs.job import Job
from windowclf.jobs.partition import Outcome, failed, tag_partition
from windowclf.jobs.plan import Partition
from windowclf.system.dask import broadcast, broadcasted, raise_unless_lost, scheduler_lost
from windowclf.tagging.texts import SPLITTERS, DocumentTagger


def tag_on_cluster(
    client: Client,
    classifier: WindowClassifier,
    partitions: Sequence[Partition],
    *,
    job: Job,
    output: str,
) -> Iterator[Outcome]:
    """Tag partitions, as many at a time as the workers have threads.

    If a worker is lost, its partition goes to another one. A partition that loses more workers than
    ``distributed.scheduler.allowed-failures`` is tried once more by itself after all others,
    because another partition may have killed the workers; then it has failed.

    Parameters
    ----------
    classifier : WindowClassifier
        The classifier, which is sent once to each worker.
    output : str
        The output folder, which all workers must be able to access, like the input files.

    Yields
    ------
    Outcome
        The outcome of each partition, as soon as it is done.

    Raises
    ------
    OutputError, ModelError
        See `tag_partition`; finished partitions are kept.
    ClusterError
        If the scheduler is lost, or a worker cannot do a task.
    """
    with broadcast(client, classifier) as name:
        lost: list[Partition] = []
        for partition, outcome in _run(client, partitions, name=name, job=job, output=output):
            if isinstance(outcome, Outcome):
                yield outcome
            else:
                lost.append(partition)
        for alone in lost:
            for _, outcome in _run(client, [alone], name=name, job=job, output=output):
                if isinstance(outcome, Outcome):
                    yield outcome
                else:
                    times = f"{outcome.allowed_failures + 1} workers"
                    yield failed(alone, output, f"{times} were lost while they tagged it")


def _run(
    client: Client, partitions: Sequence[Partition], *, name: str, job: Job, output: str
) -> Iterator[tuple[Partition, Outcome | KilledWorker]]:
    futures = client.map(_tag, partitions, name=name, job=job, output=output, pure=False)
    of_future = dict(zip(futures, partitions, strict=True))
    del futures  # the cluster releases the result of a deleted future
    try:
        for future, result in as_completed(
            of_future, loop=client.loop, with_results=True, raise_errors=False
        ):
            partition = of_future.pop(future)
            if future.status == "finished":
                yield partition, result
                continue
            if future.cancelled():
                raise scheduler_lost()
            _, error, _ = result
            raise_unless_lost(error, "do its task")
            yield partition, error
    finally:
        with suppress(Exception):  # the cluster may have shut down
            client.cancel([*of_future])


def _tag(partition: Partition, *, name: str, job: Job, output: str) -> Outcome:
    tagger = DocumentTagger(broadcasted(name).tagger, SPLITTERS[job.splitter])
    return tag_partition(tagger, partition, job=job, output=output)
