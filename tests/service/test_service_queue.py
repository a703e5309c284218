"""Which requests go to a worker together, and what they get when it fails."""

import asyncio

import pytest
from prometheus_client import generate_latest
from starlette.exceptions import HTTPException

from windowclf.service import queue
from windowclf.service.answers import Answers
from windowclf.service.metrics import Metrics
from windowclf.service.queue import Queue
from windowclf.system.processes import LostWorker

HEAVY = 100


class Told:
    """Workers that return given results, in order."""

    def __init__(self, alive):
        self.alive = self.free = alive
        self.given, self.results = [], []

    def open(self, freed):
        self.freed = freed

    def close(self):
        pass

    def run(self, items):
        self.free -= 1
        self.given.append(items)
        self.results.append(asyncio.get_running_loop().create_future())
        return self.results[-1]

    def answer(self, number, error=None):
        self.free += 1
        if error:
            self.results[number].set_exception(error)
        else:
            given = self.given[number]
            self.results[number].set_result(Answers([b"%d" % i for i in given], [len(given)], 1))


def run(scene, alive=1):
    """Play a scene: a coroutine that is called with a queue and its workers."""

    async def play():
        workers = Told(alive)
        async with Queue(workers, HEAVY, Metrics()) as waiting:
            await asyncio.wait_for(scene(waiting, workers), 20)

    asyncio.run(play())


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


def test_those_that_come_at_once_go_together():
    async def scene(waiting, workers):
        answers = [waiting.put(i, 1) for i in range(3)]
        await turns()
        answers += [waiting.put(i, 1) for i in (3, 4)]
        await turns()
        assert workers.given == [[0, 1, 2]]
        workers.answer(0)
        await turns()
        assert workers.given == [[0, 1, 2], [3, 4]]
        workers.answer(1)
        assert await asyncio.gather(*answers) == [b"0", b"1", b"2", b"3", b"4"]

    run(scene)


def test_heavy_ones_are_enough():
    async def scene(waiting, workers):
        for i, weight in enumerate([1, HEAVY, 1, 1]):
            waiting.put(i, weight)
        await turns()
        assert workers.given == [[0, 1], [2, 3]]

    run(scene, alive=2)


def test_what_has_its_answer_is_not_handed_out():
    async def scene(waiting, workers):
        first, second = waiting.put(0, 1), waiting.put(1, 1)
        first.cancel()
        await turns()
        assert workers.given == [[1]]
        second.cancel()
        workers.answer(0)  # nobody waits for it any more
        await turns()
        assert workers.free == 1

    run(scene)


def test_a_few_wait_for_more_while_another_worker_is_busy(monkeypatch):
    monkeypatch.setattr(queue, "LINGER", 0.05)

    async def scene(waiting, workers):
        for i in range(6):
            waiting.put(i, 1)
        await turns()
        waiting.put(6, 1)
        await turns()
        assert workers.given == [[*range(6)]]  # a free one does not take the seventh yet
        for i in (7, 8):
            waiting.put(i, 1)
        await turns()
        assert workers.given == [[*range(6)], [6, 7, 8]]  # half of what the busy one has
        workers.answer(0)
        await turns()
        waiting.put(9, 1)
        while len(workers.given) < 3:
            await asyncio.sleep(0.01)
        assert workers.given[2] == [9]  # after a while it goes alone

    run(scene, alive=2)


def test_one_that_fails_does_not_fail_the_others():
    async def scene(waiting, workers):
        answers = [waiting.put(i, 1) for i in range(3)]
        await turns()
        workers.answer(0, ValueError())
        for number, error in ((1, None), (2, ValueError("bad")), (3, None)):
            await turns()
            assert workers.given[number] == [number - 1]
            workers.answer(number, error)
        found = await asyncio.gather(*answers, return_exceptions=True)
        assert [found[0], str(found[1]), found[2]] == [b"0", "bad", b"2"]

    run(scene)


def test_a_lost_worker_fails_what_it_was_at_and_no_more():
    async def scene(waiting, workers):
        lost = [waiting.put(i, 1) for i in range(2)]
        await turns()
        later = waiting.put(2, 1)
        await turns()
        workers.answer(0, LostWorker(-9))
        for answer in lost:
            with pytest.raises(HTTPException) as caught:
                await answer
            assert (caught.value.status_code, caught.value.headers) == (503, {"Retry-After": "1"})
        workers.answer(1)
        assert await later == b"2"

    run(scene)


def test_a_new_worker_takes_what_waits():
    async def scene(waiting, workers):
        answer = waiting.put(0, 1)
        await turns()
        assert (workers.given, waiting.is_ready) == ([], False)
        workers.alive = workers.free = 1
        workers.freed()
        assert (workers.given, waiting.is_ready) == ([[0]], True)
        workers.answer(0)
        assert await answer == b"0"

    run(scene, alive=0)


def test_what_is_counted():
    async def play():
        workers, metrics = Told(1), Metrics()
        async with Queue(workers, HEAVY, metrics) as waiting:
            answers = [waiting.put(i, 1) for i in range(3)]
            await turns()
            workers.answer(0)
            await asyncio.gather(*answers)
        return generate_latest(metrics.registry).decode()

    counted = asyncio.run(play())
    assert "windowclf_tokens_total 1.0" in counted
    assert "windowclf_batch_texts_sum 3.0" in counted
