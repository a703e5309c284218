"""Evaluation of a model against gold tags: scores, and a list of its errors."""

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
    """Convert the tags of sentences to the scheme of a model.

    Parameters
    ----------
    model : Model
        The model; with plain labels the tags do not change.
    sentences : sequence of Sentence
        Sentences with tags in `scheme`.
    scheme : Scheme
        Scheme of the sentences' tags.
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
    """Compare the tags of sentences with gold tags, by conlleval's rules.

    Parameters
    ----------
    tagger : Tagger
        Tagger of the model to evaluate.
    sentences : sequence of Sentence
        The sentences to tag; their own tags are not used.
    gold : sequence of sequences of str
        The right tags, from `gold_tags`.
    confidence : bool
        Whether to measure the calibration of the confidences, too.
    lacks : collection of str
        Labels that the sentences do not annotate; spans with these labels are ignored.
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
    """Return the confidence of each predicted span, and whether it is right; see `evaluate`."""
    predictions = _without_lacked(tagger.predict(*_tokens(sentences)), lacks)
    return _confidences_and_correct(tagger, list(predictions), gold)


class SpanCounts(NamedTuple):
    """Counts of spans per sentence, and the confidences of predicted spans.

    Attributes
    ----------
    counts : int array, shape (n, L, 3)
        Numbers of correct, predicted and gold spans, by sentence and label.
    confidence : float array, shape (M,)
        Confidence of each predicted span.
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
        Tagger of the model to evaluate.
    sentences : sequence of Sentence
        The sentences to tag; their own tags are not used.
    gold : sequence of collections of Span
        The right spans of each sentence.
    labels : sequence of str
        The order of the labels in the array: all labels of `gold` and of the model.
    lacks : sequence of collections of str
        The labels that each sentence does not annotate; predicted spans with these are left out.
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
    """Return the score of each token by a ranking model, and which tokens are positive."""
    s = [tagger.score(found)[:, 0] for found in tagger.lookup(*_tokens(sentences))]
    relevant = [tag != OUTSIDE for tags in gold for tag in tags]
    return np.concatenate([np.empty(0), *s]), np.array(relevant, dtype=bool)


class Examination(NamedTuple):
    """The complete result of an evaluation.

    Attributes
    ----------
    scores : Scores
        Totals and scores by type.
    errors : list of EntityError
        Entities that are missed, spurious, or have a wrong type or border, the most confident
        first. Their score is the confidence of the predicted span. For a missed one it is one minus
        the calibrated probability of exactly this span, which is 1 if the model does not know the
        label.
    confidence : float array, shape (M,)
        Confidence of each predicted span.
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
    """Tag sentences once, and return scores, errors and confidences; see `evaluate`.

    Parameters
    ----------
    processes : int
        Number of processes that share the work.
    """
    tokens, documents = _tokens(sentences)

    def look(chunk: TaggedChunk, here: slice) -> tuple[list[Prediction], list[EntityError]]:
        made = [*_without_lacked(chunk.predictions(), lacks)]
        found = _chunk_errors(tagger.model, chunk, made, tokens[here], gold[here])
        return made, [replace(error, sentence=here.start + error.sentence) for error in found]

    predictions: list[Prediction] = []
    errors: list[EntityError] = []
    for made, wrong in tagger.map_chunks(look, tokens, documents, processes):
        predictions += made
        errors += wrong
    scores = score(gold, (prediction.tags for prediction in predictions), tagger.model.scheme)
    calibration_pairs = _confidences_and_correct(tagger, predictions, gold)
    scores = replace(scores, calibration_error=expected_calibration_error(*calibration_pairs))
    scores = _with_ranking(scores, tagger, sentences, gold)
    return Examination(
        scores,
        sorted(errors, key=lambda error: error.score or 0.0, reverse=True),
        *calibration_pairs,
    )


def compare(
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: Scheme,
) -> list[EntityError]:
    """List the errors of predicted tags, without scores, in the order of the text.

    Parameters
    ----------
    sentences : sequence of Sentence
        The sentences; their own tags are not used.
    gold, predicted : sequence of sequences of str
        The tags of each sentence.
    scheme : Scheme
        Scheme of the gold and the predicted tags.
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
    """Yield the errors of a chunk with their scores; sentences are numbered within the chunk."""
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
    """Compute the calibrated probability of gold spans, each paired with its sentence number."""
    if not places:
        return np.empty(0)
    numbers = {tag: number for number, tag in enumerate(model.labels)}
    ends = np.cumsum(chunk.lengths)
    path = chunk.path.copy()  # only the tags in these spans are used
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


def _without_lacked(found: Iterable[Prediction], lacks: Collection[str]) -> Iterable[Prediction]:
    """Remove predicted spans with labels that the text does not annotate."""
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
    """Replace the tags of some labels by ``O``."""
    return [OUTSIDE if tag.partition("-")[2] in lacks else tag for tag in tags]


def _tokens(sentences: Sequence[Sentence]) -> tuple[list[Sequence[str]], list[int | None]]:
    return [sentence.tokens for sentence in sentences], [
        sentence.document for sentence in sentences
    ]


def _confidences_and_correct(
    tagger: Tagger, predictions: Sequence[Prediction], gold: Sequence[Sequence[str]]
) -> tuple[FloatArray, BoolArray]:
    sure: list[FloatArray] = [np.empty(0)]
    right: list[bool] = []
    for tags, found in zip(gold, predictions, strict=True):
        true = set(spans(tags, tagger.model.scheme))
        sure.append(found.confidences)
        right += [span in true for span in found.spans]
    return np.concatenate(sure), np.array(right, dtype=bool)
