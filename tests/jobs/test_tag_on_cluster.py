"""A job on a cluster does what one process does, and reports each partition when it is done."""

import time
from threading import Event

import pytest
from distributed import wait

import windowclf.jobs.on_dask as room
from clusters import contents, write_partitions
from windowclf.errors import ClusterError, OutputError
from windowclf.jobs.job import Job
from windowclf.jobs.on_dask import tag_on_cluster
from windowclf.jobs.partition import Outcome, tag_partition
from windowclf.jobs.plan import Partition, plan_partitions
from windowclf.tagging.texts import DocumentTagger

JOB = Job(model="m")
MANY = [Partition(f"in/{i}", f"{i}", 1) for i in range(1000)]


@pytest.fixture
def work(monkeypatch):
    """Return a function that puts another one in the place of tagging."""
    return lambda function: monkeypatch.setattr(room, "tag_partition", function)


def run(client, classifier, partitions, output="out"):
    return tag_on_cluster(client, classifier, partitions, job=JOB, output=str(output))


def test_as_one_process_does(in_process, classifier, tmp_path):
    pattern = write_partitions(tmp_path / "in", 5, 30)
    (tmp_path / "in" / "bad.parquet").write_bytes(b"PAR1")
    here, there = (str(tmp_path / name) for name in ("here", "there"))
    partitions = plan_partitions([pattern], here, JOB.partition_bytes)
    expected = [
        tag_partition(DocumentTagger(classifier.tagger), p, job=JOB, output=here)
        for p in partitions
    ]
    found = [*run(in_process, classifier, partitions, there)]
    assert {x.partition: (x.rows, x.tokens, x.bad, x.failed) for x in found} == {
        x.partition: (x.rows, x.tokens, x.bad, x.failed) for x in expected
    }
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert len(contents(tmp_path / "there")) == 6


def test_each_is_told_of_when_it_is_done(in_process, classifier, work):
    last = Event()

    def wait_for_it(tagger, partition, *, job, output):
        if partition != MANY[0]:
            assert last.wait(30)
        return Outcome(partition)

    work(wait_for_it)
    outcomes = run(in_process, classifier, MANY[:4])
    assert next(outcomes).partition == MANY[0]
    last.set()
    assert {outcome.partition for outcome in outcomes} == {*MANY[1:4]}


def test_as_many_at_a_time_as_there_are_threads(in_process, classifier, work):
    at_once, most = [], []

    def count(tagger, partition, *, job, output):
        at_once.append(partition)
        most.append(len(at_once))
        time.sleep(0.05)
        at_once.remove(partition)
        return Outcome(partition)

    work(count)
    assert len([*run(in_process, classifier, MANY[:12])]) == 12
    assert max(most) == 3


def test_many_small_partitions(in_process, classifier, work, record_property):
    work(lambda tagger, partition, *, job, output: Outcome(partition))
    begun = time.perf_counter()
    found = [*run(in_process, classifier, MANY)]
    seconds = time.perf_counter() - begun
    record_property("seconds", seconds)
    assert len({outcome.partition for outcome in found}) == 1000
    assert seconds < 10  # 2 ms each where nothing else runs
    assert not in_process.futures


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (OutputError("out: full"), OutputError, "out: full"),
        (
            KeyError("one\ntwo"),
            ClusterError,
            r"a worker cannot do its task: KeyError: 'one\ntwo'",
        ),
    ],
)
def test_an_error_ends_the_job(in_process, classifier, work, error, expected, message):
    done = []

    def fail(tagger, partition, *, job, output):
        done.append(partition)
        time.sleep(0.01)
        raise error

    work(fail)
    with pytest.raises(expected) as told:
        [*run(in_process, classifier, MANY)]
    assert str(told.value) == message
    assert len(done) < 300
    assert len(in_process.futures) <= 1  # which the traceback holds


def test_who_stops_cancels_the_rest(in_process, classifier, work):
    done = []

    def note(tagger, partition, *, job, output):
        done.append(partition)
        time.sleep(0.01)
        return Outcome(partition)

    work(note)
    outcomes = run(in_process, classifier, MANY)
    next(outcomes)
    outcomes.close()
    assert not in_process.futures
    in_process.submit(int).result()  # when all that was under way is done
    assert len(done) < 300


def test_a_model_that_is_gone(in_process):
    """As on a worker whose model could not be unpacked."""
    future = in_process.submit(room._tag, MANY[0], name="x", job=JOB, output="out")
    wait(future)
    assert isinstance(future.exception(), KeyError)
