"""A queue of requests for the workers, which answers waiting requests together."""

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
    """Passes requests to workers in the order of arrival.

    A free worker takes all waiting requests up to a total weight, because the model tags a hundred
    texts together in a tenth of the time that it needs one by one. A single request does not wait
    for others.

    Parameters
    ----------
    workers : Workers
        Workers that answer lists of requests.
    weight : int
        Total weight at which a batch is full.
    """

    def __init__(self, workers: Workers[list[R], Answers], weight: int, metrics: Metrics) -> None:
        self._workers, self._weight, self._metrics = workers, weight, metrics
        self._waiting: deque[_Waiting[R]] = deque()
        self._is_called = False
        self._timer: asyncio.TimerHandle | None = None
        self._given = 0  # number of requests in progress

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
        """Add a request; return the future of its answer.

        The future raises an HTTPException if the worker is lost, or else the error of the worker.
        """
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting.append(_Waiting(request, weight, answer))
        if not self._is_called:  # called later, so that simultaneous requests form a batch
            self._is_called = True
            self._loop.call_soon(self._hand_out)
        return answer

    def _hand_out(self) -> None:
        """Pass the waiting requests to the free workers, or wait a little longer for more."""
        self._is_called = False
        if self._workers.free and self._are_few():
            if self._timer is None:
                self._timer = self._loop.call_later(LINGER, self._hand_out_all)
        else:
            self._hand_out_all()

    def _are_few(self) -> bool:
        """Whether fewer requests wait than half of the batch of each busy worker.

        Under load more will arrive soon, and a batch of three takes a third of the time of one of
        thirty. A single request finds no busy worker, and does not wait.
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
            if not waiting.answer.done():  # requests that timed out need no answer
                taken.append(waiting)
                weight += waiting.weight
        return taken

    def _deliver(self, taken: Sequence[_Waiting[R]], done: "asyncio.Future[Answers]") -> None:
        self._given -= len(taken)
        if done.cancelled():  # the service is shutting down
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
            # One bad request must not fail the others, so each is answered separately.
            alone = [waiting._replace(weight=self._weight) for waiting in taken]
            self._waiting.extendleft(reversed(alone))
        else:
            if isinstance(error, LostWorker):
                error = HTTPException(503, "the process that was at it has ended; come again", WAIT)
            for waiting in taken:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
        self._hand_out()
