"""Requests that wait at the same time are tagged together, as many as have come."""

import asyncio
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

import msgspec

from windowclf.classifier import WindowClassifier
from windowclf.service.bodies import TaggedTexts, to_answer
from windowclf.service.metrics import Metrics
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.tagged_text import TaggedText
from windowclf.tagging.texts import BATCH_CHARACTERS
from windowclf.text.units import TextUnit


class _Job(NamedTuple):
    texts: list[str]
    alone: bool
    tokens: bool
    text_unit: TextUnit
    answer: "asyncio.Future[bytes]"


class Batcher:
    """Tags the texts of requests in threads of its own.

    A free thread takes all requests that wait, up to about `BATCH_CHARACTERS`: the model tags a
    hundred texts together in a tenth of the time that they take one by one, and a request that
    comes alone waits for no other.
    """

    def __init__(self, classifier: WindowClassifier, metrics: Metrics, threads: int) -> None:
        self._classifier, self._metrics = classifier, metrics
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    async def __aenter__(self) -> "Batcher":
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        for _ in self._threads:
            self._waiting.put(None)

    async def tag(
        self, texts: list[str], *, alone: bool, tokens: bool, text_unit: TextUnit
    ) -> bytes:
        """Tag texts, and write `TaggedTexts` in JSON, or a `Tagged` if the one text is alone.

        Each text is a document; `tokens` adds its tokens to the answer.
        """
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting.put(_Job(texts, alone, tokens, text_unit, answer))
        return await answer

    def _work(self) -> None:
        with one_blas_thread:  # held open: opening it takes longer than tagging a sentence
            while jobs := self._take():
                self._loop.call_soon_threadsafe(_deliver, self._answers(jobs))

    def _take(self) -> list[_Job]:
        """Wait for a request, and take those that wait with it; none at the end."""
        jobs: list[_Job] = []
        characters = 0
        while characters < BATCH_CHARACTERS:
            try:
                job = self._waiting.get(block=not jobs)
            except Empty:
                break
            if job is None:
                if jobs:
                    self._waiting.put(None)
                break
            if not job.answer.done():  # a request that timed out needs no answer
                jobs.append(job)
                characters += sum(map(len, job.texts))
        return jobs

    def _answers(
        self, jobs: Sequence[_Job]
    ) -> "list[tuple[asyncio.Future[bytes], bytes | Exception]]":
        try:
            answers: list[tuple[asyncio.Future[bytes], bytes | Exception]] = []
            for unit in dict.fromkeys(job.text_unit for job in jobs):
                same = [job for job in jobs if job.text_unit == unit]
                tagged = iter(self._tag([text for job in same for text in job.texts], unit))
                answers += [
                    (job.answer, _written(job, [next(tagged) for _ in job.texts])) for job in same
                ]
            return answers
        except Exception as error:  # one bad request must not fail the others
            if len(jobs) == 1:
                return [(jobs[0].answer, error)]
            return [answer for job in jobs for answer in self._answers([job])]

    def _tag(self, texts: list[str], text_unit: TextUnit) -> list[TaggedText]:
        self._metrics.batches.observe(len(texts))
        found = list(self._classifier.pipe(texts, text_unit=text_unit, batch_size=len(texts) or 1))
        self._metrics.tokens.inc(sum(len(words) for text in found for words in text.words))
        return found


def _written(job: _Job, texts: list[TaggedText]) -> bytes:
    answers = [to_answer(text, tokens=job.tokens) for text in texts]
    return msgspec.json.encode(answers[0] if job.alone else TaggedTexts(answers))


def _deliver(answers: "list[tuple[asyncio.Future[bytes], bytes | Exception]]") -> None:
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, bytes):
            future.set_result(answer)
        else:
            future.set_exception(answer)
