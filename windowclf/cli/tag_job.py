"""``windowclf tag --engine``: a job over partitions of Parquet."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from windowclf.cli.console import note
from windowclf.cli.engines import check_engine, cluster, scheduler_option
from windowclf.cli.groups import Group
from windowclf.cli.options import Command, json_option
from windowclf.config.check import option_name
from windowclf.errors import DataError, OutputError, UsageError

if TYPE_CHECKING:
    from distributed import Client

    from windowclf.classifier import WindowClassifier
    from windowclf.jobs.job import Job
    from windowclf.jobs.partition import Outcome
    from windowclf.jobs.plan import Partition

JOBS = Group(
    "Jobs",
    ("engine", "scheduler", "max_characters", "partition_bytes"),
    note="These options apply only to jobs over Parquet files, which --engine starts.",
)
ONLY_JOBS = ("scheduler", "max_characters", "partition_bytes")


def job_options(function: Command) -> Command:
    """Add the options that only jobs have, and --json."""
    options: list[Callable[[Command], Command]] = [
        click.option(
            "--engine",
            type=click.Choice(["local", "dask"]),
            help="Tag Parquet files as a job, in this process or on a Dask cluster. The same "
            "command resumes a stopped job; texts that could not be tagged are listed in a table.",
        ),
        scheduler_option("--processes"),
        click.option(
            "--max-characters",
            type=click.IntRange(min=1),
            help="List longer texts as errors.  [default: 1,000,000]",
        ),
        click.option(
            "--partition-bytes",
            type=click.IntRange(min=1),
            help="Split larger files between row groups.  [default: 67,108,864]",
        ),
        json_option,
    ]
    return reduce(lambda command, option: option(command), reversed(options), function)


def refuse_job_options(options: dict[str, Any]) -> None:
    """Raise an error for options that only jobs have."""
    for name in ONLY_JOBS:
        if options[name] not in (None, False):
            option = option_name(name)
            raise UsageError(f"{option} applies only to jobs: add --engine local or --engine dask")


def tag_job(
    classifier: "WindowClassifier",
    names: Sequence[str],
    output: str,
    *,
    engine: str,
    scheduler: str | None,
    processes: int | None,
    as_json: bool,
    **settings: Any,
) -> int:
    """Run or resume a job with the settings of `Job`; return the exit code."""
    from hashlib import sha256

    from windowclf.cli.progress import JobProgress
    from windowclf.cli.signals import stops
    from windowclf.jobs.job import ERRORS, Job, begin, remove_left
    from windowclf.jobs.plan import plan_partitions
    from windowclf.jobs.table import check_partitions
    from windowclf.system.filesystems import below, local_folder
    from windowclf.system.locks import exclusive_lock

    if output == "-" or not names or "-" in names:
        raise UsageError("a job needs --input and --output: Parquet files, and a folder")
    check_engine(engine, scheduler, processes=processes)
    chosen = {name: value for name, value in settings.items() if value is not None}
    job = Job(model=sha256(classifier.to_bytes()).hexdigest(), **chosen)
    partitions = plan_partitions(names, output, job.partition_bytes)
    check_partitions(partitions, job)
    folder = local_folder(output)
    place = str(folder or output)  # workers may have been started in other folders
    progress = client = None
    with stops() as signals:
        try:
            with ExitStack() as stack:
                if scheduler is not None:  # before any folder is made, because it may not answer
                    client = stack.enter_context(cluster(scheduler, None, 1, note))
                if folder is not None:  # remote folders cannot be locked
                    _make(folder)
                    stack.enter_context(exclusive_lock(folder, "job"))
                done = begin(place, job)
                left = [partition for partition in partitions if partition.name not in done]
                progress = stack.enter_context(JobProgress(len(partitions), left))
                if engine == "dask" and scheduler is None and left:
                    own = cluster(None, processes, len(left), progress.note)
                    client = stack.enter_context(own)
                outcomes = _tag(classifier, left, job, place, processes, client)
                for outcome in stack.enter_context(closing(outcomes)):
                    progress.add(outcome)
        except KeyboardInterrupt:
            if progress:
                if scheduler is None:  # workers of another cluster may still be writing
                    remove_left(place)
                progress.interrupted()
            else:
                note("interrupted; run the same command to continue")
            return signals.exit_code()
    progress.finished(below(output, ERRORS))
    if as_json:
        import json

        click.echo(json.dumps({"output": output, **progress.to_json()}))
    if progress.failed == len(partitions):
        raise DataError(f"no partition could be tagged; the first error: {progress.first_failure}")
    return 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from None


def _tag(
    classifier: "WindowClassifier",
    partitions: "Sequence[Partition]",
    job: "Job",
    output: str,
    processes: int | None,
    client: "Client | None",
) -> "Generator[Outcome]":
    """Tag the partitions on a cluster, or one after another in this process without one."""
    if client and partitions:
        from windowclf.jobs.on_dask import tag_on_cluster

        yield from tag_on_cluster(client, classifier, partitions, job=job, output=output)
    else:
        from windowclf.jobs.partition import tag_partition
        from windowclf.system.shared_work import process_count
        from windowclf.tagging.texts import SPLITTERS, DocumentTagger

        split, number = SPLITTERS[job.splitter], process_count(processes)
        with DocumentTagger(classifier.tagger, split, number) as tagger:
            for partition in partitions:
                yield tag_partition(tagger, partition, job=job, output=output)
