"""How F1 grows with the training text: the same training on ever more of its sentences."""

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
"""The fewest sentences that a curve needs."""
_FOLDS = 5  # one of them is held out where no text is there to score on
_MOST_SIZES, _WANTED_SIZES = 6, 3
_SMALL, _SMALLEST = 15, 5  # sizes are halved down to the first, and to the second if they are few


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

    In each repeat the sentences of the train split are put in a random order; a training of a
    size gets the first ones of them, so that each subset holds the smaller ones. F1 is that on the
    test split. Without one it is that on the dev split, which then does not choose the epoch, and
    without both that on a fifth of the training sentences, another fifth in each repeat. Sentences
    are drawn one by one, also where they are of one document.

    Parameters
    ----------
    corpus : Corpus
    sizes : sequence of int, optional
        Numbers of training sentences, in ascending order; by default all of them, half of them
        and so on.
    repeats : int
        How many trainings each size gets, each with a seed and a subset of its own.
    settings : mapping of str to object, optional
        As `WindowClassifier` takes them; the seeds are counted up from `seed`.
    on_training : callable, optional
        Is called after each training.
    **training
        What `WindowClassifier.fit` takes besides the text, such as `vectors`.

    Raises
    ------
    UsageError
        For sizes that are not in order, or more than the sentences there are.
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
            # What the folds would find is not looked at.
            classifier = WindowClassifier(**given | {"seed": first + repeat, "folds": 0})
            classifier.fit(part, **training)
            found = classifier.evaluate(text, scheme=corpus.scheme)
            trained.append(_trained(part, repeat + 1, found.total.f1))
            if on_training:
                on_training(trained[-1])
    return make_curve(trained, scored_on=plan.scored_on)


@dataclass(frozen=True, slots=True)
class CurvePlan:
    """What the trainings of a curve get.

    Parameters
    ----------
    sizes : sequence of int
        Training sentences, in ascending order.
    scored_on : {"test", "dev", "held out"}
    """

    sizes: Sequence[int]
    scored_on: str


def plan_trainings(corpus: Corpus, sizes: Sequence[int] | None = None) -> CurvePlan:
    """Check the sizes of a curve, or choose them, and find out on what it is scored.

    Raises
    ------
    UsageError, DataError
        See `learning_curve`.
    """
    there = len(_filled(corpus, "train"))
    if there < FEWEST:
        raise DataError(
            f"{corpus.name}: {there} training sentences: expected at least {FEWEST} for a "
            "learning curve; label more"
        )
    scored_on = next((split for split in ("test", "dev") if _filled(corpus, split)), "held out")
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
    """Halve a number of sentences until they are few, to six sizes at most."""
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
    """Yield, for each size, the text to train on and the one to score on."""
    order = _order(corpus, seed + repeat)
    if plan.scored_on == "held out":
        # Five repeats hold out the parts of one order, the next five those of another one.
        held_out = _order(corpus, seed + repeat // _FOLDS)[repeat % _FOLDS :: _FOLDS]
        text = [corpus.splits["train"][number] for number in held_out]
        taken = set(held_out)
        order = [number for number in order if number not in taken]
    else:
        text = _filled(corpus, plan.scored_on)
    for size in plan.sizes:
        drawn = corpus.with_train_sentences(sorted(order[:size]))
        splits = {"train": drawn.splits["train"]}
        if plan.scored_on == "test" and corpus.splits.get("dev"):
            splits["dev"] = corpus.splits["dev"]
        # Training reports what is doubtful, but for what the notes have: a subset is meant to lack
        # labels, and to have no dev split where that is scored.
        doubts = find_doubts(splits, corpus.scheme)
        yield replace(drawn, splits=splits, notes=(*corpus.notes, *doubts)), text


def _order(corpus: Corpus, seed: int) -> list[int]:
    """Put the training sentences in a random order, in which the corpora of a mixture alternate.

    So the first ones have the sentences of each corpus in the proportions of all.
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


def _filled(corpus: Corpus, split: str) -> list[Sentence]:
    """List the sentences of a split that have a token."""
    return [sentence for sentence in corpus.splits.get(split, ()) if len(sentence)]


def _with_loaded_vectors(training: dict[str, Any]) -> dict[str, Any]:
    """Load the word vectors once for all trainings; random ones are drawn for each."""
    from windowclf.corpora.coerce import as_vectors

    vectors = training.get("vectors", "bundled")
    if vectors == "random":
        return training
    return training | {"vectors": as_vectors(vectors, (), 0)[1]}
