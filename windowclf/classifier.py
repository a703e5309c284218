"""The public object: a classifier that is trained, saved, loaded and asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import msgspec

from windowclf.config.config import Config, make_config
from windowclf.errors import ModelError, UsageError
from windowclf.model.bundle import load_model, pack_model, save_model, unpack_model
from windowclf.model.model import Model
from windowclf.system.resources import data_path
from windowclf.tagging.inference import Inference
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.text.tokenizer import split_words

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from gensim.models import KeyedVectors

    from windowclf.corpora.coerce import TaggedSentences
    from windowclf.corpora.sources import Corpus
    from windowclf.evaluation.metrics import Scores
    from windowclf.explanation.result import Explanation
    from windowclf.training.checkpoints import Checkpoints
    from windowclf.training.train_network import Listener


class WindowClassifier(Inference):
    """A word-window classifier for named entities and other token labels.

    Several threads may share one to tag. A pickle of it has about the size of its folder.

    Parameters
    ----------
    **settings
        Fields of `windowclf.Config`; those not given have its defaults. `preset` names a set of
        them, see `windowclf.config.presets.PRESETS`.

    Raises
    ------
    UsageError
        For a setting that does not exist or is out of range.

    Examples
    --------
    >>> from windowclf import WindowClassifier, load_corpus
    >>> corpus = load_corpus("sample")
    >>> classifier = WindowClassifier(hidden=100).fit(corpus)
    >>> classifier.predict([["Paris", "is", "in", "France"]])
    [['B-LOC', 'O', 'O', 'B-LOC']]
    """

    def __init__(self, **settings: Any) -> None:
        self.config: Config = make_config(settings)
        self._model: Model | None = None
        self._tagger: Tagger | None = None
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        made_anew = ("_model", "_tagger", "_lock")
        rest = {name: value for name, value in self.__dict__.items() if name not in made_anew}
        return {**rest, "_model": self.to_bytes() if self.is_fitted else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state.pop("_model")
        self.__dict__.update(state)
        self._model = None if packed is None else _unpack(packed)
        self._tagger = None
        self._lock = Lock()

    @property
    def model(self) -> Model:
        """The trained model behind the classifier.

        Raises
        ------
        ModelError
            Before `fit`.
        """
        if self._model is None:
            raise ModelError("the classifier is not trained: call fit, or windowclf.load(folder)")
        return self._model

    @property
    def tagger(self) -> Tagger:
        """The model at work, with the words that it has seen.

        Raises
        ------
        ModelError
            Before `fit`.
        """
        with self._lock:  # of two threads each would make its own, and one lose its words
            if self._tagger is None:
                self._tagger = Tagger(self.model)
            return self._tagger

    @property
    def is_fitted(self) -> bool:
        """Whether there is a trained model."""
        return self._model is not None

    def fit(
        self,
        train: "Corpus | TaggedSentences | Dataset | DatasetDict",
        dev: "TaggedSentences | Dataset" = (),
        *,
        vectors: "str | Path | KeyedVectors" = "bundled",
        gazetteers: Mapping[str, str | Path | Iterable[str]] | None = None,
        scheme: str = "auto",
        listener: "Listener | None" = None,
        begin: "Callable[[str], None] | None" = None,
        threads: int | None = None,
        checkpoints: "Checkpoints | None" = None,
    ) -> Self:
        """Train on tagged sentences; the parameters of the best epoch are kept.

        If training is interrupted after its first epoch, the classifier has the best of the
        epochs that were done.

        Parameters
        ----------
        train : Corpus, sentences, datasets.Dataset or datasets.DatasetDict
            A corpus or a `DatasetDict` with a train split, and a dev split if there is one; or
            the sentences themselves, as `Sentence`, as pairs of tokens and tags, or as a
            `Dataset` whose columns have the usual names: tokens or words; ner_tags, tags,
            labels or ner.
        dev : sentences, or datasets.Dataset
            Chooses the best epoch and ends training early, in place of the dev split of
            `train`; without either the last epoch is kept.
        vectors : str, Path or gensim.models.KeyedVectors
            Pretrained word vectors, or what `windowclf.load_vectors` takes.
        gazetteers : mapping of str to str, Path or iterable of str, optional
            Lists of names by their type: a file with a name a line, or the names themselves.
        scheme : {"auto", "iob1", "iob2", "iobes", "plain"}
            How the tags spell spans; for a corpus it is known.
        listener : callable, optional
            Is told of each batch and each epoch.
        begin : callable, optional
            Is told which network is trained, before each where there are several.
        threads : int, optional
            How many work at the same time; without it one for each processor. The same seed gives
            the same model on any number of them.
        checkpoints : windowclf.training.checkpoints.Checkpoints, optional
            Keep the training on the disk as it goes on, and may say where one was stopped that
            now goes on; it ends with the same bytes as one that was never stopped.

        Returns
        -------
        WindowClassifier
            Itself.

        Raises
        ------
        DataError
            If there is nothing to learn from, a gazetteer cannot be read, or a training that goes
            on has other texts or vectors than it began with.
        TrainingError
            If the loss is no longer finite.
        ModelError
            If a checkpoint cannot be written, or is damaged.
        """
        from windowclf.corpora.coerce import as_gazetteers, as_training_text, as_vectors
        from windowclf.training.fit import fit
        from windowclf.training.prepare import prepare

        given = as_training_text(train, dev, scheme)
        words = (word for sentence in given.train for word in sentence.tokens)
        vector_name, keyed = as_vectors(vectors, words, self.config.seed)
        model = prepare(
            given.train,
            scheme=given.scheme,
            vectors=keyed,
            config=self.config,
            gazetteers=as_gazetteers(gazetteers),
        )
        try:
            fit(
                model,
                given.train,
                given.dev,
                scheme=given.scheme,
                data=given.name,
                vectors=vector_name,
                listener=listener,
                begin=begin,
                threads=threads,
                checkpoints=checkpoints,
            )
        finally:
            if model.record:
                with self._lock:
                    self._model, self._tagger = model, None
        return self

    def evaluate(self, sentences: "TaggedSentences | Dataset", *, scheme: str = "auto") -> "Scores":
        """Compare the classifier's tags with the right ones, by conlleval's rules.

        Parameters
        ----------
        sentences : sentences, or datasets.Dataset
            As `fit` takes them.
        scheme : {"auto", "iob1", "iob2", "iobes", "plain"}
            Of their tags.

        Returns
        -------
        Scores
        """
        from windowclf.corpora.coerce import as_scheme, as_sentences
        from windowclf.evaluation.evaluate import evaluate

        given = as_sentences(sentences)
        model = self.model
        source = Scheme.PLAIN if model.scheme is Scheme.PLAIN else as_scheme(given, scheme)
        gold = [model.gold_tags(sentence.tags or (), source) for sentence in given]
        return evaluate(self.tagger, given, gold, confidence=True)

    def explain(self, text: str, token: int, *, candidates: int = 2000) -> "Explanation":
        """Tell why a word of a text has its tag.

        Parameters
        ----------
        text : str
            One document, as for `tag`: a name's other places in it count.
        token : int
            Which of its tokens, from 0, over all its sentences.
        candidates : int
            Frequent words that are tried in place of each word of the window, to find the smallest
            change that changes the tag; fewer where a text is long.

        Returns
        -------
        Explanation
            What each word and feature gave, the hidden units that decided, the runner-up, the
            margin and the changes, in the model's own tags.

        Raises
        ------
        UsageError
            If the text has no such token, or `candidates` is negative.
        ModelError
            Before `fit`.
        """
        return self._explain(split_words(text), token, candidates)

    def explain_tokens(
        self, tokens: Sequence[str], token: int, *, candidates: int = 2000
    ) -> "Explanation":
        """Tell why a word of one sentence, given as tokens, has its tag; see `explain`."""
        if isinstance(tokens, str):
            raise UsageError(
                "expected the tokens of a sentence as a list, not a text; explain takes texts"
            )
        return self._explain([tokens], token, candidates)

    def _explain(
        self, sentences: Sequence[Sequence[str]], token: int, candidates: int
    ) -> "Explanation":
        from windowclf.explanation.explain import explain

        return explain(self.tagger, sentences, token, candidates=candidates)

    def save(self, folder: str | Path, *, compress: bool = False) -> None:
        """Write the classifier to a folder, whole or not at all.

        Parameters
        ----------
        folder : str or Path
        compress : bool
            Whether to round the parameters, to a third of their size or less.

        Raises
        ------
        ModelError
            If it is not trained, or cannot be written.
        """
        save_model(self.model, Path(folder), compress=compress)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a classifier from a folder.

        Raises
        ------
        ModelError
            If the folder is missing, damaged, or from a newer windowclf.
        """
        return cls._of(load_model(Path(folder)))

    def to_bytes(self) -> bytes:
        """Pack the files of a model folder: what a pickle holds, and no more than `load` trusts.

        Raises
        ------
        ModelError
            Before `fit`.
        """
        return msgspec.msgpack.encode(pack_model(self.model, zip_lexicon=False))

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read a classifier from what `to_bytes` gave.

        Raises
        ------
        ModelError
            See `load`.
        """
        return cls._of(_unpack(packed))

    @classmethod
    def _of(cls, model: Model) -> Self:
        classifier = cls()
        classifier.config, classifier._model = model.config, model
        return classifier


def load(folder: str | Path | None = None) -> WindowClassifier:
    """Read a trained classifier.

    Parameters
    ----------
    folder : str or Path, optional
        Where it was saved; without it the English model is read that the project carries.

    Raises
    ------
    ModelError
        See `WindowClassifier.load`.

    Examples
    --------
    >>> from windowclf import load
    >>> [(entity.text, entity.label) for entity in load().tag("Paris is in France")]
    [('Paris', 'LOC'), ('France', 'LOC')]
    """
    return WindowClassifier.load(data_path("model") if folder is None else folder)


def _unpack(packed: bytes) -> Model:
    where = "the packed classifier"
    try:
        files = msgspec.msgpack.decode(packed, type=dict[str, bytes])
    except ValueError as error:  # of msgspec, or a name that is no UTF-8
        raise ModelError(f"{where}: damaged model: {error}; pack it again") from None
    return unpack_model(files, where)
