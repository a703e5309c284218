"""How good a model's tags are, beside the right ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from windowclf.calibration import expected_calibration_error
from windowclf.metrics import Scores, average_precision, score
from windowclf.nn.arrays import BoolArray, FloatArray
from windowclf.tagging.chunk import Prediction
from windowclf.tagging.tagger import Tagger
from windowclf.tags import OUTSIDE, spans
from windowclf.text.sentence import Sentence


def evaluate(
    tagger: Tagger,
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    *,
    confidence: bool = False,
) -> Scores:
    """Compare the tags of sentences with the right ones, by conlleval's rules.

    Parameters
    ----------
    tagger : Tagger
    sentences : sequence of Sentence
        Their own tags are not looked at.
    gold : sequence of sequences of str
        From `Model.gold_tags`.
    confidence : bool
        Whether to measure how far the confidences can be trusted as well.

    Returns
    -------
    Scores
    """
    model = tagger.model
    if confidence:
        predictions = list(tagger.predict(*_tokens(sentences)))
        found = score(gold, (prediction.tags for prediction in predictions), model.scheme)
        error = expected_calibration_error(*_beside_gold(tagger, predictions, gold))
        found = replace(found, calibration_error=error)
    else:
        chunks = tagger.chunks(*_tokens(sentences))
        found = score(gold, (tags for chunk in chunks for tags in chunk.own_tags()), model.scheme)
    if model.config.loss != "ranking":
        return found
    return replace(found, average_precision=average_precision(*ranking(tagger, sentences, gold)))


def confidences(
    tagger: Tagger, sentences: Sequence[Sentence], gold: Sequence[Sequence[str]]
) -> tuple[FloatArray, BoolArray]:
    """Give the confidence of each span that is found, and tell which are right; see `evaluate`."""
    return _beside_gold(tagger, list(tagger.predict(*_tokens(sentences))), gold)


def ranking(
    tagger: Tagger, sentences: Sequence[Sentence], gold: Sequence[Sequence[str]]
) -> tuple[FloatArray, BoolArray]:
    """Score each token with the one score of a ranking model, and tell which are positive."""
    s = [tagger.score(found)[:, 0] for found in tagger.find(*_tokens(sentences))]
    relevant = [tag != OUTSIDE for tags in gold for tag in tags]
    return np.concatenate([np.empty(0), *s]), np.array(relevant, dtype=bool)


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
