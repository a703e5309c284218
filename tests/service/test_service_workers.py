"""A service with processes answers as one without, and outlives them."""

import asyncio
import concurrent.futures
import os
import signal
import time
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

import tiny
from clusters import wait_until
from serving import serving, while_serving
from windowclf.service import workers
from windowclf.service.metrics import Metrics
from windowclf.service.workers import Processes
from windowclf.system.processes import LostWorker, can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system copies no process")
TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]
SOON = 20


class Slow:
    """A classifier that takes a minute for some texts, and notes which process is at one."""

    def __init__(self, classifier, begun, seconds=60):
        self._classifier, self._begun, self._seconds = classifier, begun, seconds
        self.labels, self.tags = classifier.labels, classifier.tags

    def pipe(self, texts, **settings):
        if "slow" in texts:
            self._begun.with_suffix(".new").write_text(str(os.getpid()))
            self._begun.with_suffix(".new").rename(self._begun)
            time.sleep(self._seconds)
        if "bad" in texts:
            raise ValueError("a fault of the service")
        return self._classifier.pipe(texts, **settings)

    def explain(self, text, token, **settings):
        return self._classifier.explain(text, token, **settings)


@pytest.fixture
def begun(tmp_path):
    return tmp_path / "begun"


wait_for = partial(wait_until, seconds=SOON)


def process_at(begun):
    """Wait until a process is at a slow text; return its number."""
    return int(wait_for(lambda: begun.exists() and begun.read_text()))


OTHERS = set()
"""Processes that other tests have started, such as a tracker of shared memory."""


@pytest.fixture(autouse=True)
def _others():
    OTHERS.clear()
    OTHERS.update(children())


def children():
    return [
        child.pid
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and child.pid not in OTHERS
    ]


def post(client, body, path="/tag", **more):
    return client.post(path, json=body, **more)


def metric(client, name):
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


REQUESTS = [
    *(("/tag", {"text": text, "tokens": i % 2 == 0}) for i, text in enumerate(TEXTS)),
    ("/tag", {"texts": TEXTS}),
    ("/tag", {"texts": []}),
    ("/tag", {"text": "Ada lives in New\nYork .", "text_unit": "file"}),
    ("/tag", {"text": "a", "texts": []}),
    ("/tag", {"text": 3}),
    ("/tag", {"text": "is " * 100_000}),
    ("/explain", {"text": "Paris is in France", "token": 3}),
    ("/explain", {"text": "Paris is in France", "token": 4}),
]


def test_the_same_bytes_as_without_processes(classifier):
    def ask(client):
        answers = [post(client, body, path) for path, body in REQUESTS]
        counted = [
            metric(client, f"windowclf_{name}")
            for name in ("tokens_total", "batch_texts_sum", "batch_texts_count")
        ]
        return [(answer.status_code, answer.content) for answer in answers], counted

    with serving(classifier) as address, httpx.Client(base_url=address, trust_env=False) as client:
        expected = ask(client)
    before = children()
    assert while_serving(classifier, ask, workers=2) == expected
    assert children() == before


def test_many_at_the_same_time(classifier):
    def ask(client):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = pool.map(lambda text: post(client, {"text": text}).json(), TEXTS * 3)
        return [answer["text"] for answer in answers]

    assert while_serving(classifier, ask, workers=2) == TEXTS * 3


def test_a_lost_process_fails_what_it_is_at_and_is_replaced(classifier, begun, caplog):
    def ask(client):
        before = children()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(post, client, {"texts": ["slow", "Paris"]})
            lost = process_at(begun)
            assert post(client, {"text": TEXTS[0]}).json()["text"] == TEXTS[0]
            os.kill(lost, signal.SIGKILL)
            answer = slow.result()
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json() == {"error": "the process that was at it has ended; come again"}
        wait_for(lambda: len(children()) == len(before))
        assert lost not in children()
        assert [post(client, {"text": text}).json()["text"] for text in TEXTS] == TEXTS
        return metric(client, "windowclf_lost_processes_total")

    assert while_serving(Slow(classifier, begun), ask, workers=2) == 1
    assert "a process of the service was ended by SIGKILL; a new one replaces it" in (
        caplog.messages
    )


def test_without_any_process_it_is_not_ready(classifier, monkeypatch):
    monkeypatch.setattr(workers, "PAUSE", 60)

    def ask(client):
        before = children()
        for process in before:
            os.kill(process, signal.SIGKILL)
        wait_for(lambda: metric(client, "windowclf_lost_processes_total") == len(before))
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json() == {"error": "no process tags; another one is being started"}
        return client.get("/docs").status_code

    assert while_serving(classifier, ask, workers=2) == 200


def test_one_bad_text_spoils_no_other(classifier, begun):
    def ask(client):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            bodies = [{"text": text} for text in ("bad", *TEXTS[:5])]
            # The server closes a connection after a fault: no other request may be on it.
            alone = partial(post, client, headers={"connection": "close"})
            return [answer.status_code for answer in pool.map(alone, bodies)]

    assert while_serving(Slow(classifier, begun), ask, workers=2) == [500, *[200] * 5]


def test_a_text_that_takes_too_long(classifier, begun):
    def ask(client):
        slow = post(client, {"text": "slow"})
        assert slow.status_code == 503
        assert slow.json()["error"] == "not done within 0.5 seconds; send less, or later"
        return post(client, {"text": TEXTS[0]}).status_code  # by the other process

    assert while_serving(Slow(classifier, begun), ask, workers=2, seconds=0.5) == 200


def test_requests_under_way_are_answered_at_the_end(classifier, begun):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:

        def ask(client):
            slow = pool.submit(post, client, {"text": "slow"})
            process_at(begun)
            return slow

        slow = while_serving(Slow(classifier, begun, 0.5), ask, workers=2)
        assert slow.result().status_code == 200


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch):
    monkeypatch.setattr(workers, "PAUSE", 0.05)
    real, fails = workers.Worker, iter([OSError("no more processes")])

    async def play():
        processes = Processes(lambda item: item + 1, 1, Metrics())
        freed = asyncio.Event()
        processes.open(freed.set)
        try:
            assert await processes.run(1) == 2
            monkeypatch.setattr(workers, "Worker", fail_once)
            os.kill(processes._free[0]._worker.process, signal.SIGKILL)
            await asyncio.wait_for(freed.wait(), SOON)
            assert (processes.alive, processes.free) == (1, 1)
            assert await processes.run(2) == 3
        finally:
            processes.close()

    def fail_once(function):
        for error in fails:
            raise error
        return real(function)

    asyncio.run(play())


def test_one_that_ends_before_it_is_sent_something(tmp_path):
    async def play():
        processes = Processes(Path, 1, Metrics())
        processes.open(lambda: None)
        try:
            worker = processes._free[0]._worker
            os.kill(worker.process, signal.SIGKILL)
            time.sleep(0.2)  # the loop does not see its end before the next line
            result = processes.run(str(tmp_path))
            with pytest.raises(LostWorker):
                await result
        finally:
            processes.close()

    asyncio.run(play())
