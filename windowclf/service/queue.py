"""Requests that wait for a worker; those that wait at the same time are answered together."""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from starlette.exceptions import HTTPException

from windowclf.service.answers import Answers
from windowclf.service.limits import WAIT
from windowclf.service.metrics import Metrics
from windowclf.service.workers import Workers
from windowclf.system.processes import LostWorker

R = TypeVar("R")

LINGER = 0.002
"""Seconds that a free worker waits for more requests while others are busy."""


class _Waiting(NamedTuple, Generic[R]):
    request: R
    weight: int
    answer: "asyncio.Future[bytes]"


class Queue(Generic[R]):
    """Hands requests to workers, in the order in which they came.

    A free worker takes all requests that wait, up to a total weight: the model tags a hundred texts
    together in a tenth of the time that they take one by one, and a request that comes alone waits
    for no other.

    Parameters
    ----------
    workers : Workers
        They answer a list of requests.
    weight : int
        With the request that reaches it, there are enough for a worker.
    """

    def __init__(self, workers: Workers[list[R], Answers], weight: int, metrics: Metrics) -> None:
        self._workers, self._weight, self._metrics = workers, weight, metrics
        self._waiting: deque[_Waiting[R]] = deque()
        self._is_called = False
        self._timer: asyncio.TimerHandle | None = None
        self._given = 0  # requests that workers are at

    async def __aenter__(self) -> "Queue[R]":
        self._loop = asyncio.get_running_loop()
        self._workers.open(self._hand_out)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._workers.close()

    @property
    def is_ready(self) -> bool:
        """Whether there are workers, free or not."""
        return self._workers.alive > 0

    def put(self, request: R, weight: int) -> "asyncio.Future[bytes]":
        """Let a request wait; return its answer to come.

        It is an HTTPException if the worker is lost, and else what the worker raises.
        """
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting.append(_Waiting(request, weight, answer))
        if not self._is_called:  # later, so that requests that come at once go together
            self._is_called = True
            self._loop.call_soon(self._hand_out)
        return answer

    def _hand_out(self) -> None:
        """Give each free worker what waits, or let it wait for more a little longer."""
        self._is_called = False
        if self._workers.free and self._are_few():
            if self._timer is None:
                self._timer = self._loop.call_later(LINGER, self._hand_out_all)
        else:
            self._hand_out_all()

    def _are_few(self) -> bool:
        """Detect whether less waits than half of what each busy worker was given.

        Under load more comes in a moment, and a batch of three takes a third of what one of thirty
        does. A request that comes alone finds no worker busy, and does not wait.
        """
        busy = self._workers.alive - self._workers.free
        return 2 * busy * len(self._waiting) < self._given

    def _hand_out_all(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._workers.free and (taken := self._take()):
            self._given += len(taken)
            done = self._workers.run([waiting.request for waiting in taken])
            done.add_done_callback(partial(self._deliver, taken))

    def _take(self) -> list[_Waiting[R]]:
        taken: list[_Waiting[R]] = []
        weight = 0
        while self._waiting and weight < self._weight:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():  # a request that timed out needs no answer
                taken.append(waiting)
                weight += waiting.weight
        return taken

    def _deliver(self, taken: Sequence[_Waiting[R]], done: "asyncio.Future[Answers]") -> None:
        self._given -= len(taken)
        if done.cancelled():  # the service ends
            return
        error = done.exception()
        if error is None:
            bodies, batches, tokens = done.result()
            for size in batches:
                self._metrics.batches.observe(size)
            self._metrics.tokens.inc(tokens)
            for waiting, body in zip(taken, bodies, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(body)
        elif len(taken) > 1 and not isinstance(error, LostWorker):
            # One bad request must not fail the others: each is answered by itself.
            alone = [waiting._replace(weight=self._weight) for waiting in taken]
            self._waiting.extendleft(reversed(alone))
        else:
            if isinstance(error, LostWorker):
                error = HTTPException(503, "the process that was at it has ended; come again", WAIT)
            for waiting in taken:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
        self._hand_out()
