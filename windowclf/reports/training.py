"""The content of a training report: a model, its errors, and its vectors."""

from typing import TYPE_CHECKING, NamedTuple

from windowclf.evaluation.evaluate import Examination, examine, gold_tags
from windowclf.model.model import Model
from windowclf.reports.vector_moves import VectorMoves, vector_moves
from windowclf.reports.word_map import WordMap, word_map

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from windowclf.classifier import WindowClassifier
    from windowclf.corpora.coerce import TaggedSentences
    from windowclf.corpora.corpus import Corpus


class TrainingReport(NamedTuple):
    """A model with analyses of its texts and vectors.

    Attributes
    ----------
    dev : Examination or None
        None without a dev text.
    moves : VectorMoves or None
        None if the vectors at the start of the training are unknown.
    map : WordMap or None
        None if too few words are in entities.
    """

    model: Model
    dev: Examination | None
    moves: VectorMoves | None
    map: WordMap | None


def examine_training(
    classifier: "WindowClassifier",
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset" = (),
    *,
    scheme: str = "auto",
) -> TrainingReport:
    """Collect the content of a training report; see `write_report`."""
    from windowclf.corpora.coerce import as_training_text

    given = as_training_text(train, dev, scheme)
    tagger = classifier.tagger
    model = tagger.model
    train_gold, dev_gold = (
        gold_tags(model, sentences, given.scheme) for sentences in (given.train, given.dev)
    )
    first = model.first_vectors
    lacks = model.record.lacked if model.record else ()
    return TrainingReport(
        model,
        examine(tagger, given.dev, dev_gold, lacks=lacks) if given.dev else None,
        vector_moves(model, first) if first else None,
        word_map(model, given.train, train_gold),
    )
