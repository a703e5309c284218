"""Simulate a person who annotates a corpus with a model in the loop.

Run by scripts/annotate-simulation. The labels of the train split are what the annotator decides.
A sentence is a passage. A fifth is set aside, as in any project, and counts as labelled. Progress
goes to stderr.

Clicks are counted as follows: accepting a passage, 1; removing a wrong name, 1; marking a missed
name, 2 (select it and choose the label); changing a label, 2; changing borders, 3. Without
proposals all names are missed.
"""

import argparse
import json
import logging
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from windowclf import Sentence, WindowClassifier, load_corpus
from windowclf.annotation.entries import Change, Round, StoredSpan
from windowclf.annotation.intake import take_texts
from windowclf.annotation.learner import MODEL, Learner
from windowclf.annotation.store import Store
from windowclf.corpora.corpus import labels_of
from windowclf.tags.schemes import Scheme, spans
from windowclf.text.tokenizer import token_starts

Name = tuple[int, int, int]
Done = tuple[int, int, int, int, int]
"""Numbers of decided sentences, tokens and names, and of clicks without and with proposals."""
CLIENT = "simulation"
ACCEPT, REMOVE, ADD, RELABEL, MOVE = 1, 1, 2, 2, 3
SMOOTHED = 3
"""Number of rounds whose F1 is averaged, because the F1 of a single round varies by chance."""
REFERENCE = 1_000
"""Number of random sentences, labelled without proposals, whose F1 is the target."""


@dataclass(frozen=True)
class Point:
    """The work up to a round, and the F1 of its model.

    Parameters
    ----------
    sentences, tokens, names : int
        Numbers of decided sentences, tokens and names.
    by_hand, corrected : int
        Clicks without and with proposals.
    f1 : float
        F1 on text outside the project, in percent.
    """

    sentences: int
    tokens: int
    names: int
    by_hand: int
    corrected: int
    f1: float


def clicks(gold: set[Name], proposed: set[Name]) -> int:
    """Count the clicks for correcting and accepting the proposed names."""
    missed, wrong = sorted(gold - proposed), sorted(proposed - gold)
    total = ACCEPT
    for name in missed:
        other = next((w for w in wrong if w[0] < name[1] and name[0] < w[1]), None)
        if other is None:
            total += ADD
            continue
        wrong.remove(other)
        total += RELABEL if other[:2] == name[:2] else MOVE
    return total + REMOVE * len(wrong)


class Project:
    """A project with known correct labels.

    Parameters
    ----------
    sentences : sequence of Sentence
        The pool, with IOB2 tags.
    """

    def __init__(
        self, folder: Path, sentences: Sequence[Sentence], order: str, base: str, seed: int
    ) -> None:
        labels = sorted(labels_of(sentences, Scheme.IOB2))
        ids = {label: number for number, label in enumerate(labels, 1)}
        folder.mkdir()
        texts = folder / "texts.jsonl"
        lines = [json.dumps({"tokens": list(sentence.tokens)}) for sentence in sentences]
        texts.write_text("\n".join(lines), encoding="utf-8")
        settings = {"order": order, "base": base, "model": base}
        self.store = Store.create(
            folder, labels, settings, seed, lambda store: take_texts(store, [str(texts)], pool=None)
        )
        self.gold: dict[str, tuple[Sentence, set[Name]]] = {}
        for sentence in sentences:
            text = " ".join(sentence.tokens)
            starts = token_starts(text, sentence.tokens)
            ends = [start + len(word) for start, word in zip(starts, sentence.tokens, strict=True)]
            names = spans(sentence.tags or (), Scheme.IOB2)
            found = {(starts[n.start], ends[n.end - 1], ids[n.label]) for n in names}
            self.gold[text] = sentence, found
        self.learner = Learner(self.store)

    def annotate(
        self, until: int, *, learning: bool = True
    ) -> Iterator[tuple[int, int, int, int, int]]:
        """Decide on passages, and train whenever a round is due; yield after each.

        Parameters
        ----------
        learning : bool
            Whether to train after each round; if False, there is one training at the end.

        Yields
        ------
        Done
        """
        self.learner.propose_first()
        sentences = tokens = names = by_hand = corrected = 0
        while sentences < until and (taken := self.store.take(CLIENT, 1)):
            [number] = taken
            text = self.store.passage(number).text
            if text not in self.gold:  # part of a very long sentence
                self.store.decide(f"{CLIENT} {number}", CLIENT, [Change(number, 0, "skipped", [])])
                continue
            sentence, gold = self.gold[text]
            proposal = self.learner.cache.of(taken).get(number)
            proposed = {span[:3] for span in proposal.spans} if proposal else set()
            change = Change(number, 0, "accepted", [StoredSpan(*name) for name in sorted(gold)])
            self.store.decide(f"{CLIENT} {number}", CLIENT, [change])
            sentences += 1
            tokens += len(sentence)
            names += len(gold)
            by_hand += clicks(gold, set())
            corrected += clicks(gold, proposed)
            if self.learner.due() and (learning or sentences == until):
                self.learner.train_round()
                yield sentences, tokens, names, by_hand, corrected

    def f1_on(self, sentences: Sequence[Sentence]) -> float:
        """Measure the model of the last round, in percent."""
        model = WindowClassifier.load(self.store.folder / MODEL)
        return 100 * model.evaluate(sentences, processes=1).total.f1

    def rest(self) -> list[Sentence]:
        """List the undecided sentences."""
        backlog = self.learner.backlog
        numbers = [n for aside in (False, True) for n in backlog.ids(None, set_aside=aside)]
        texts = [passage.text for passage in backlog.words(numbers)]
        return [self.gold[text][0] for text in texts if text in self.gold]


