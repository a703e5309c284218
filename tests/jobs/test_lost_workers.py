"""A worker that is lost costs its partition some time, and no other one anything."""

import os
import signal
import time
from pathlib import Path

import dask
import pyarrow.parquet as pq
import pytest
from distributed import WorkerPlugin

from clusters import contents, write_partitions
from windowclf.jobs import on_dask as tagging
from windowclf.jobs.job import Job, errors_of
from windowclf.jobs.partition import tag_partition
from windowclf.jobs.plan import plan_partitions
from windowclf.system.dask import connect
from windowclf.tagging.texts import DocumentTagger

JOB = Job(model="m")


class Deadly(WorkerPlugin):
    """Has workers die of a partition: always, or until there have been so many deaths."""

    name = "deadly"

    def __init__(self, source, log, times=None):
        self.source, self.log, self.times = source, log, times

    def setup(self, worker):
        def die_or_tag(tagger, partition, **given):
            with Path(self.log).open("a+") as log:
                log.seek(0)
                dead = log.read().count("x")
                if partition.source == self.source and dead != self.times:
                    log.write("x")
                    log.flush()
                    os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.05)
            return tag_partition(tagger, partition, **given)

        tagging.tag_partition = die_or_tag


@pytest.fixture(scope="module")
def client():
    # So that a second loss is enough: to start a worker takes a second.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        connect(workers=2) as client,
    ):
        yield client


@pytest.fixture
def expected(classifier, tmp_path):
    """A folder of what one process makes, and its partitions."""
    pattern = write_partitions(tmp_path / "in", 10, 30)
    output = str(tmp_path / "expected")
    partitions = plan_partitions([pattern], output, JOB.partition_bytes)
    for partition in partitions:
        tag_partition(DocumentTagger(classifier.tagger), partition, job=JOB, output=output)
    return contents(tmp_path / "expected"), partitions


@pytest.mark.processes
def test_a_partition_that_is_lost_once_is_tagged_again(client, classifier, expected, tmp_path):
    files, partitions = expected
    client.register_plugin(Deadly(partitions[4].source, str(tmp_path / "log"), times=1))
    output = tmp_path / "out"
    found = [*tagging.tag_on_cluster(client, classifier, partitions, job=JOB, output=str(output))]
    assert (tmp_path / "log").read_text() == "x"
    assert {outcome.partition for outcome in found} == {*partitions}
    assert [outcome.failed for outcome in found] == [None] * 10
    assert contents(output) == files


@pytest.mark.processes
def test_one_that_loses_every_worker_has_failed(client, classifier, expected, tmp_path, capfd):
    files, partitions = expected
    deadly = partitions[4]
    client.register_plugin(Deadly(deadly.source, str(tmp_path / "log")))
    output = tmp_path / "out"
    *found, last = tagging.tag_on_cluster(
        client, classifier, partitions, job=JOB, output=str(output)
    )
    assert [outcome.failed for outcome in found] == [None] * 9
    reason = "2 workers were lost while they tagged it"
    assert (last.partition, last.failed) == (deadly, reason)
    error = errors_of(deadly.name)
    assert pq.ParquetFile(output / error).read().to_pylist() == [
        {"file": deadly.source, "row": None, "rows": None, "reason": reason}
    ]
    left = {name: data for name, data in contents(output).items() if name != error}
    assert left == {name: data for name, data in files.items() if name != deadly.name}
    assert capfd.readouterr() == ("", "")
