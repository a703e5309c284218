"""The classifier as a scikit-learn estimator, for lists of token lists."""

from collections.abc import Hashable, Iterable, Sequence
from inspect import Parameter, Signature
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from windowclf.classifier import WindowClassifier
from windowclf.config.config import Config, current_names
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, MissingExtraError, UsageError
from windowclf.system.arguments import check_documents, check_sentences

try:
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import GroupShuffleSplit
    from sklearn.utils import Tags
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise MissingExtraError("windowclf.integrations.sklearn", "sklearn") from None

_SETTINGS = {field.name: field.default for field in msgspec.structs.fields(Config)}
_OTHERS = {
    "vectors": "bundled",
    "gazetteers": None,
    "clusters": None,
    "names": None,
    "scheme": "auto",
    "dev_fraction": 0.0,
    "threads": None,
}

_SIGNATURE = Signature(
    [
        Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
        *(
            Parameter(name, Parameter.KEYWORD_ONLY, default=default)
            for name, default in {**_SETTINGS, **_OTHERS}.items()
        ),
    ]
)

Tokens = Sequence[Sequence[str]]
Documents = Iterable[Hashable | None] | None


class WindowTagger(BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """A word-window tagger that follows scikit-learn's conventions.

    ``X`` is a list of sentences, each a list of tokens; ``y`` has a list of tags for each. Before
    `fit` the other methods raise `sklearn.exceptions.NotFittedError`.

    Parameters
    ----------
    **settings
        Every field of `windowclf.Config`, with its default: ``hidden``, ``epochs``, ``rate``,
        ``seed`` … Defaults may depend on other settings, as in `WindowClassifier`:
        ``loss="ranking"`` implies ``level="word"``. The default of ``folds`` is 0.
    vectors : str, Path or gensim.models.KeyedVectors, default="bundled"
        See `WindowClassifier.fit`. `clone` copies an object, but only the name of a file.
    gazetteers, clusters, names : mapping, optional
        See `WindowClassifier.fit`.
    scheme : {"auto", "iob1", "iob2", "iobes", "bilou", "bmes", "bmewo", "io", "plain"}
        The tag scheme.
    dev_fraction : float, default=0.0
        Fraction of the documents, or of the sentences without documents, that is held out to choose
        the best epoch, to stop early and to calibrate the scores of entities. By default nothing is
        held out: the learning rate falls to zero, so the last epoch is about the best, and a search
        or a cross-validation holds out data itself. Set it if the scores matter.
    threads : int, optional
        Number of training threads.  Default: one per processor, or the number that joblib allows to
        each of its processes.

    Attributes
    ----------
    classifier_ : WindowClassifier
        The trained classifier, which can be saved and can tag texts.
    classes_ : array of str, shape (L,)
        The tags, in the order of the columns of `predict_proba`.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from windowclf import load_corpus
    >>> from windowclf.integrations.sklearn import WindowTagger
    >>> sentences = load_corpus("sample").splits["train"]
    >>> X, y = [s.tokens for s in sentences], [s.tags for s in sentences]
    >>> cross_val_score(WindowTagger(epochs=1), X, y, cv=3).shape  # the F1 of each fold
    (3,)
    """

    def __init__(self, **parameters: Any) -> None:
        given = _SIGNATURE.bind(self, **current_names(parameters))
        given.apply_defaults()
        for name, value in given.arguments.items():
            if name != "self":
                setattr(self, name, value)

    # scikit-learn reads the parameters of an estimator from its signature.
    __init__.__signature__ = _SIGNATURE  # type: ignore[attr-defined]

    def fit(self, X: Tokens, y: Tokens, documents: Documents = None) -> Self:
        """Train on tagged sentences.

        Parameters
        ----------
        X : list of list of str
            The tokens of each sentence.
        y : list of list of str
            A tag for each token.
        documents : iterable, optional
            Number or name of each sentence's document; None for a sentence without a document.

        Returns
        -------
        WindowTagger
            Itself.

        Raises
        ------
        UsageError
            If a setting is out of range.
        DataError
            If `X` and `y` do not match.
        """
        settings = {name: _plain(getattr(self, name)) for name in _SETTINGS}
        given = {name: value for name, value in settings.items() if value != _SETTINGS[name]}
        # Searches and cross-validation hold sentences out themselves.
        classifier = WindowClassifier(**{"folds": 0, **given})
        train, dev = self._split(_sentences(X, y, documents), classifier.config.seed)
        self.classifier_ = classifier.fit(
            train,
            dev,
            vectors=self.vectors,
            gazetteers=self.gazetteers,
            clusters=self.clusters,
            names=self.names,
            scheme=self.scheme,
            threads=self.threads,
        )
        self.classes_ = np.array(classifier.tags)
        return self

    def predict(self, X: Tokens, documents: Documents = None) -> NDArray[np.object_]:
        """Tag sentences.

        Parameters
        ----------
        X, documents
            See `fit`.

        Returns
        -------
        array of object, shape (n_sentences,)
            A list of tags for each sentence, in an array because cross_val_predict joins arrays.
        """
        check_is_fitted(self)
        found = self.classifier_.predict(_lists(X, "X"), documents)
        return np.fromiter(found, dtype=object, count=len(found))

    def predict_proba(self, X: Tokens, documents: Documents = None) -> NDArray[np.object_]:
        """Return the probability of each tag for each token.

        Parameters
        ----------
        X, documents
            See `fit`.

        Returns
        -------
        array of object, shape (n_sentences,)
            For each sentence of ``n`` tokens an array of shape (n, L), with columns in the order of
            `classes_`.
        """
        check_is_fitted(self)
        found = self.classifier_.predict_proba(_lists(X, "X"), documents)
        return np.fromiter(found, dtype=object, count=len(found))

    def score(self, X: Tokens, y: Tokens, documents: Documents = None) -> float:
        """Return the F1 over spans, by conlleval's rules.

        Parameters
        ----------
        X, y, documents
            See `fit`.

        Returns
        -------
        float
            The F1, from 0 to 1.
        """
        check_is_fitted(self)
        scores = self.classifier_.evaluate(_sentences(X, y, documents), scheme=self.scheme)
        return scores.total.f1

    def __sklearn_tags__(self) -> Tags:
        # Not declared as a classifier, of which scikit-learn expects one label per row of y.
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        return tags

    def _split(
        self, sentences: Sequence[Sentence], seed: int
    ) -> tuple[Sequence[Sentence], Sequence[Sentence]]:
        """Hold out a part of the documents."""
        share = _plain(self.dev_fraction)
        if not isinstance(share, int | float) or not 0 <= share < 1:
            raise UsageError(
                f"dev_fraction: expected a number from 0 to less than 1, got {share!r}"
            )
        if share == 0:
            return sentences, ()
        groups = [
            ~number
            if sentence.document is None
            else sentence.document  # negative: without a document
            for number, sentence in enumerate(sentences)
        ]
        if len(set(groups)) < 2:
            raise DataError(
                f"dev_fraction={share} needs two documents, or two sentences without documents: "
                f"add more, or use dev_fraction=0"
            )
        splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
        parts = next(splitter.split(groups, groups=groups))
        train, dev = ([sentences[i] for i in sorted(part)] for part in parts)
        return train, dev


def _plain(value: Any) -> Any:
    """Convert a NumPy scalar, as in parameter grids and distributions, to a Python value."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _lists(given: object, name: str) -> list[list[str]]:
    return [*map(list, check_sentences(given, name))]


def _sentences(X: Tokens, y: Tokens, documents: Documents) -> list[Sentence]:
    tokens, tags = _lists(X, "X"), _lists(y, "y")
    listed = check_documents(documents, "documents")
    numbers: dict[Hashable, int] = {}
    of = [
        None if document is None else numbers.setdefault(document, len(numbers))
        for document in ([None] * len(tokens) if listed is None else listed)
    ]
    for name, found in (("y", len(tags)), ("documents", len(of))):
        if found != len(tokens):
            raise DataError(f"X has {len(tokens)} sentences, but {name} has {found}")
    return [
        Sentence(words, spelled, document)
        for words, spelled, document in zip(tokens, tags, of, strict=True)
    ]
