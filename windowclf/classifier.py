"""The main public class: it trains, tags and explains; a model is saved and loaded through it."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

import msgspec
from msgspec.structs import asdict

from windowclf.config.config import Config, make_config
from windowclf.errors import ModelError, UsageError, described, join_names
from windowclf.model.bundle import load_model, pack_model, save_model, unpack_model
from windowclf.model.default import BUNDLED, find_model
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray
from windowclf.system.arguments import (
    check_callable,
    check_documents,
    check_flag,
    check_iterable,
    check_path,
    check_sentences,
    check_text,
    check_tokens,
)
from windowclf.system.packages import whole_install
from windowclf.system.shared_work import process_count
from windowclf.system.threads import thread_count
from windowclf.tagging.columns import tag_columns
from windowclf.tagging.tagged_text import Entity, TaggedText
from windowclf.tagging.tagger import Documents, Tagger
from windowclf.tagging.text_work import Splitter
from windowclf.tagging.texts import (
    SPLITTERS,
    tag_text,
    tag_texts,
    tag_with_contexts,
    unit_splitter,
)
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.schemes import Scheme
from windowclf.text.typography import plain_word
from windowclf.text.units import TextUnit

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from gensim.models import KeyedVectors

    from windowclf.corpora.coerce import TaggedSentences
    from windowclf.corpora.corpus import Corpus
    from windowclf.corpora.unlabelled import Unlabelled
    from windowclf.evaluation.metrics import Scores
    from windowclf.explanation.result import Explanation
    from windowclf.lexicon.clusters import Clusters
    from windowclf.training.checkpoints import Checkpoints
    from windowclf.training.fit import Listener

C = TypeVar("C")


class WindowClassifier:
    """A word-window classifier for named entities and other token labels.

    Several threads may tag with the same classifier. Its pickle is about as large as its folder.

    Parameters
    ----------
    **settings
        Fields of `windowclf.Config`; the others keep their defaults. `preset` names a set of
        them, see `windowclf.config.presets.PRESETS`.

    Raises
    ------
    UsageError
        If a setting does not exist or is out of range.

    Examples
    --------
    >>> from windowclf import WindowClassifier, load_corpus
    >>> corpus = load_corpus("sample")
    >>> classifier = WindowClassifier(hidden=100, epochs=5).fit(corpus)
    >>> classifier.predict([["Paris", "is", "in", "France"]])
    [['B-LOC', 'O', 'O', 'B-LOC']]
    """

    def __init__(self, **settings: Any) -> None:
        self.config: Config = make_config(settings)
        self._given: dict[str, Any] | None = settings
        self._model: Model | None = None
        self._tagger: Tagger | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        """Describe the classifier in one line.

        Examples
        --------
        >>> WindowClassifier(hidden=100, epochs=5)
        WindowClassifier(not trained; hidden=(100,), epochs=5)
        """
        default = Config()
        fields = {name: getattr(self.config, name) for name in Config.__struct_fields__}
        given = [f"{k}={v!r}" for k, v in fields.items() if v != getattr(default, k)]
        if self._model is None:
            parts = ["not trained", *([", ".join(given)] if given else [])]
        else:
            parts = [join_names(self.labels)]
        if self._model and (record := self._model.record):
            parts.append(f"trained on {record.data or 'sentences without a name'}")
            parts += [f"dev F1 {100 * f1:.2f} %" for f1 in [record.best_f1] if f1 is not None]
        return f"{type(self).__name__}({'; '.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        made_anew = ("_model", "_tagger", "_lock")
        rest = {name: value for name, value in self.__dict__.items() if name not in made_anew}
        return {**rest, "_model": self.to_bytes() if self.is_fitted else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state.pop("_model")
        self.__dict__.update(state)
        self.__dict__.setdefault("_given", None)  # not in pickles of earlier versions
        self._model = None if packed is None else _unpack(packed)
        self._tagger = None
        self._lock = Lock()

    def _settings(self) -> dict[str, Any]:
        """Return the settings that training must keep: for a loaded model, all of them."""
        return asdict(self.config) if self._given is None else self._given

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
        """The tagger that runs the model and caches words; see `model`."""
        with self._lock:  # without it two threads could each make one, and one cache would be lost
            if self._tagger is None:
                self._tagger = Tagger(self.model)
            return self._tagger

    @property
    def is_fitted(self) -> bool:
        """Whether there is a trained model."""
        return self._model is not None

    @property
    def labels(self) -> list[str]:
        """Labels that the classifier distinguishes, such as LOC and PER."""
        model = self.model
        if model.scheme is Scheme.PLAIN:
            return [label for label in model.labels if label != "O"]
        return sorted({label.partition("-")[2] for label in model.labels} - {""})

    @property
    def tags(self) -> list[str]:
        """Tags that `predict` returns, ``O`` first: IOB2, such as B-LOC and I-LOC, or plain labels.

        The columns of `predict_proba` have the same order.
        """
        return SpanFinder(self.model.labels, self.model.scheme).spelled

    @whole_install("fit")
    def fit(
        self,
        train: "Corpus | TaggedSentences | Dataset | DatasetDict",
        dev: "TaggedSentences | Dataset | None" = (),
        *,
        vectors: "str | Path | KeyedVectors" = "bundled",
        gazetteers: Mapping[str, str | Path | Iterable[str]] | None = None,
        clusters: "Mapping[str, str | Path | Clusters | Mapping[str, str | int]] | None" = None,
        names: Mapping[str, str | Path | Iterable[str | Path]] | None = None,
        unlabelled: "Unlabelled | None" = None,
        trained_teachers: "Iterable[str | Path | WindowClassifier] | None" = None,
        base_model: "str | Path | WindowClassifier | None" = "auto",
        keep_labels: bool = False,
        scheme: str = "auto",
        listener: "Listener | None" = None,
        threads: int | None = None,
        checkpoints: "Checkpoints | None" = None,
        progress: bool | None = None,
    ) -> Self:
        """Train on tagged sentences and keep the parameters of the best epoch.

        Without a dev text, `folds` further networks are trained, each with a part of the training
        text held out. They choose the epoch, calibrate the scores and estimate the F1
        (`model.record.expected`). The default of `folds` depends on the size of the text.

        If training is interrupted after its first epoch, the classifier keeps the best epoch so
        far.

        Parameters
        ----------
        train : Corpus, sentences, datasets.Dataset or datasets.DatasetDict
            A corpus or a `DatasetDict` with a train split, and a dev split if there is one; or
            the sentences themselves, as a `Dataset` whose columns have the usual names (tokens
            or words; ner_tags, tags, labels or ner), or as an iterable of any of: `Sentence`;
            pairs of tokens and tags; records with the keys "tokens" and "tags", or "text" and
            "entities"; spaCy's pairs ``(text, {"entities": [(start, end, label), …]})``.
        dev : sentences, or datasets.Dataset, optional
            Used to choose the best epoch and to stop training early, in place of the dev split of
            `train`. Without either, `folds` is used; without folds, the last epoch is kept.
        vectors : str, Path or gensim.models.KeyedVectors
            Pretrained word vectors, or a name or file as for `windowclf.load_vectors`.
        gazetteers : mapping of str to str, Path or iterable of str, optional
            Lists of names by their type: a file with one name per line, or the names themselves.
        clusters : mapping of str to str, Path or mapping, optional
            Word clusters by name: a file of Brown clusters (bits TAB word) or of others (word TAB
            cluster), `windowclf.lexicon.clusters.Clusters`, or the cluster of each word.
        names : mapping of str to str, Path or iterable of str, optional
            Lists of names by their type, as for `gazetteers`; a Path among names stands for the
            names in that file. The settings `name_augmentation` and `template_augmentation` draw
            from these lists. They are not used as a feature.
        unlabelled : str, Path, or iterable of str, Path, sequence of str or Sentence, optional
            Text without labels, on which the network learns to imitate its teachers: a file that
            `windowclf tag` reads; or texts, lists of tokens, and files as `Path`. Requires
            `teachers` or `trained_teachers`.
        trained_teachers : iterable of str, Path or WindowClassifier, optional
            Trained models with the same labels, as folders or classifiers; they teach the network
            together with the teachers that the setting `teachers` trains.
        base_model : str, Path or WindowClassifier, optional
            The model to start from: its folder, "bundled", or a classifier. Training begins with
            its word vectors, tables, window layer and clusters, and with its scores for the labels
            that both have; other labels start untrained. "auto" takes the bundled model for a text
            of at most `windowclf.config.recipe.TRANSFER` sentences, unless it does not fit the
            vectors or settings; None starts from scratch.
        keep_labels : bool
            Whether to keep the labels of `base_model` that the text does not annotate. An ``O``
            in the text then does not rule them out, and the base model decides where it is sure.
            The number of hidden units doubles to learn the other labels; everything else of the
            base model stays fixed.
        scheme : {"auto", "iob1", "iob2", "iobes", "bilou", "bmes", "bmewo", "io", "plain"}
            Tagging scheme of the sentences; a corpus brings its own.
        listener : callable, optional
            Called with each batch, each epoch and, with teachers or `folds`, the name of each
            network whose training begins; see `windowclf.training.loop`.
        threads : int, optional
            Number of worker threads; one per processor by default. The same seed gives the same
            model with any number of threads.
        checkpoints : windowclf.training.checkpoints.Checkpoints, optional
            Saves the training to disk while it runs, and resumes one that was stopped. A resumed
            training ends with the same bytes as an uninterrupted one.
        progress : bool, optional
            Whether to show a progress bar on stderr or in the notebook, with the epoch, the loss
            and the dev F1. By default it is shown in notebooks only.

        Returns
        -------
        WindowClassifier
            Itself.

        Raises
        ------
        UsageError
            If an argument has the wrong type, a data set or vectors do not exist, or
            `name_augmentation` is set without names.
        DataError
            If there is nothing to learn from, a sentence is not tagged text, a list of names cannot
            be read, or a resumed training does not have the texts and vectors it began with.
        TrainingError
            If the loss is no longer finite, or a process that trains a fold is killed.
        ModelError
            If a checkpoint cannot be written, or is damaged, or a trained model cannot teach.
        """
        from windowclf.config.recipe import CorpusSize, choose_settings
        from windowclf.corpora.coerce import (
            as_clusters,
            as_gazetteers,
            as_names,
            as_training_text,
            as_vectors,
        )
        from windowclf.corpora.corpus import labels_of
        from windowclf.corpora.unlabelled import as_unlabelled
        from windowclf.training.base_doubts import base_doubts
        from windowclf.training.checkpoints import Checkpoints
        from windowclf.training.cross_validation import Material, fit_with_folds
        from windowclf.training.data import Resources, prepare
        from windowclf.training.distillation import check_teaching, load_teachers
        from windowclf.training.fit import TrainingRun
        from windowclf.training.kept_labels import check_keeping, choose_kept, more_units
        from windowclf.training.progress import with_progress
        from windowclf.training.transfer import choose_base, fitting_vectors, structure_of

        check_callable(listener, "listener")
        if not isinstance(checkpoints, Checkpoints | None):
            raise UsageError(f"checkpoints: expected Checkpoints, got {described(checkpoints)}")
        if not isinstance(progress, bool | None):
            raise UsageError(f"progress: expected True, False or None, got {described(progress)}")
        thread_count(threads)
        teachers = load_teachers(trained_teachers)
        check_flag(keep_labels, "keep_labels")
        if keep_labels:
            check_keeping(self.config, base_model, taught=bool(teachers))
        check_teaching(self.config, teachers=bool(teachers), unlabelled=unlabelled is not None)
        given = as_training_text(train, dev, scheme)
        base_name, base = choose_base(base_model, given, self._settings(), vectors)
        structure = structure_of(base.config, self._settings()) if base else None
        if base and base.record:
            for doubt in base_doubts(base.record, given):
                _warn(doubt)
        tokens, labels = sum(map(len, given.train)), labels_of(given.train, given.scheme)
        kept: tuple[str, ...] = ()
        if base and structure and keep_labels:
            kept = choose_kept(base, labels, given.scheme)
            structure |= more_units(base.config)
        size = CorpusSize(len(given.train), tokens, len(labels), dev=bool(given.dev))
        config, chosen = choose_settings(self._settings(), size, structure)
        words = (plain_word(word) for sentence in given.train for word in sentence.tokens)
        vector_name, keyed = as_vectors(vectors, words, config.seed)
        if base:
            keyed = fitting_vectors(base, keyed, named=vectors != "bundled")
        text = as_unlabelled(unlabelled)
        resources = Resources(
            gazetteers=as_gazetteers(gazetteers),
            clusters=as_clusters(clusters),
            names=as_names(names),
            unlabelled=text.sentences,
            unlabelled_names=text.names,
            teachers=teachers,
            base=base,
            base_name=base_name,
            kept=kept,
            chosen=chosen,
        )
        material = Material(given, keyed, config, resources)
        model, data = prepare(*material)
        try:
            with with_progress(listener, config.epochs, wanted=progress) as shown:
                run = TrainingRun(shown, threads, checkpoints)
                fit_with_folds(model, data, material, run, vectors=vector_name)
        finally:
            if model.record:
                with self._lock:
                    self.config, self._model, self._tagger = model.config, model, None
        return self

    def predict(
        self,
        sentences: Iterable[Sequence[str]],
        documents: Iterable[Hashable | None] | None = None,
        processes: int | None = None,
    ) -> list[list[str]]:
        """Tag sentences that are already split into tokens.

        Parameters
        ----------
        sentences : iterable of sequences of str
            The tokens of each sentence.
        documents : iterable, optional
            The number or name of each sentence's document. Neighbouring sentences with the same
            value form one document; a sentence with None is a document by itself, and so is every
            sentence by default.
        processes : int, optional
            Number of processes that share the work if there is enough of it; 1 stays in this
            process. By default one per processor when called from the main thread of a
            single-threaded program on Linux, else 1.

        Returns
        -------
        list of list of str
            The tag of each token: IOB2, or plain labels.

        Raises
        ------
        UsageError
            If a text is passed in place of tokens, or `sentences` is not iterable.
        DataError
            If a token is not a string; the message names its position.
        """
        shared = process_count(processes)
        return list(self.tagger.tags(*_checked(sentences, documents), shared))

    def predict_proba(
        self,
        sentences: Iterable[Sequence[str]],
        documents: Iterable[Hashable | None] | None = None,
        processes: int | None = None,
    ) -> list[FloatArray]:
        """Return the probability of each tag for each token.

        With the softmax loss these are the marginals over tag paths (sentence level) or the
        softmax of the scores (word level). With other losses the numbers rank the tags but are not
        reliable probabilities: max-margin applies the same formulas to scores that are not
        log-probabilities, squared-error normalises the logistic outputs, and ranking takes the
        logistic function of its single score. Unlike the scores of entities they are not
        calibrated, and they ignore which tags may follow one another, so the most probable tag is
        usually but not always the tag from `predict`. Parameters are as for `predict`.

        Returns
        -------
        list of float array, shape (n, L)
            One array per sentence of ``n`` tokens, with a column for each tag of
            `WindowClassifier.tags`; each row sums to 1.
        """
        shared = process_count(processes)
        return list(self.tagger.probabilities(*_checked(sentences, documents), shared))

    def tag(self, text: str, *, text_unit: TextUnit = "auto") -> list[Entity]:
        """Find the entities of a text, in order, with character offsets.

        `tag_text` also returns the text, which a notebook displays with the entities highlighted.

        Parameters
        ----------
        text : str
            One document.
        text_unit : {"auto", "line", "paragraph", "file"}
            The part of the text whose ends no sentence and no entity crosses: a line; a paragraph,
            for text with wrapped lines; or the whole file. "auto" detects whether the lines are
            wrapped. Blank lines and tabs are always borders.

        Raises
        ------
        UsageError
            If `text` is not a string, or the unit is unknown.
        """
        return self.tag_text(text, text_unit=text_unit).entities

    def tag_text(self, text: str, *, text_unit: TextUnit = "auto") -> TaggedText:
        """Tag a text and return it with its sentences, tags and entities; see `tag`.

        Examples
        --------
        >>> from windowclf import load
        >>> load().tag_text("Paris is in France")
        TaggedText('Paris is in France': Paris LOC, France LOC)
        """
        if not isinstance(text, str):
            check_text(text, "text")
        return tag_text(self.tagger, text, unit_splitter(text_unit))

    def tag_tokens(self, tokens: Sequence[str]) -> list[Entity]:
        """Find the entities of one sentence that is already split into tokens, in order.

        `start` and `end` of an entity count tokens; its `text` joins the tokens with spaces.
        """
        words = check_tokens(tokens, "tokens")
        [spans] = self.tagger.map_chunks(lambda chunk, here: chunk.entities_of(here), [words])
        return [
            Entity(" ".join(words[first : last + 1]), label, first, last + 1, score)
            for first, last, label, score in spans
        ]

    @overload
    def pipe(
        self,
        texts: Iterable[str],
        *,
        as_tuples: Literal[False] = False,
        split: Splitter | None = ...,
        text_unit: TextUnit = ...,
        batch_size: int = ...,
        processes: int | None = ...,
    ) -> Iterator[TaggedText]: ...

    @overload
    def pipe(
        self,
        texts: Iterable[tuple[str, C]],
        *,
        as_tuples: Literal[True],
        split: Splitter | None = ...,
        text_unit: TextUnit = ...,
        batch_size: int = ...,
        processes: int | None = ...,
    ) -> Iterator[tuple[TaggedText, C]]: ...

    def pipe(
        self,
        texts: Iterable[Any],
        *,
        as_tuples: bool = False,
        split: Splitter | None = None,
        text_unit: TextUnit = "auto",
        batch_size: int = 512,
        processes: int | None = None,
    ) -> Iterator[Any]:
        """Tag a stream of texts in constant memory.

        Parameters
        ----------
        texts : iterable of str
            The texts; with `as_tuples`, pairs of a text and its context.
        as_tuples : bool
            Whether each text comes with a context, which is passed through unchanged.
        split : callable, optional
            Splits a text into sentences of tokens, in place of the built-in tokenizer.
        text_unit : {"auto", "line", "paragraph", "file"}
            Which line ends are borders, see `tag`.
        batch_size : int
            Largest number of texts that are tagged together.
        processes : int, optional
            Number of processes that share the work, see `predict`. Several processes read some
            thousands of texts ahead. The default is therefore 1 where `texts` has no length, such
            as a generator, which may depend on the results for earlier texts.

        Yields
        ------
        TaggedText, or tuple of TaggedText and context
            One for each text, in order.

        Raises
        ------
        UsageError
            If `texts` is a single text or not iterable, the text unit is unknown, or both `split`
            and a text unit are set.
        DataError
            When the iteration reaches a text that is not a string; the message has its number,
            from 1.
        """
        splitter = unit_splitter(text_unit)
        if split is not None and text_unit != "auto":
            raise UsageError("text_unit: split decides where sentences end; pass only one of them")
        if split is None:
            split = splitter
        elif not any(split is known for known in SPLITTERS.values()):
            check_callable(split, "split")
            split = _checked_splitter(split)
        if processes is None and not hasattr(texts, "__len__"):
            processes = 1
        tag = tag_with_contexts if check_flag(as_tuples, "as_tuples") else tag_texts
        return tag(self.tagger, texts, split=split, batch_size=batch_size, processes=processes)

    def tag_batch(
        self,
        batch: Mapping[str, Sequence[Any]],
        *,
        text_column: str | None = "text",
        tokens_column: str | None = "tokens",
        text_unit: TextUnit = "auto",
    ) -> dict[str, list[Any]]:
        """Tag a batch of a data set, for ``dataset.map(classifier.tag_batch, batched=True)``.

        Parameters
        ----------
        batch : mapping of str to sequence
            Columns by name. The text column is tagged if there is one, else the tokens.
        text_column, tokens_column : str, optional
            Names of the columns of texts and of lists of tokens; None ignores such a column.
        text_unit : {"auto", "line", "paragraph", "file"}
            Which line ends of texts are borders, see `tag`.

        Returns
        -------
        dict of str to list
            For texts, the column "entities": per text a list of dicts with the keys text, label,
            start, end (character offsets) and score. For tokens, the column "tags": per sentence a
            list of IOB2 tags or plain labels; `map` replaces an existing column of that name.

        Raises
        ------
        UsageError
            If the batch has neither column.
        DataError
            If a row is not a text, or not a list of tokens.
        """
        return tag_columns(
            self.tagger,
            batch,
            text_column=text_column,
            tokens_column=tokens_column,
            split=unit_splitter(text_unit),
        )

    @whole_install("evaluate")
    def evaluate(
        self,
        sentences: "TaggedSentences | Dataset",
        *,
        scheme: str = "auto",
        lacks: Iterable[str] = (),
        processes: int | None = None,
    ) -> "Scores":
        """Compare the classifier's tags with the gold tags, by conlleval's rules.

        Parameters
        ----------
        sentences : sentences, or datasets.Dataset
            Tagged sentences in any form that `fit` accepts.
        scheme : {"auto", "iob1", "iob2", "iobes", "bilou", "bmes", "bmewo", "io", "plain"}
            Tagging scheme of the sentences.
        lacks : iterable of str
            Labels that the sentences do not annotate; entities with these labels are ignored.
        processes : int, optional
            Number of processes that share the work, see `predict`.
        """
        from windowclf.corpora.coerce import as_sentences
        from windowclf.corpora.spelling import in_iob2, numbered
        from windowclf.evaluation.evaluate import examine

        shared = process_count(processes)
        given = as_sentences(sentences, "sentences")
        model = self.model
        plain = model.scheme is Scheme.PLAIN
        spelled = in_iob2("", {"test": numbered(given)}, "plain" if plain else scheme)
        given = spelled.splits["test"]
        gold = [model.gold_tags(sentence.tags or (), spelled.scheme) for sentence in given]
        lacked = check_iterable(lacks, "lacks", "a list of labels")
        return examine(self.tagger, given, gold, lacks=[*lacked], processes=shared).scores

    def explain(
        self, text: str, token: int, *, candidates: int = 2000, text_unit: TextUnit = "auto"
    ) -> "Explanation":
        """Explain why a word of a text has its tag.

        Parameters
        ----------
        text : str
            One document, as for `tag`; other mentions of a name in it influence the tag.
        token : int
            Index of the token in the whole text, from 0.
        candidates : int
            Number of frequent words to try in place of each word of the window, to find the
            smallest change that changes the tag; reduced for long texts.
        text_unit : {"auto", "line", "paragraph", "file"}
            Which line ends are borders, see `tag`.

        Returns
        -------
        Explanation
            The contribution of each word and feature, the decisive hidden units, the runner-up,
            the margin and the changes, in the model's own tags.

        Raises
        ------
        UsageError
            If the text has no such token, or `candidates` is negative.
        ModelError
            Before `fit`.
        """
        return self._explain(unit_splitter(text_unit)(check_text(text, "text")), token, candidates)

    def explain_tokens(
        self, tokens: Sequence[str], token: int, *, candidates: int = 2000
    ) -> "Explanation":
        """Explain why a word of one sentence of tokens has its tag; see `explain`."""
        return self._explain([check_tokens(tokens, "tokens")], token, candidates)

    def _explain(
        self, sentences: Sequence[Sequence[str]], token: int, candidates: int
    ) -> "Explanation":
        from windowclf.explanation.explain import explain

        return explain(self.tagger, sentences, token, candidates=candidates)

    @whole_install("save")
    def save(self, folder: str | Path, *, compress: bool = False) -> None:
        """Write the classifier to a folder, completely or not at all.

        Parameters
        ----------
        folder : str or Path
            Created if it does not exist; a model in it is replaced.
        compress : bool
            Whether to round the parameters, to a third of their size or less.

        Raises
        ------
        ModelError
            If the classifier is not trained, or the folder cannot be written.
        """
        path = Path(check_path(folder, "folder"))
        save_model(self.model, path, compress=check_flag(compress, "compress"))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a classifier from a folder.

        Raises
        ------
        ModelError
            If the folder is missing, damaged, or from a newer windowclf.
        """
        return cls._of(load_model(Path(check_path(folder, "folder"))))

    @whole_install("to_bytes")
    def to_bytes(self) -> bytes:
        """Pack the files of a model folder; pickles use it, so they contain nothing but data."""
        return msgspec.msgpack.encode(pack_model(self.model, zip_lexicon=False))

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read a classifier from the result of `to_bytes`; raises the same errors as `load`."""
        return cls._of(_unpack(packed))

    @classmethod
    def _of(cls, model: Model) -> Self:
        classifier = cls()
        classifier.config, classifier._model = model.config, model
        classifier._given = None
        return classifier


def load(folder: str | Path | None = None) -> WindowClassifier:
    """Read a trained classifier.

    Parameters
    ----------
    folder : str or Path, optional
        Folder of the model, or "bundled". By default, as for the commands: the model in the
        environment variable ``WINDOWCLF_MODEL``, else the last model that ``windowclf train`` wrote
        in the current directory, else the bundled English model. A default other than the bundled
        model is logged as a warning of the logger ``windowclf``.

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
    if folder is not None and folder != BUNDLED:
        return WindowClassifier.load(folder)
    chosen = find_model(folder)
    classifier = WindowClassifier.load(chosen.folder)
    if chosen.report:
        _warn(chosen.report)
    return classifier


def _warn(message: str) -> None:
    import logging  # imported lazily: the import takes as long as reading the model

    logging.getLogger("windowclf").warning("%s", message)


def _checked(sentences: object, documents: object) -> tuple[list[Sequence[str]], Documents]:
    return check_sentences(sentences, "sentences"), check_documents(documents, "documents")


def _checked_splitter(split: Splitter) -> Splitter:
    """Wrap a caller's splitter so that its results are checked."""

    def checked(text: str) -> list[list[str]]:
        return [list(words) for words in check_sentences(split(text), "what split returned")]

    return checked


def _unpack(packed: bytes) -> Model:
    where = "the packed classifier"
    if not isinstance(packed, bytes | bytearray | memoryview):
        raise UsageError(f"packed: expected the bytes of to_bytes, got {described(packed)}")
    try:
        files = msgspec.msgpack.decode(packed, type=dict[str, bytes])
    except ValueError as error:  # raised by msgspec, or for a name that is not UTF-8
        raise ModelError(f"{where}: damaged model: {error}; pack it again") from None
    return unpack_model(files, where)
