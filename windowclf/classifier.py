"""The public object: a classifier that is trained, saved, loaded and asked."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from windowclf.bundle import load_model, save_model
from windowclf.config import Config, make_config
from windowclf.errors import DataError, ModelError, UsageError
from windowclf.model import Model
from windowclf.resources import data_path
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import Entity, Splitter, TaggedText, tag_texts
from windowclf.tags import Scheme, recognise
from windowclf.text.sentence import Sentence
from windowclf.text.tokenizer import split_words

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

    from windowclf.corpora.sources import Corpus
    from windowclf.metrics import Scores
    from windowclf.training.learn import Listener

TaggedSentences = Iterable[Sentence] | Iterable[tuple[Sequence[str], Sequence[str]]]


class WindowClassifier:
    """A word-window classifier for named entities and other token labels.

    Parameters
    ----------
    **settings
        Fields of `windowclf.Config`; those not given have its defaults. `preset` names a set of
        them, see `windowclf.presets.PRESETS`.

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
        if self._tagger is None:
            self._tagger = Tagger(self.model)
        return self._tagger

    @property
    def is_fitted(self) -> bool:
        """Whether there is a trained model."""
        return self._model is not None

    @property
    def labels(self) -> list[str]:
        """Labels that the classifier tells apart, such as LOC and PER."""
        model = self.model
        if model.scheme is Scheme.PLAIN:
            return [label for label in model.labels if label != "O"]
        return sorted({label.partition("-")[2] for label in model.labels} - {""})

    def fit(
        self,
        train: "Corpus | TaggedSentences",
        dev: "TaggedSentences" = (),
        *,
        vectors: "str | Path | KeyedVectors" = "bundled",
        gazetteers: Mapping[str, str | Path | Iterable[str]] | None = None,
        scheme: str = "auto",
        listener: "Listener | None" = None,
        begin: "Callable[[str], None] | None" = None,
        threads: int | None = None,
    ) -> Self:
        """Train on tagged sentences; the parameters of the best epoch are kept.

        If training is interrupted after its first epoch, the classifier has the best of the
        epochs that were done.

        Parameters
        ----------
        train : Corpus, or sentences
            A corpus with a train split, and a dev split if there is one; or the sentences
            themselves, as `Sentence` or as pairs of tokens and tags.
        dev : sentences
            Chooses the best epoch and ends training early, in place of the dev split of a
            corpus; without either the last epoch is kept.
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
            the same model on any number of them, to rounding.

        Returns
        -------
        WindowClassifier
            Itself.

        Raises
        ------
        DataError
            If there is nothing to learn from, or a gazetteer cannot be read.
        TrainingError
            If the loss is no longer finite.
        """
        from windowclf.corpora.sources import Corpus
        from windowclf.lexicon.gazetteer import Gazetteer, read_gazetteer
        from windowclf.training.fit import fit
        from windowclf.training.prepare import prepare

        name = ""
        if isinstance(train, Corpus):
            name = train.name
            read_in, splits = train.scheme, train.splits
            if "train" not in splits:
                raise DataError(f"{name}: has no train split: name the file with --train")
            sentences, dev_sentences = splits["train"], _sentences(dev) or splits.get("dev", [])
        else:
            sentences, dev_sentences = _sentences(train), _sentences(dev)
            tags = [sentence.tags or () for sentence in [*sentences, *dev_sentences]]
            read_in = recognise(tags) if scheme == "auto" else _scheme(scheme)
        lists = {
            kind: read_gazetteer(names) if isinstance(names, str | Path) else Gazetteer(names)
            for kind, names in (gazetteers or {}).items()
        }
        vector_name = str(vectors) if isinstance(vectors, str | Path) else "given vectors"
        model = prepare(
            sentences,
            scheme=read_in,
            vectors=self._vectors(vectors, sentences),
            config=self.config,
            gazetteers=lists,
        )
        try:
            fit(
                model,
                sentences,
                dev_sentences,
                scheme=read_in,
                data=name,
                vectors=vector_name,
                listener=listener,
                begin=begin,
                threads=threads,
            )
        finally:
            if model.record:
                self._model, self._tagger = model, None
        return self

    def predict(
        self,
        sentences: Iterable[Sequence[str]],
        documents: Iterable[Hashable | None] | None = None,
        threads: int = 1,
    ) -> list[list[str]]:
        """Tag sentences given as tokens.

        Parameters
        ----------
        sentences : iterable of sequences of str
        documents : iterable, optional
            A number or a name of the document that each sentence is of: neighbours with the
            same one are together, None is by itself. Without it every sentence is.
        threads : int
            Share the work where there is enough of it.

        Returns
        -------
        list of list of str
            A tag for each token: IOB2, or plain labels.
        """
        numbers = None if documents is None else list(documents)
        return list(self.tagger.tags(list(sentences), numbers, threads))

    def tag(self, text: str) -> list[Entity]:
        """Find the entities of a text.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of Entity
            In order, with character offsets.
        """
        return next(self.pipe([text])).entities

    def pipe(
        self,
        texts: Iterable[str],
        *,
        split: Splitter = split_words,
        batch_size: int = 512,
        threads: int = 1,
    ) -> Iterator[TaggedText]:
        """Tag a stream of texts in constant memory.

        Parameters
        ----------
        texts : iterable of str
        split : callable
            Splits a text into sentences of tokens.
        batch_size : int
            Texts that are tagged at once, at the most.
        threads : int
            Share the work; with more than one, texts are taken before their turn.

        Yields
        ------
        TaggedText
            One for each text, in order.
        """
        return tag_texts(self.tagger, texts, split=split, batch_size=batch_size, threads=threads)

    def evaluate(self, sentences: TaggedSentences, *, scheme: str = "auto") -> "Scores":
        """Compare the classifier's tags with the right ones, by conlleval's rules.

        Parameters
        ----------
        sentences : sentences
            As `Sentence` or as pairs of tokens and tags.
        scheme : {"auto", "iob1", "iob2", "iobes", "plain"}
            Of their tags.

        Returns
        -------
        Scores
        """
        from windowclf.evaluation import evaluate

        given = _sentences(sentences)
        model = self.model
        tags = [sentence.tags or () for sentence in given]
        if model.scheme is Scheme.PLAIN:
            source = Scheme.PLAIN
        else:
            source = recognise(tags) if scheme == "auto" else _scheme(scheme)
        gold = [model.gold_tags(found, source) for found in tags]
        return evaluate(self.tagger, given, gold, confidence=True)

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
        model = load_model(Path(folder))
        classifier = cls()
        classifier.config, classifier._model = model.config, model
        return classifier

    def _vectors(
        self, vectors: "str | Path | KeyedVectors", sentences: Sequence[Sentence]
    ) -> "KeyedVectors":
        from windowclf.lexicon.vectors import load_vectors

        if not isinstance(vectors, str | Path):
            return vectors
        return load_vectors(
            vectors,
            words=(word for sentence in sentences for word in sentence.tokens),
            seed=self.config.seed,
        )


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


def _sentences(given: TaggedSentences) -> list[Sentence]:
    try:
        sentences = [s if isinstance(s, Sentence) else Sentence(*s) for s in given]
    except TypeError:
        raise DataError(
            "expected sentences, each a Sentence or a pair of tokens and tags"
        ) from None
    for number, sentence in enumerate(sentences, 1):
        if sentence.tags is None or len(sentence.tags) != len(sentence.tokens):
            tags = 0 if sentence.tags is None else len(sentence.tags)
            raise DataError(
                f"sentence {number}: {len(sentence.tokens)} tokens but {tags} tags; "
                f"expected a tag for each token"
            )
    return sentences


def _scheme(name: str) -> Scheme:
    try:
        return Scheme(name)
    except ValueError:
        raise UsageError(f"unknown scheme {name!r}: expected auto, {', '.join(Scheme)}") from None
