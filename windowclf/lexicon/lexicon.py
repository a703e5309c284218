"""The lexicon: words in, the row numbers of the lookup tables out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from windowclf.lexicon.features import feature_function, zero_digits

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Row 0 of each table stands past a sentence's ends, row 1 for a value never seen."""


class Lexicon:
    """Feature ids of words.

    Parameters
    ----------
    values : mapping of str to sequence of str
        For each feature, "word" first, the values that have a row, from row `FIRST` on.
    cased : bool
        Whether the word vectors tell "Paris" from "paris".
    """

    def __init__(self, values: Mapping[str, Sequence[str]], *, cased: bool) -> None:
        self.values = {name: list(known) for name, known in values.items()}
        self.cased = cased
        self._rows = {
            name: {value: row for row, value in enumerate(known, FIRST)}
            for name, known in self.values.items()
        }
        self._functions = [
            (feature_function(name), self._rows[name]) for name in self.values if name != "word"
        ]

    @property
    def features(self) -> list[str]:
        """Names of the features, "word" first."""
        return list(self.values)

    def sizes(self) -> dict[str, int]:
        """Count the rows of each feature's table."""
        return {name: len(known) + FIRST for name, known in self.values.items()}

    def ids(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Look words up.

        Parameters
        ----------
        words : sequence of str, n of them

        Returns
        -------
        int32 array, shape (n, F)
            A row of each of the ``F`` lookup tables.
        """
        known = self._rows["word"]
        ids = np.empty((len(words), len(self.values)), dtype=np.int32)
        for i, word in enumerate(words):
            row = UNKNOWN
            for form in word_forms(word, cased=self.cased):
                if form in known:
                    row = known[form]
                    break
            ids[i, 0] = row
        for column, (function, rows) in enumerate(self._functions, 1):
            ids[:, column] = [rows.get(function(word), UNKNOWN) for word in words]
        return ids


def word_forms(word: str, *, cased: bool) -> list[str]:
    """List the forms under which a word is looked up, the best first.

    As written where the vectors are cased, in lower case, and with its digits as zeros.
    """
    lower = word.lower()
    return [word, lower, zero_digits(lower)] if cased else [lower, zero_digits(lower)]


def build_lexicon(
    words: Iterable[str],
    vectors: "KeyedVectors",
    *,
    features: Sequence[str],
    vocabulary: int,
) -> Lexicon:
    """Collect the words and feature values that get a row.

    The words are those of the training text and the most frequent ones of the vectors, so that
    a word the training text never had still has its vector when tagging.

    Parameters
    ----------
    words : iterable of str
        The tokens of the training text.
    vectors : gensim.models.KeyedVectors
        Most frequent word first.
    features : sequence of str
        Names of the features beside the word itself.
    vocabulary : int
        How many of the vectors' words are taken besides those of the text.

    Returns
    -------
    Lexicon
    """
    counts = Counter(words)
    pretrained: dict[str, int] = vectors.key_to_index
    cased = any(word != word.lower() for word in vectors.index_to_key[:10_000])
    chosen = dict.fromkeys(vectors.index_to_key[:vocabulary])
    unseen: Counter[str] = Counter()
    for word, count in counts.items():
        forms = word_forms(word, cased=cased)
        found = next((form for form in forms if form in pretrained), None)
        if found is None:
            unseen[forms[-1]] += count
        else:
            chosen[found] = None
    # A word without a vector learns its own where it comes twice; once teaches only 'unknown'.
    chosen.update(dict.fromkeys(form for form, count in unseen.items() if count > 1))
    values: dict[str, list[str]] = {"word": list(chosen)}
    for name in features:
        function = feature_function(name)
        values[name] = list(dict.fromkeys(function(word) for word in counts))
    return Lexicon(values, cased=cased)


def initial_tables(
    lexicon: Lexicon,
    vectors: "KeyedVectors",
    *,
    feature_dimensions: int,
    rng: np.random.Generator,
) -> dict[str, npt.NDArray[np.float32]]:
    """Make the starting lookup tables.

    Parameters
    ----------
    lexicon : Lexicon
    vectors : gensim.models.KeyedVectors
        Shape (V, d). They are divided by their standard deviation, so that the first layer
        meets numbers of about one whatever the vectors were.
    feature_dimensions : int
        Columns of each table but the words'.
    rng : numpy.random.Generator
        Draws the rows that no vector is known for.

    Returns
    -------
    dict of str to float32 array
        By feature, shapes (rows, d) and (rows, feature_dimensions).
    """
    tables: dict[str, npt.NDArray[np.float32]] = {}
    pretrained: dict[str, int] = vectors.key_to_index
    for name, rows in lexicon.sizes().items():
        width = vectors.vector_size if name == "word" else feature_dimensions
        table = rng.normal(0.0, 0.1, (rows, width)).astype(np.float32)
        table[PADDING] = 0.0
        if name == "word":
            known = [(r, pretrained[w]) for r, w in enumerate(lexicon.values[name], FIRST)
                     if w in pretrained]  # fmt: skip
            if known:
                to, source = np.array(known).T
                rows_of_text = np.asarray(vectors.vectors[source], dtype=np.float32)
                table[to] = rows_of_text / max(float(rows_of_text.std()), 1e-12)
        tables[name] = table
    return tables
