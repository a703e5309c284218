"""Learning curves: the same training on growing subsets of the training text."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

from windowclf.classifier import WindowClassifier
from windowclf.config.config import make_config
from windowclf.corpora.corpus import Corpus
from windowclf.corpora.doubts import find_doubts
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, described
from windowclf.evaluation.learning_curve import LearningCurve, Trained, make_curve
from windowclf.system.arguments import check_callable, check_count
from windowclf.system.packages import whole_install
from windowclf.tags.schemes import spans

FEWEST = 10
"""Smallest number of sentences for a curve."""
_FOLDS = 5  # one fold is held out if there is neither a test nor a dev split
_MOST_SIZES, _WANTED_SIZES = 6, 3
_SMALL, _SMALLEST = 15, 5  # sizes are halved down to the first; if they are few, to the second


@whole_install("learning_curve")
def learning_curve(
    corpus: Corpus,
    *,
    sizes: Sequence[int] | None = None,
    repeats: int = 3,
    settings: Mapping[str, Any] | None = None,
    on_training: Callable[[Trained], None] | None = None,
    **training: Any,
) -> LearningCurve:
    """Measure F1 against the number of training sentences, and forecast it for twice as many.

    Each repeat shuffles the sentences of the train split, and a training gets the first ones, so
    that each subset contains the smaller ones. F1 is measured on the test split. Without one it is
    measured on the dev split, which then does not choose the epoch; without both, on a fifth of the
    training sentences, a different fifth in each repeat. Sentences are drawn individually, even
    if they belong to the same document.

    Parameters
    ----------
    corpus : Corpus
        The corpus, of which subsets of the train split are used.
    sizes : sequence of int, optional
        Numbers of training sentences, in ascending order; by default all of them, half of them
        and so on.
    repeats : int
        Number of trainings per size, each with its own seed and subset.
    settings : mapping of str to object, optional
        Settings of `WindowClassifier`; the seeds count up from `seed`.
    on_training : callable, optional
        Called after each training.
    **training
        Further arguments of `WindowClassifier.fit`, such as `vectors`.

    Raises
    ------
    UsageError
        If sizes are not in ascending order, or exceed the number of sentences.
    DataError
        If there are too few sentences.
    TrainingError
        If a training diverges.

    Examples
    --------
    >>> from windowclf import learning_curve, load_corpus
    >>> curve = learning_curve(load_corpus("sample"), repeats=2)  # doctest: +SKIP
    >>> curve.points[-1].mean, curve.forecast.f1  # doctest: +SKIP
    (0.812, 0.848)
    """
    if not isinstance(corpus, Corpus):
        raise UsageError(
            f"corpus: expected a Corpus, got {described(corpus)}; load one with load_corpus"
        )
    check_callable(on_training, "on_training")
    check_count(repeats, "repeats")
    plan = plan_trainings(corpus, sizes)
    given = dict(settings or {})
    first = make_config(given).seed
    training = _with_loaded_vectors(training)
    trained = []
    for repeat in range(repeats):
        for part, text in _subsets(corpus, plan, repeat, first):
            # No folds are trained, because their results would not be used.
            classifier = WindowClassifier(**given | {"seed": first + repeat, "folds": 0})
            classifier.fit(part, **training)
            found = classifier.evaluate(text, scheme=corpus.scheme)
            trained.append(_trained(part, repeat + 1, found.total.f1))
            if on_training:
                on_training(trained[-1])
    return make_curve(trained, scored_on=plan.scored_on)


@dataclass(frozen=True, slots=True)
class CurvePlan:
    """The plan of a curve's trainings.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of training sentences, in ascending order.
    scored_on : {"test", "dev", "held out"}
        The text on which F1 is measured.
    """

    sizes: Sequence[int]
    scored_on: str


def plan_trainings(corpus: Corpus, sizes: Sequence[int] | None = None) -> CurvePlan:
    """Check or choose the sizes of a curve, and choose the text for its scores.

    Raises
    ------
    UsageError, DataError
        As for `learning_curve`.
    """
    there = len(_nonempty_sentences(corpus, "train"))
    if there < FEWEST:
        raise DataError(
            f"{corpus.name}: {there} training sentences: expected at least {FEWEST} for a "
            "learning curve; label more"
        )
    scored_on = next(
        (split for split in ("test", "dev") if _nonempty_sentences(corpus, split)), "held out"
    )
    most = there - -(-there // _FOLDS) if scored_on == "held out" else there
    if sizes is None:
        return CurvePlan(default_sizes(most), scored_on)
    counts = [check_count(size, "sizes") for size in sizes]
    if not counts or any(later <= size for size, later in pairwise(counts)):
        raise UsageError(
            f"`sizes`: expected numbers of sentences in ascending order, such as 25, 50 and 100, "
            f"got {', '.join(map(str, counts)) or 'none'}"
        )
    if counts[-1] > most:
        raise UsageError(
            f"`sizes`: expected at most {most:,}, the training sentences of {corpus.name}"
            f"{' that are not held out' * (scored_on == 'held out')}, got {counts[-1]:,}"
        )
    return CurvePlan(counts, scored_on)


def default_sizes(most: int) -> list[int]:
    """Halve a number of sentences repeatedly, to at most six sizes."""
    sizes = [most]
    while len(sizes) < _MOST_SIZES:
        half = sizes[0] // 2
        if half < (_SMALL if len(sizes) >= _WANTED_SIZES else _SMALLEST):
            break
        sizes.insert(0, half)
    return sizes


def _subsets(
    corpus: Corpus, plan: CurvePlan, repeat: int, seed: int
) -> Iterator[tuple[Corpus, list[Sentence]]]:
    """Yield, for each size, the training text and the text to score on."""
    order = _order(corpus, seed + repeat)
    if plan.scored_on == "held out":
        # Five repeats hold out the five parts of one order; the next five use another order.
        held_out = _order(corpus, seed + repeat // _FOLDS)[repeat % _FOLDS :: _FOLDS]
        text = [corpus.splits["train"][number] for number in held_out]
        taken = set(held_out)
        order = [number for number in order if number not in taken]
    else:
        text = _nonempty_sentences(corpus, plan.scored_on)
    for size in plan.sizes:
        drawn = corpus.with_train_sentences(sorted(order[:size]))
        splits = {"train": drawn.splits["train"]}
        if plan.scored_on == "test" and corpus.splits.get("dev"):
            splits["dev"] = corpus.splits["dev"]
        # Training warns about doubtful data except for what the notes mention. A subset may lack
        # labels, and has no dev split if F1 is measured there.
        doubts = find_doubts(splits, corpus.scheme)
        yield replace(drawn, splits=splits, notes=(*corpus.notes, *doubts)), text


def _order(corpus: Corpus, seed: int) -> list[int]:
    """Shuffle the training sentences so that the corpora of a mixture alternate.

    Any number of first sentences then has the same proportions of corpora as the whole.
    """
    sentences = corpus.splits["train"]
    rng = random.Random(seed)  # noqa: S311
    ends = accumulate(corpus.part_sizes() or [len(sentences)], initial=0)
    placed: list[tuple[float, int]] = []
    for start, end in pairwise(ends):
        numbers = [number for number in range(start, end) if len(sentences[number])]
        rng.shuffle(numbers)
        placed += [((place + 0.5) / len(numbers), n) for place, n in enumerate(numbers)]
    return [number for _, number in sorted(placed)]


def _trained(part: Corpus, repeat: int, f1: float) -> Trained:
    sentences = part.splits["train"]
    return Trained(
        repeat=repeat,
        sentences=len(sentences),
        tokens=sum(map(len, sentences)),
        spans=sum(len(spans(one.tags or (), part.scheme)) for one in sentences),
        f1=f1,
    )


def _nonempty_sentences(corpus: Corpus, split: str) -> list[Sentence]:
    """List the sentences of a split that are not empty."""
    return [sentence for sentence in corpus.splits.get(split, ()) if len(sentence)]


def _with_loaded_vectors(training: dict[str, Any]) -> dict[str, Any]:
    """Load the word vectors once for all trainings; random vectors are drawn for each training."""
    from windowclf.corpora.coerce import as_vectors

    vectors = training.get("vectors", "bundled")
    if vectors == "random":
        return training
    return training | {"vectors": as_vectors(vectors, (), 0)[1]}
