"""The lexicon: words in, the row numbers of the lookup tables out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress, pairwise, repeat
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from windowclf.errors import quoted
from windowclf.lexicon.clusters import Clusters
from windowclf.lexicon.features import (
    KIND_SHAPES,
    Feature,
    feature_function,
    feature_values,
    kind_shape,
    lower_zero_digits,
)
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.listed_values import ListedValues
from windowclf.lexicon.packed_values import Kind, PackedValues
from windowclf.text.token_pattern import SIGN, part_of_name
from windowclf.text.typography import plain_word
from windowclf.vectors.word_vectors import with_unit_deviation

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Row 0 of each table stands past a sentence's ends, row 1 for a value never seen."""
GAZETTEER = "gazetteer-"
"""What the name of a gazetteer's feature begins with, before the type of its names."""
BROWN, FLAT = "brown-", "clusters-"
"""What the names of the features of word clusters begin with, hierarchical or not."""
_PLACES = list("BIES")
_ROW_OF_PLACE = {place: row for row, place in enumerate(_PLACES, FIRST)}
_FORMS = {True: (str, str.lower, lower_zero_digits), False: (str.lower, lower_zero_digits)}
"""The forms under which a word is looked up, for vectors cased or not, the best form first."""


class Lexicon:
    """Feature ids of words, which are looked up in their plain form, see `plain_word`.

    Parameters
    ----------
    values : mapping of str to sequence of str, or PackedValues
        For each feature, "word" first, the values that have a row, from row `FIRST` on. For
        a gazetteer its names; the values with a row are the places in a name: B, I, E and S. For
        word clusters what `Clusters.pack` writes; the values with a row are the clusters.
    cased : bool
        Whether the word vectors tell "Paris" from "paris".
    prefixes : sequence of int
        Bits of each prefix of a hierarchical cluster that is a feature of its own.

    Attributes
    ----------
    features : list of str
        Names of the features, "word" first.
    gazetteers : dict of str to Gazetteer
        By feature.
    clusters : dict of str to Clusters
        By their own name.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[str]] | PackedValues,
        *,
        cased: bool,
        prefixes: Sequence[int] = (),
    ) -> None:
        self._values = values if isinstance(values, PackedValues) else ListedValues(values)
        self.cased = cased
        self.features: list[str] = []
        self.gazetteers: dict[str, Gazetteer] = {}
        self.clusters: dict[str, Clusters] = {}
        self._cluster_rows: dict[str, dict[int, npt.NDArray[np.int32]]] = {}
        self._cluster_values: dict[str, list[str]] = {}
        self._functions: dict[str, Feature] = {}
        for name in self._values.names:
            kind: Kind = "strings"
            if name.startswith((BROWN, FLAT)):
                kind = "clusters"
            elif name.startswith(GAZETTEER):
                kind = "names"
            if isinstance(self._values, PackedValues) and self._values.kind(name) != kind:
                raise ValueError(f"feature {quoted(name)}: expected {kind}")
            if name.startswith(BROWN):
                self._add_clusters(name, BROWN, prefixes)
            elif name.startswith(FLAT):
                self._add_clusters(name, FLAT, [None])
            else:
                self.features.append(name)
                if name.startswith(GAZETTEER):
                    self.gazetteers[name] = Gazetteer(self.values[name])
                elif name != "word":
                    self._functions[name] = feature_function(name)
        # A lexicon without these shapes, such as an older one, has learnt to spell the tokens out.
        self._kind_shapes: set[str] = set()
        if "shape" in self._functions:
            shapes = list(KIND_SHAPES.values())
            found = self._values.find("shape", shapes) >= 0
            self._kind_shapes = set(compress(shapes, found.tolist()))

    def _add_clusters(self, feature: str, kind: str, prefixes: Sequence[int | None]) -> None:
        """Add the clusters of a file: a feature for each prefix, None for whole names."""
        name = feature.removeprefix(kind)
        hierarchical = kind == BROWN
        if isinstance(self._values, PackedValues):
            clusters = Clusters.stored(self._values, feature, hierarchical=hierarchical)
        else:
            clusters = Clusters.unpack(self.values[feature], hierarchical=hierarchical)
        self.clusters[name] = clusters
        columns = self._cluster_rows[name] = {}
        for prefix in dict.fromkeys(prefixes):
            values, places = clusters.values(prefix)
            # A word of no cluster has place -1, and the row of unknown values.
            columns[len(self.features)] = np.where(places < 0, UNKNOWN, places + FIRST)
            of_prefix = feature if prefix is None else f"{feature}-{prefix}"
            self._cluster_values[of_prefix] = values
            self.features.append(of_prefix)

    @property
    def values(self) -> dict[str, list[str]]:
        """The values by feature; those of a file are all read for it."""
        return self._values.lists

    def row_values(self, name: str) -> list[str]:
        """List the values of a feature's rows from `FIRST` on."""
        if name in self.gazetteers:
            return _PLACES
        return self._cluster_values[name] if name in self._cluster_values else self.values[name]

    @property
    def cluster_columns(self) -> list[list[int]]:
        """For each file of clusters, the places of its features among `features`."""
        return [list(columns) for columns in self._cluster_rows.values()]

    def sizes(self) -> dict[str, int]:
        """Count the rows of each feature's table."""
        counts = {name: len(known) for name, known in self._cluster_values.items()}
        counts |= dict.fromkeys(self.gazetteers, len(_PLACES))
        return {
            name: FIRST + (counts[name] if name in counts else self._values.count(name))
            for name in self.features
        }

    def gazetteer_tags(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Find the names of each gazetteer in sentences.

        Parameters
        ----------
        sentences : sequence of sequences of str
            Tokens.

        Returns
        -------
        list of list of str
            For each gazetteer, the place in a name of each token, sentence after sentence.
        """
        return [
            [mark for sentence in sentences for mark in gazetteer.match(sentence)]
            for gazetteer in self.gazetteers.values()
        ]

    def ids(
        self, words: Sequence[str], marks: Sequence[Sequence[str]] = ()
    ) -> npt.NDArray[np.int32]:
        """Look words up.

        Parameters
        ----------
        marks : sequence of sequences of str
            For each gazetteer, the place in a name of each of the words.

        Returns
        -------
        int32 array, shape (n, F)
            A row of each of the ``F`` lookup tables.
        """
        words = [*map(self._known_sign, map(plain_word, words))]
        forms = _FORMS[self.cased]
        functions = [*map(Feature, reversed(forms)), *self._functions.values()]
        columns = feature_values(functions, words)
        ids = np.full((len(words), len(self.features)), UNKNOWN, dtype=np.int32)
        words_in_forms = [next(columns) for _ in forms][::-1]
        self._find("word", words_in_forms, ids[:, 0])
        for name, values in zip(self._functions, columns, strict=True):
            if name == "shape" and self._kind_shapes:
                values = [*map(self._shape, words, values)]
            self._find(name, [values], ids[:, self.features.index(name)])
        for name, places_in_names in zip(self.gazetteers, marks, strict=True):
            rows = map(_ROW_OF_PLACE.get, places_in_names, repeat(UNKNOWN))
            ids[:, self.features.index(name)] = list(rows)
        for name, clusters in self.clusters.items():
            places = clusters.find(words)
            for column, rows_of_places in self._cluster_rows[name].items():
                ids[:, column] = rows_of_places[places]
        return ids

    def _find(self, name: str, forms: Sequence[Sequence[str]], rows: npt.NDArray[np.int32]) -> None:
        """Write the rows of the values that have one; of several forms of them, the best first."""
        places = self._values.find(name, forms[0])
        for before, values in pairwise(forms):
            missing = np.flatnonzero(places < 0).tolist()
            left = [i for i in missing if values[i] != before[i]]
            places[left] = self._values.find(name, [values[i] for i in left])
        np.copyto(rows, places + FIRST, where=places >= 0)

    def value(self, name: str, word: str) -> str:
        """Compute the value of a feature of a word, whether it has a row or not.

        A word without a cluster has the value "".
        """
        if name not in self._functions:
            return ""
        word = self._known_sign(plain_word(word))
        value = self._functions[name](word)
        return self._shape(word, value) if name == "shape" else value

    def _known_sign(self, word: str) -> str:
        """Take an emoji, an arrow or another sign that the model has not met for a bullet."""
        if word.isascii() or part_of_name(word) != SIGN:
            return word
        if any(self._values.find(name, [word])[0] >= 0 for name in ("word", *self._functions)):
            return word
        if any(word in names for names in self._cluster_values.values()):
            return word
        return word if self._kind_shapes and kind_shape(word) else "*"

    def _shape(self, word: str, spelled: str) -> str:
        shape = kind_shape(word) if self._kind_shapes else None
        return shape if shape is not None and shape in self._kind_shapes else spelled


def word_forms(word: str, *, cased: bool) -> list[str]:
    """List the forms under which a word is looked up, the best first.

    As written where the vectors are cased, in lower case, and with its digits as zeros.
    """
    return [form(word) for form in _FORMS[cased]]


def build_lexicon(
    words: Iterable[str],
    vectors: "KeyedVectors",
    *,
    features: Sequence[str],
    vocabulary: int,
    min_count: int = 1,
    recased: Iterable[str] = (),
    gazetteers: Mapping[str, Gazetteer] | None = None,
    clusters: Mapping[str, Clusters] | None = None,
    prefixes: Sequence[int] = (),
    base: Lexicon | None = None,
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
    min_count : int
        How often a feature's value comes at least, in the text and in `recased` together.
    recased : iterable of str
        The words of the text in other letter cases, whose feature values get rows as well.
    gazetteers : mapping of str to Gazetteer, optional
        By the type of their names.
    clusters : mapping of str to Clusters, optional
        By name.
    prefixes : sequence of int
        See `Lexicon`.
    base : Lexicon, optional
        One whose values come first, in its order, so that rows of its tables are rows of this
        one's; gazetteers and clusters that it has are there, too.
    """
    counts = Counter(map(plain_word, words))
    first = base.values if base else {}
    frequent = dict.fromkeys(chain(first.get("word", ()), vectors.index_to_key[:vocabulary]))
    pretrained = frequent.keys() | vectors.key_to_index.keys()
    cased = base.cased if base else is_cased(vectors)
    further: set[str] = set()
    unseen: Counter[str] = Counter()
    for word, count in counts.items():
        forms = word_forms(word, cased=cased)
        found = next((form for form in forms if form in pretrained), None)
        if found is None:
            unseen[forms[-1]] += count
        else:
            further.add(found)
    # A word without a vector learns its own where it comes twice; once teaches only 'unknown'.
    further.update(form for form, count in unseen.items() if count > 1)
    # Sorted, so that a model does not give away in which order its training text has them.
    values = {"word": [*frequent, *sorted(further - frequent.keys())]}
    functions = [feature_function(name) for name in features]
    every = counts + Counter(map(plain_word, recased))
    distinct = list(every)
    columns = feature_values(functions, distinct)
    for name, column in zip(features, columns, strict=True):
        if name == "shape":
            column = [
                kind_shape(word) or spelled for word, spelled in zip(distinct, column, strict=True)
            ]
        times: Counter[str] = Counter()
        for value, word in zip(column, distinct, strict=True):
            times[value] += every[word]
        before = dict.fromkeys(first.get(name, ()))
        new = {value for value, count in times.items() if count >= min_count} - before.keys()
        values[name] = [*before, *sorted(new)]
    values |= {name: found for name, found in first.items() if name not in values}
    for kind, gazetteer in (gazetteers or {}).items():
        values[GAZETTEER + kind] = gazetteer.names
    for name, found_clusters in (clusters or {}).items():
        key = BROWN if found_clusters.hierarchical else FLAT
        values[key + name] = found_clusters.pack()
    lexicon = Lexicon(values, cased=cased, prefixes=prefixes)
    if base:  # whose table of half a million words is built once, not for each fold
        lexicon.clusters.update(base.clusters)
    return lexicon


def is_cased(vectors: "KeyedVectors") -> bool:
    """Detect whether vectors tell "Paris" from "paris", by their most frequent words."""
    return any(word != word.lower() for word in vectors.index_to_key[:10_000])


def initial_tables(
    lexicon: Lexicon,
    vectors: "KeyedVectors",
    *,
    feature_dimensions: int,
    rng: "np.random.Generator",
    base: Mapping[str, npt.NDArray[np.float32]] | None = None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Make the starting lookup tables.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
        Shape (V, d). They are divided by their standard deviation, so that the first layer
        meets numbers of about one whatever the vectors were.
    feature_dimensions : int
        Columns of each table but the words'.
    rng : numpy.random.Generator
        Draws the rows that no vector is known for.
    base : mapping of str to float32 array, optional
        The tables of the lexicon that this one was built on: their rows come first.

    Returns
    -------
    dict of str to float32 array
        By feature, shapes (rows, d) and (rows, feature_dimensions).

    Raises
    ------
    VectorsError
        If a vector is not finite, or too large for its square.
    """
    tables: dict[str, npt.NDArray[np.float32]] = {}
    pretrained: dict[str, int] = vectors.key_to_index
    for name, rows in lexicon.sizes().items():
        width = vectors.vector_size if name == "word" else feature_dimensions
        copied = (base or {}).get(name, np.zeros((0, width), np.float32))
        drawn = rng.normal(0.0, 0.1, (rows - len(copied), width)).astype(np.float32)
        table = np.concatenate([copied, drawn])
        if not len(copied):
            table[PADDING] = 0.0
        if name == "word":
            known = [(r, pretrained[w]) for r, w in enumerate(lexicon.row_values(name), FIRST)
                     if w in pretrained]  # fmt: skip
            if known:
                to, source = np.array(known).T
                words = [vectors.index_to_key[i] for i in source]
                rows_of_words = with_unit_deviation(words, vectors.vectors[source])
                new = to >= len(copied)
                table[to[new]] = rows_of_words[new]
        tables[name] = table
    return tables
