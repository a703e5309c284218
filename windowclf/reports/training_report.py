"""All that is said of a training: what its report shows."""

from collections.abc import Sequence
from typing import NamedTuple

from windowclf.documents.sentence import Sentence
from windowclf.evaluation.evaluate import Examination, examine
from windowclf.model.model import Model
from windowclf.reports.vector_moves import VectorMoves, vector_moves
from windowclf.reports.word_map import WordMap, word_map
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme


class TrainingReport(NamedTuple):
    """A model, and what looking at its texts and its vectors tells.

    Attributes
    ----------
    model : Model
    dev : Examination or None
        None without a dev text.
    moves : VectorMoves or None
        None where the vectors that the training began with are not known.
    map : WordMap or None
        None where too few words are in entities.
    """

    model: Model
    dev: Examination | None
    moves: VectorMoves | None
    map: WordMap | None


def training_report(
    tagger: Tagger,
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    scheme: Scheme,
) -> TrainingReport:
    """Examine a model.

    Parameters
    ----------
    tagger : Tagger
    train, dev : sequence of Sentence
        What it was trained on and chosen by.
    scheme : Scheme
        Of their tags.

    Returns
    -------
    TrainingReport
    """
    model = tagger.model
    source = Scheme.PLAIN if model.scheme is Scheme.PLAIN else scheme

    def gold(sentences: Sequence[Sentence]) -> list[list[str]]:
        return [model.gold_tags(sentence.tags or (), source) for sentence in sentences]

    first = model.first_vectors
    return TrainingReport(
        model,
        examine(tagger, dev, gold(dev)) if dev else None,
        vector_moves(model, first) if first else None,
        word_map(model, train, gold(train)),
    )
