"""How good a model's tags are, beside the right ones, and where they are wrong."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from windowclf.documents.sentence import Sentence
from windowclf.evaluation.entity_errors import EntityError, sentence_errors
from windowclf.evaluation.metrics import Scores, average_precision, score
from windowclf.model.calibration import expected_calibration_error
from windowclf.model.model import Model
from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.tagging.tagged_chunk import Prediction, TaggedChunk
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import OUTSIDE, Scheme, Span, spans


def gold_tags(model: Model, sentences: Sequence[Sentence], scheme: Scheme) -> list[list[str]]:
    """Write the tags of sentences as a model writes them.

    Parameters
    ----------
    model : Model
        One of plain labels takes the tags as they are.
    sentences : sequence of Sentence
        Tagged in `scheme`.
    scheme : Scheme
        How the tags of the sentences spell spans.
    """
    source = Scheme.PLAIN if model.scheme is Scheme.PLAIN else scheme
    return [model.gold_tags(sentence.tags or (), source) for sentence in sentences]


def evaluate(
    tagger: Tagger,
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    *,
    confidence: bool = False,
    lacks: Collection[str] = (),
) -> Scores:
    """Compare the tags of sentences with the right ones, by conlleval's rules.

    Parameters
    ----------
    tagger : Tagger
        The model at work.
    sentences : sequence of Sentence
        Their own tags are not used.
    gold : sequence of sequences of str
        The right tags, from `gold_tags`.
    confidence : bool
        Whether to measure how far the confidences can be trusted as well.
    lacks : collection of str
        Labels that the sentences do not annotate: spans of these do not count.
    """
    model = tagger.model
    if confidence:
        return examine(tagger, sentences, gold, lacks=lacks).scores
    chunks = tagger.chunks(*_tokens(sentences))
    predicted = (tags for chunk in chunks for tags in chunk.own_tags())
    if lacks:
        predicted = (_without(tags, lacks) for tags in predicted)
    scores = score(gold, predicted, model.scheme)
    return _with_ranking(scores, tagger, sentences, gold)


def confidences(
    tagger: Tagger,
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    lacks: Collection[str] = (),
) -> tuple[FloatArray, BoolArray]:
    """Give the confidence of each predicted span, and whether it is right; see `evaluate`."""
    predictions = _counting(tagger.predict(*_tokens(sentences)), lacks)
    return _beside_gold(tagger, list(predictions), gold)


class SpanCounts(NamedTuple):
    """What a model finds in each sentence, beside what is right.

    Attributes
    ----------
    counts : int array, shape (n, L, 3)
        Correct, predicted and gold spans of each sentence, with each label.
    confidence : float array, shape (M,)
        How sure the model is of each predicted span.
    correct : bool array, shape (M,)
        Which of these spans are right.
    """

    counts: IntArray
    confidence: FloatArray
    correct: BoolArray


def count_spans(
    tagger: Tagger,
    sentences: Sequence[Sentence],
    gold: Sequence[Collection[Span]],
    labels: Sequence[str],
    lacks: Sequence[Collection[str]],
) -> SpanCounts:
    """Count the spans of each sentence.

    Parameters
    ----------
    tagger : Tagger
        The model at work.
    sentences : sequence of Sentence
        Their own tags are not used.
    gold : sequence of collections of Span
        The right spans of each.
    labels : sequence of str
        The order of the labels in the array: all of `gold`, and all that the model may find.
    lacks : sequence of collections of str
        The labels that each sentence does not annotate: what is found of these is left out.
    """
    counts = np.zeros((len(sentences), len(labels), 3), dtype=np.int64)
    column = {label: number for number, label in enumerate(labels)}
    sure: list[float] = []
    right: list[bool] = []
    predictions = tagger.predict(*_tokens(sentences))
    for row, true, lacked, found in zip(counts, gold, lacks, predictions, strict=True):
        for span in true:
            row[column[span.label], 2] += 1
        for span, confidence in zip(found.spans, found.confidences.tolist(), strict=True):
            if span.label not in lacked:
                row[column[span.label], :2] += (span in true, 1)
                sure.append(confidence)
                right.append(span in true)
    return SpanCounts(counts, np.array(sure), np.array(right, dtype=bool))


def ranking(
    tagger: Tagger, sentences: Sequence[Sentence], gold: Sequence[Sequence[str]]
) -> tuple[FloatArray, BoolArray]:
    """Score each token with the one score of a ranking model, and tell which are positive."""
    s = [tagger.score(found)[:, 0] for found in tagger.lookup(*_tokens(sentences))]
    relevant = [tag != OUTSIDE for tags in gold for tag in tags]
    return np.concatenate([np.empty(0), *s]), np.array(relevant, dtype=bool)


class Examination(NamedTuple):
    """All that can be said of the tags of a text beside the right ones.

    Attributes
    ----------
    scores : Scores
        Totals and scores by type.
    errors : list of EntityError
        The entities that the model misses, makes up, or gives a wrong type or border; the
        surest first. The score is the confidence of the predicted span; of a missed one, one
        minus the calibrated probability that the model gives to just this span, which is 1 for a
        label that it does not know.
    confidence : float array, shape (M,)
        How sure the model is of each predicted span.
    correct : bool array, shape (M,)
        Which of these spans are right.
    """

    scores: Scores
    errors: list[EntityError]
    confidence: FloatArray
    correct: BoolArray


def examine(
    tagger: Tagger,
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    *,
    lacks: Collection[str] = (),
    processes: int = 1,
) -> Examination:
    """Tag sentences once, for all that can be said of their tags; see `evaluate`.

    Parameters
    ----------
    processes : int
        How many share the work.
    """
    tokens, documents = _tokens(sentences)

    def look(chunk: TaggedChunk, here: slice) -> tuple[list[Prediction], list[EntityError]]:
        made = [*_counting(chunk.predictions(), lacks)]
        found = _chunk_errors(tagger.model, chunk, made, tokens[here], gold[here])
        return made, [replace(error, sentence=here.start + error.sentence) for error in found]

    predictions: list[Prediction] = []
    errors: list[EntityError] = []
    for made, wrong in tagger.map_chunks(look, tokens, documents, processes):
        predictions += made
        errors += wrong
    scores = score(gold, (prediction.tags for prediction in predictions), tagger.model.scheme)
    beside = _beside_gold(tagger, predictions, gold)
    scores = replace(scores, calibration_error=expected_calibration_error(*beside))
    scores = _with_ranking(scores, tagger, sentences, gold)
    return Examination(
        scores, sorted(errors, key=lambda error: error.score or 0.0, reverse=True), *beside
    )


def compare(
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: Scheme,
) -> list[EntityError]:
    """Find the wrong entities among predicted tags, without scores, in the order of the text.

    Parameters
    ----------
    sentences : sequence of Sentence
        Their own tags are not used.
    gold, predicted : sequence of sequences of str
        The tags of each sentence.
    scheme : Scheme
        The scheme of both.
    """
    return [
        error
        for number, (sentence, true, guess) in enumerate(
            zip(sentences, gold, predicted, strict=True), start=1
        )
        for error in sentence_errors(
            number, sentence.tokens, spans(true, scheme), spans(guess, scheme)
        )
    ]


def _with_ranking(
    scores: Scores, tagger: Tagger, sentences: Sequence[Sentence], gold: Sequence[Sequence[str]]
) -> Scores:
    """Add the average precision, if the model ranks tokens."""
    if tagger.model.config.loss != "ranking":
        return scores
    return replace(scores, average_precision=average_precision(*ranking(tagger, sentences, gold)))


def _chunk_errors(
    model: Model,
    chunk: TaggedChunk,
    predictions: Sequence[Prediction],
    tokens: Sequence[Sequence[str]],
    gold: Sequence[Sequence[str]],
) -> Iterator[EntityError]:
    """Yield the errors of a chunk with their scores; sentences count from its first."""
    missed: list[tuple[EntityError, Span]] = []
    for number, (words, tags, found) in enumerate(zip(tokens, gold, predictions, strict=True), 1):
        errors = list(sentence_errors(number, words, spans(tags, model.scheme), found.spans))
        sure = dict(zip(found.spans, found.confidences.tolist(), strict=True)) if errors else {}
        for error in errors:
            if error.predicted:
                yield replace(error, score=sure[error.predicted])
            elif error.gold:
                missed.append((error, error.gold))
    p = _probabilities(model, chunk, gold, [(error.sentence, span) for error, span in missed])
    for (error, _), sure_of in zip(missed, p.tolist(), strict=True):
        yield replace(error, score=1 - sure_of)


def _probabilities(
    model: Model,
    chunk: TaggedChunk,
    gold: Sequence[Sequence[str]],
    places: Sequence[tuple[int, Span]],
) -> FloatArray:
    """Compute the calibrated probability of gold spans, each with the number of its sentence."""
    if not places:
        return np.empty(0)
    numbers = {tag: number for number, tag in enumerate(model.labels)}
    ends = np.cumsum(chunk.lengths)
    path = chunk.path.copy()  # Only its tags in these spans count.
    first, last, known = [], [], []
    for sentence, (start, end, _) in places:
        tags = [numbers.get(tag, -1) for tag in gold[sentence - 1][start:end]]
        begin = int(ends[sentence - 1] - chunk.lengths[sentence - 1]) + start
        path[begin : begin + len(tags)] = tags
        first.append(begin)
        last.append(begin + len(tags) - 1)
        known.append(-1 not in tags)
    p = model.objective.span_probabilities(
        chunk.scores, path, chunk.lengths, np.array(first), np.array(last)
    )
    return np.where(known, model.calibration(p), 0.0)


def _counting(found: Iterable[Prediction], lacks: Collection[str]) -> Iterable[Prediction]:
    """Take spans out of predictions whose labels the text does not annotate."""
    if not lacks:
        return found
    return (
        Prediction(
            _without(prediction.tags, lacks),
            [span for span in prediction.spans if span.label not in lacks],
            prediction.confidences[[span.label not in lacks for span in prediction.spans]],
        )
        for prediction in found
    )


def _without(tags: Sequence[str], lacks: Collection[str]) -> list[str]:
    """Write ``O`` for the tags of some labels."""
    return [OUTSIDE if tag.partition("-")[2] in lacks else tag for tag in tags]


def _tokens(sentences: Sequence[Sentence]) -> tuple[list[Sequence[str]], list[int | None]]:
    return [sentence.tokens for sentence in sentences], [
        sentence.document for sentence in sentences
    ]


def _beside_gold(
    tagger: Tagger, predictions: Sequence[Prediction], gold: Sequence[Sequence[str]]
) -> tuple[FloatArray, BoolArray]:
    sure: list[FloatArray] = [np.empty(0)]
    right: list[bool] = []
    for tags, found in zip(gold, predictions, strict=True):
        true = set(spans(tags, tagger.model.scheme))
        sure.append(found.confidences)
        right += [span in true for span in found.spans]
    return np.concatenate(sure), np.array(right, dtype=bool)