def read(folder: str, split: str) -> tuple[list[Sentence], list[Sentence]]:
    """Read the pool and the text to score on; each sentence is a document."""
    corpus = load_corpus(folder)
    alone = [
        [Sentence(each.tokens, each.tags) for each in corpus.splits[name] if len(each)]
        for name in ("train", split)
    ]
    return alone[0], alone[1]


def curve(folder: str, order: str, seed: int, given: argparse.Namespace) -> list[Point]:
    """Simulate one project."""
    pool, text = read(folder, given.split)
    points = []
    with tempfile.TemporaryDirectory() as work:
        project = Project(Path(work) / "project", pool, order, given.base, seed)
        for counted in project.annotate(given.until_sentences, learning=not given.last):
            points.append(Point(*counted, f1=project.f1_on(text)))
            print(f"{folder}, {order}, seed {seed}: {points[-1]}", file=sys.stderr)
            if given.target and reached(points, given.target):
                break
        project.store.close()
    return points


def reached(points: Sequence[Point], target: float) -> Point | None:
    """Find the first round at which the mean F1 of `SMOOTHED` rounds reaches the target."""
    for first in range(len(points) - SMOOTHED + 1):
        some = points[first : first + SMOOTHED]
        if statistics.mean(point.f1 for point in some) >= target:
            return some[SMOOTHED // 2]
    return None


def last_f1(points: Sequence[Point]) -> float:
    """Return the mean F1 of the last rounds."""
    return statistics.mean(point.f1 for point in points[-SMOOTHED:])


def interval(folder: str, seed: int, given: argparse.Namespace) -> tuple[Round, float]:
    """Simulate a project of 60 to 150 sentences; return its last round, and the F1 on the rest."""
    pool, _ = read(folder, given.split)
    rng = random.Random(seed)
    until = rng.randint(60, 150)
    with tempfile.TemporaryDirectory() as work:
        project = Project(Path(work) / "project", pool, given.order[0], given.base, seed)
        for _ in project.annotate(until, learning=not given.last):
            pass
        found = project.store.rounds()[-1], project.f1_on(project.rest())
        project.store.close()
    return found


def show_intervals(given: argparse.Namespace) -> None:
    """Check how often the F1 on the rest is within the reported interval."""
    held = shown = 0
    for seed in range(given.first, given.first + given.intervals):
        folder = given.folders[seed % len(given.folders)]
        last, f1 = interval(folder, seed, given)
        if last.f1 is None or last.low is None or last.high is None:
            print(f"{folder}, seed {seed}: nothing shown after {last.sentences} sentences")
            continue
        inside = 100 * last.low <= f1 <= 100 * last.high
        held, shown = held + inside, shown + 1
        print(
            f"{folder}, seed {seed}: {last.sentences} sentences learned, {last.measured} measured: "
            f"F1 {100 * last.f1:.1f} ({100 * last.low:.1f} to {100 * last.high:.1f}), "
            f"on the rest {f1:.1f}{'' if inside else ' - outside'}",
            flush=True,
        )
    print(f"The interval holds the F1 on the rest in {held} of {shown} projects.")


def show_curves(given: argparse.Namespace) -> None:
    """Simulate each order on each corpus, and print the work needed to reach the reference."""
    found = []
    print("| corpus | seed | order | F1 | sentences | tokens | clicks by hand | with proposals |")
    print("|---|---|---|---|---|---|---|---|")
    for folder in given.folders:
        for seed in range(given.first, given.first + given.seeds):
            runs = {order: curve(folder, order, seed, given) for order in given.order}
            found += [
                {"corpus": folder, "seed": seed, "order": order, "points": [*map(asdict, points)]}
                for order, points in runs.items()
            ]
            target = given.target or last_f1(runs.get("random", next(iter(runs.values()))))
            for order, points in runs.items():
                there = points[-1] if given.last else reached(points, target)
                cells = ["-"] * 4
                if there:
                    numbers = (there.sentences, there.tokens, there.by_hand, there.corrected)
                    cells = [f"{number:,}" for number in numbers]
                f1 = last_f1(points)
                name = Path(folder).name
                print(f"| {name} | {seed} | {order} | {f1:.1f} | {' | '.join(cells)} |", flush=True)
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=1), encoding="utf-8")


def main() -> None:
    """Simulate, and print a table."""
    parser = argparse.ArgumentParser(
        prog="scripts/annotate-simulation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", help="with train, dev and test")
    parser.add_argument(
        "--order", default="random,uncertain", type=lambda given: given.split(","),
        help="orders, comma-separated (default: random,uncertain)",
    )  # fmt: skip
    parser.add_argument("--until-sentences", type=int, default=REFERENCE, help="default 1,000")
    parser.add_argument("--seeds", type=int, default=1, help="projects of each order (default 1)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument(
        "--from", dest="base", default="bundled", metavar="bundled|none|FOLDER",
        help="the model of the first proposals, from which the trainings start",
    )  # fmt: skip
    parser.add_argument("--split", default="test", help="split to score on (default: test)")
    parser.add_argument("--json", metavar="FILE", help="file for the data of all rounds")
    parser.add_argument(
        "--target", type=float, help="the F1 to reach (default: that of the random order)"
    )
    parser.add_argument("--last", action="store_true", help="train only at the end")
    parser.add_argument("--intervals", type=int, help="check the intervals on N projects")
    given = parser.parse_args()
    logging.getLogger("windowclf").setLevel(logging.ERROR)  # few sentences, and no dev text
    (show_intervals if given.intervals else show_curves)(given)


if __name__ == "__main__":
    main()
