"""The model in the loop: it learns from decisions, and proposes names in the passages to come.

It runs in a process of its own, so that it never delays the annotator:
``python -m windowclf.annotation.learner FOLDER``. Each line on its standard input means that a
decision was saved; it exits when the input is closed. It reports events on its standard output, one
JSON object per line.
"""

import _thread
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, TextIO

import numpy as np

from windowclf.annotation.backlog import Backlog
from windowclf.annotation.entries import LabelledPassage, Round
from windowclf.annotation.handout import read_queue
from windowclf.annotation.lesson import make_lesson, make_test
from windowclf.annotation.measure import Measured, count, measure
from windowclf.annotation.proposals import ProposalCache
from windowclf.annotation.proposers import Proposer, counterparts
from windowclf.annotation.queue import APART, candidates, choose
from windowclf.annotation.store import Store
from windowclf.classifier import WindowClassifier, load
from windowclf.corpora.corpus import Corpus
from windowclf.errors import WindowclfError, one_line
from windowclf.lexicon.gazetteer import Gazetteer, read_gazetteer
from windowclf.model.calibration import fit_calibration
from windowclf.model.default import BUNDLED
from windowclf.model.manifest import MANIFEST
from windowclf.system.processors import processor_count
from windowclf.tagging.texts import unit_splitter
from windowclf.tags.counts import Counts

AUTO, NONE = "auto", "none"
"""Values that the settings of a project accept in place of the folder of a model."""
MODEL = "model"
"""Name of the folder with the model of the last round, in the folder of the project."""
FEWEST = 10
"""Number of accepted sentences at which the first round is due."""
GROWTH, LEAST_GROWTH = 0.1, 5
"""A round is due when the new and changed sentences reach this share of the sentences of the last
round, and this number."""
HEAD = 200
"""Number of passages at the head of the queue, which get new proposals first."""
MOST = 10_000
"""Maximum number of passages that get new proposals in a round. It exceeds the number labelled
until the next round, and a larger one would hardly change which passages are most uncertain."""
PAGE = 1_000
"""Number of passages that are proposed in and written at a time."""
QUEUED = 500
"""Number of passages in the queue."""
IDLE = 20.0
"""Seconds without a decision after which decided passages get proposals, too."""

Report = Callable[[dict[str, Any]], None]


class Learner:
    """Learns from the decisions of a project.

    Parameters
    ----------
    store : Store
    report : callable, optional
        Called with each event.
    training : mapping of str to Any, optional
        Settings of the trainings, which override those chosen by the number of sentences.
    threads : int, optional
        Number of threads. By default one processor is left to the server.
    """

    def __init__(
        self,
        store: Store,
        report: Report = lambda _: None,
        *,
        training: Mapping[str, Any] | None = None,
        threads: int | None = None,
    ) -> None:
        self._store = store
        self._report = report
        self._training = {"folds": 0, "seed": store.seed, **(training or {})}
        self._threads = threads or max(processor_count() - 1, 1)
        self.backlog = Backlog(store)
        self._split = unit_splitter(store.text_unit)
        self.cache = ProposalCache(store.folder, store.created)
        self._reviewed = 0  # the last round whose decided passages got proposals
        self._failed = -1  # the last decision before a round that failed

    def propose_first(self) -> None:
        """Propose names with the model of the last round, or else with the initial model."""
        proposer, number = self._first()
        self._propose(proposer, number, self._head())
        self._report({"event": "proposals", "round": number})
        self._propose_open(proposer, number)

    def missing(self) -> int:
        """Return the number of sentences to accept until a round is due."""
        rounds = self._store.rounds()
        found = self.backlog.progress(rounds[-1].up_to if rounds else 0)
        if not found.named:
            return max(FEWEST - found.sentences, 1)
        if not rounds:
            return max(FEWEST - found.sentences, 0)
        if found.sentences >= FEWEST and self.cache.fact("labels") != json.dumps(self._ids()):
            return 0
        return max(LEAST_GROWTH, int(GROWTH * rounds[-1].sentences)) - found.changed

    def due(self) -> bool:
        """Return whether a round is due. After a failed one it is not, until the next decision."""
        return self.backlog.last_decision() != self._failed and self.missing() <= 0

    def train_round(self) -> Measured | None:
        """Train a model on the accepted passages, measure it, and propose names with it.

        Returns
        -------
        Measured, optional
            The scores; None if too few set-aside passages are accepted.

        Raises
        ------
        WindowclfError
            If the training fails; the proposals stay as they were.
        """
        begun = time.perf_counter()
        up_to = self._failed = self.backlog.last_decision()
        ids = self._ids()
        corpus = self._lesson(self._store.labelled(set_aside=False))
        learnt = corpus.splits["train"]
        self._report({"event": "training", "sentences": len(learnt)})
        classifier = self._fit(corpus)
        number = len(self._store.rounds()) + 1
        proposer = self._proposer(classifier, ids)
        self._propose(proposer, number, self._head())
        self._report({"event": "proposals", "round": number})
        found = self._measure(classifier)
        classifier.save(self._store.folder / MODEL)
        total = found.total if found else Counts(gold=0, predicted=0, correct=0)
        done = Round(
            at=time.time(),
            up_to=up_to,
            sentences=len(learnt),
            tokens=sum(map(len, learnt)),
            names=sum(tag.startswith("B-") for each in learnt for tag in each.tags or ()),
            seconds=time.perf_counter() - begun,
            measured=found.sentences if found else 0,
            correct=total.correct,
            predicted=total.predicted,
            gold=total.gold,
            f1=found.f1 if found else None,
            low=found.low if found else None,
            high=found.high if found else None,
        )
        self._store.add_round(done)
        self.cache.note("labels", json.dumps(ids))
        self._failed = -1
        types = {name: each.to_json() for name, each in found.labels.items()} if found else {}
        shown = ("sentences", "seconds", "measured", "f1", "low", "high")
        self._report(
            {"event": "round", "round": number, "labels": types}
            | {name: getattr(done, name) for name in shown}
        )
        self._propose_open(proposer, number)
        self._propose(proposer, number, self.backlog.ids("accepted", set_aside=True))
        return found

    def propose_decided(self, given_up: Callable[[], bool] = lambda: False) -> bool:
        """Propose names in accepted passages with models that were not trained on them.

        Each of two models is trained on one half of the documents and proposes names in the other.
        Review lists where their proposals contradict the decisions.

        Parameters
        ----------
        given_up : callable
            Called repeatedly; returns whether something more urgent is due.

        Returns
        -------
        bool
            Whether the work was completed.
        """
        number = len(self._store.rounds())
        if self._reviewed == number:
            return True
        passages = [*self._store.labelled(set_aside=False)]

        def listen(event: object) -> None:
            del event
            if given_up():
                raise _InterruptedError

        for half in (0, 1):
            read = [each for each in passages if each.number % 2 == half]
            if not any(each.document.spans for each in read):
                continue
            try:
                classifier = self._fit(self._lesson(read), listen)
            except _InterruptedError:
                return False
            proposer = self._proposer(classifier, self._ids())
            others = [each.id for each in passages if each.number % 2 != half]
            self._propose(proposer, number, others)
        self._reviewed = number
        return True

    def step(self, waits: Callable[[float], object]) -> None:
        """Train a round if one is due; otherwise wait for a decision.

        Parameters
        ----------
        waits : callable
            Waits at most this many seconds for a decision, and returns whether there was one.
        """
        if self.due():
            self.train_round()
            return
        if self.backlog.last_decision() != self._failed:  # otherwise the error stays displayed
            self._report({"event": "waiting", "sentences": self.missing()})
        if not waits(IDLE):
            self.propose_decided(_every_second(self.due))

    def attempt(self, work: Callable[[], object]) -> bool:
        """Do some work, and report an error instead of raising it: a later round may succeed."""
        try:
            work()
        except Exception as error:
            known = isinstance(error, WindowclfError)
            message = str(error) if known else f"{type(error).__name__}: {one_line(error)}"
            self._report({"event": "error", "message": message})
            return False
        return True

    def _first(self) -> tuple[Proposer, int]:
        """Load the model of the last round, or else the initial model; return it and its round."""
        number, settings = len(self._store.rounds()), self._store.settings
        folder = self._store.folder / MODEL
        if number and (folder / MANIFEST).is_file():
            noted = self.cache.fact("labels")
            ids = json.loads(noted) if noted else self._ids()
            return self._proposer(WindowClassifier.load(folder), ids), number
        named = settings.get("model") or BUNDLED
        ids = self._ids()
        if named == NONE:
            return self._proposer(None, {}), 0
        classifier = load(named)
        mapped = {k: own for k, own in (settings.get("map") or {}).items() if own in ids}
        return self._proposer(classifier, counterparts(classifier.labels, ids, mapped)), 0

    def _proposer(self, classifier: WindowClassifier | None, ids: Mapping[str, int]) -> Proposer:
        own = self._ids()
        gazetteers = {own[n]: names for n, names in self._gazetteers.items() if n in own}
        return Proposer(classifier, ids, gazetteers)

    @cached_property
    def _gazetteers(self) -> dict[str, Gazetteer]:
        listed = self._store.settings.get("gazetteers") or {}
        return {label: read_gazetteer(path) for label, path in listed.items()}

    def _ids(self) -> dict[str, int]:
        return {label.name: label.id for label in self._store.labels()}

    def _lesson(self, passages: Iterable[LabelledPassage]) -> Corpus:
        return make_lesson(self._store.folder.name, passages, self._split)

    def _fit(
        self, corpus: Corpus, listener: Callable[[object], None] | None = None
    ) -> WindowClassifier:
        base = self._store.settings.get("base") or AUTO
        return WindowClassifier(**self._training).fit(
            corpus,
            base_model=None if base == NONE else base,
            gazetteers={name: each.names for name, each in self._gazetteers.items()} or None,
            listener=listener,
            threads=self._threads,
            progress=False,
        )

    def _measure(self, classifier: WindowClassifier) -> Measured | None:
        """Measure a model on the set-aside passages, and calibrate its scores on them."""
        sentences, lacks = make_test(self._store.labelled(set_aside=True), self._split)
        if not sentences:
            return None
        labels, found = count(classifier.tagger, sentences, lacks)
        classifier.model.calibration = fit_calibration(found.confidence, found.correct)
        return measure(sentences, labels, found)

    def _head(self) -> list[int]:
        """List the passages that will be handed out next."""
        waiting = self.backlog.ids(None, set_aside=False, most=MOST)
        still = {*waiting}
        queued = [number for number in read_queue(self._store.folder) if number in still][:HEAD]
        queued = queued if len(queued) == HEAD else list(dict.fromkeys(queued + waiting))[:HEAD]
        return queued + self.backlog.ids(None, set_aside=True, most=HEAD // 4)

    def _propose(self, proposer: Proposer, number: int, passages: Sequence[int]) -> None:
        for start in range(0, len(passages), PAGE):
            found = self.backlog.words(passages[start : start + PAGE])
            self.cache.write(proposer.propose(found, number))

    def _propose_open(self, proposer: Proposer, number: int) -> None:
        """Propose names in the open passages until a round is due, and write the queue."""
        waiting = self.backlog.ids(None, set_aside=False, most=MOST)
        aside = self.backlog.ids(None, set_aside=True, most=MOST // 4)
        everything = waiting + aside
        for start in range(0, len(everything), PAGE):
            self._propose(proposer, number, everything[start : start + PAGE])
            if self.due():
                break
        if number and self._store.settings.get("order", "uncertain") == "uncertain":
            self._write_queue({*waiting})

    def _write_queue(self, waiting: set[int]) -> None:
        passages, uncertainty = self.cache.uncertainties()
        kept = np.flatnonzero([number in waiting for number in passages.tolist()])
        kept = kept[candidates(uncertainty[kept])]
        recent = self.backlog.latest(APART)
        texts = {
            each.id: [word for sentence in each.sentences for word in sentence]
            for each in self.backlog.words([*passages[kept].tolist(), *recent])
        }
        listed = passages[kept].tolist()
        order = choose(
            uncertainty[kept],
            [texts[number] for number in listed],
            QUEUED,
            [texts[number] for number in recent],
        )
        self.cache.write_queue(listed[place] for place in order)


class _InterruptedError(Exception):
    """Ends a training because something more urgent is due."""


def _every_second(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Return a condition that is checked at most once a second, because it reads the disk."""
    last = time.monotonic()

    def ask() -> bool:
        nonlocal last
        if time.monotonic() < last + 1:
            return False
        last = time.monotonic()
        return condition()

    return ask


def _give_way() -> None:
    """Run only where no other program wants the processor, or else with a low priority."""
    if hasattr(os, "sched_setscheduler") and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            return
    if hasattr(os, "nice"):
        os.nice(10)


def main(folder: str, given: TextIO = sys.stdin, out: TextIO = sys.stdout) -> None:
    """Learn until the input is closed."""
    _give_way()
    # Warnings about small training sets are useless to a person who is labelling more.
    logging.getLogger("windowclf").setLevel(logging.ERROR)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may ignore SIGINT
    decided = threading.Event()

    def listen() -> None:
        for _ in given:
            decided.set()
        _thread.interrupt_main()
        decided.set()  # ends the wait

    def report(event: dict[str, Any]) -> None:
        out.write(json.dumps(event) + "\n")
        out.flush()

    def waits(seconds: float) -> bool:
        found = decided.wait(seconds)
        decided.clear()
        return found

    with suppress(KeyboardInterrupt, BrokenPipeError):
        try:
            store = Store.open(folder)
        except WindowclfError as error:
            report({"event": "error", "message": str(error)})
            return
        threading.Thread(target=listen, daemon=True).start()
        with store:
            learner = Learner(store, report)
            learner.attempt(learner.propose_first)
            while True:
                if not learner.attempt(partial(learner.step, waits)):
                    waits(IDLE)


if __name__ == "__main__":
    main(sys.argv[1])
