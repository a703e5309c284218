"""The lexicon, which maps words to row numbers of the lookup tables."""

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
"""Row 0 of each table is the padding past a sentence's ends, row 1 stands for unknown values."""
GAZETTEER = "gazetteer-"
"""Prefix of the name of a gazetteer's feature, before the type of its names."""
BROWN, FLAT = "brown-", "clusters-"
"""Prefixes of the names of cluster features, hierarchical or not."""
_PLACES = list("BIES")
_ROW_OF_PLACE = {place: row for row, place in enumerate(_PLACES, FIRST)}
_FORMS = {True: (str, str.lower, lower_zero_digits), False: (str.lower, lower_zero_digits)}
"""Forms under which a word is looked up, for cased and uncased vectors, the best form first."""


class Lexicon:
    """Computes the feature ids of words, which are looked up in plain form, see `plain_word`.

    Parameters
    ----------
    values : mapping of str to sequence of str, or PackedValues
        For each feature, "word" first, the values that have a row, from row `FIRST` on. For a
        gazetteer, its names; the rows then belong to the positions in a name, B, I, E and S. For
        word clusters, the result of `Clusters.pack`; the rows then belong to the clusters.
    cased : bool
        Whether the word vectors distinguish "Paris" from "paris".
    prefixes : sequence of int
        Lengths in bits of the prefixes of hierarchical clusters that are features.

    Attributes
    ----------
    features : list of str
        Names of the features, "word" first.
    gazetteers : dict of str to Gazetteer
        Gazetteers by feature.
    clusters : dict of str to Clusters
        Clusters by their own name.
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
        # Models without these shapes, such as older ones, learned the spelled-out shapes.
        self._kind_shapes: set[str] = set()
        if "shape" in self._functions:
            shapes = list(KIND_SHAPES.values())
            found = self._values.find("shape", shapes) >= 0
            self._kind_shapes = set(compress(shapes, found.tolist()))

    def _add_clusters(self, feature: str, kind: str, prefixes: Sequence[int | None]) -> None:
        """Add the clusters of a file, with a feature for each prefix; None means whole names."""
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
            # A word without a cluster has index -1, and gets the row of unknown values.
            columns[len(self.features)] = np.where(places < 0, UNKNOWN, places + FIRST)
            of_prefix = feature if prefix is None else f"{feature}-{prefix}"
            self._cluster_values[of_prefix] = values
            self.features.append(of_prefix)

    @property
    def values(self) -> dict[str, list[str]]:
        """The values by feature; if they are in a file, all of it is read."""
        return self._values.lists

    def row_values(self, name: str) -> list[str]:
        """List the values of a feature's rows from `FIRST` on."""
        if name in self.gazetteers:
            return _PLACES
        return self._cluster_values[name] if name in self._cluster_values else self.values[name]

    @property
    def cluster_columns(self) -> list[list[int]]:
        """For each file of clusters, the indices of its features in `features`."""
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
            Tokens of each sentence.

        Returns
        -------
        list of list of str
            For each gazetteer, the position in a name of each token, sentence after sentence.
        """
        return [
            [mark for sentence in sentences for mark in gazetteer.match(sentence)]
            for gazetteer in self.gazetteers.values()
        ]

    def ids(
        self, words: Sequence[str], marks: Sequence[Sequence[str]] = ()
    ) -> npt.NDArray[np.int32]:
        """Look up the feature ids of words.

        Parameters
        ----------
        marks : sequence of sequences of str
            For each gazetteer, the position in a name of each word.

        Returns
        -------
        int32 array, shape (n, F)
            For each word, the row in each of the ``F`` lookup tables.
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
        """Fill in the rows of values that have one, by the best form of each that is known."""
        places = self._values.find(name, forms[0])
        for before, values in pairwise(forms):
            missing = np.flatnonzero(places < 0).tolist()
            left = [i for i in missing if values[i] != before[i]]
            places[left] = self._values.find(name, [values[i] for i in left])
        np.copyto(rows, places + FIRST, where=places >= 0)

    def value(self, name: str, word: str) -> str:
        """Compute the value of a feature of a word, whether or not it has a row.

        A word without a cluster has the value "".
        """
        if name not in self._functions:
            return ""
        word = self._known_sign(plain_word(word))
        value = self._functions[name](word)
        return self._shape(word, value) if name == "shape" else value

    def _known_sign(self, word: str) -> str:
        """Replace an emoji, an arrow or another sign by a bullet if the model does not know it."""
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

    The forms are: as written if the vectors are cased, in lower case, and with digits as zeros.
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

    The words are those of the training text and the most frequent ones with vectors, so that many
    words which are not in the training text still have their vectors in tagging.

    Parameters
    ----------
    words : iterable of str
        The tokens of the training text.
    vectors : gensim.models.KeyedVectors
        Word vectors, the most frequent word first.
    features : sequence of str
        Names of the features besides the word itself.
    vocabulary : int
        Number of words with vectors to add to the words of the text.
    min_count : int
        Fewest occurrences of a feature value with a row, in the text and `recased` together.
    recased : iterable of str
        The words of the text in other letter cases, whose feature values get rows as well.
    gazetteers : mapping of str to Gazetteer, optional
        Gazetteers by the type of their names.
    clusters : mapping of str to Clusters, optional
        Clusters by name.
    prefixes : sequence of int
        Prefixes of clusters, see `Lexicon`.
    base : Lexicon, optional
        A lexicon whose values come first, in the same order, so that its rows keep their numbers;
        its gazetteers and clusters are included.
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
    # A word without a vector learns one if it occurs twice; words that occur once train 'unknown'.
    further.update(form for form, count in unseen.items() if count > 1)
    # Sorted, so that a model does not reveal the order of words in its training text.
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
    if base:  # its table of half a million words is built once, not for each fold
        lexicon.clusters.update(base.clusters)
    return lexicon


def is_cased(vectors: "KeyedVectors") -> bool:
    """Detect whether vectors distinguish "Paris" from "paris", by their most frequent words."""
    return any(word != word.lower() for word in vectors.index_to_key[:10_000])


def initial_tables(
    lexicon: Lexicon,
    vectors: "KeyedVectors",
    *,
    feature_dimensions: int,
    rng: "np.random.Generator",
    base: Mapping[str, npt.NDArray[np.float32]] | None = None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Make the initial lookup tables.

    Parameters
    ----------
    vectors : gensim.models.KeyedVectors
        Vectors of shape (V, d). They are divided by their standard deviation, so that the inputs of
        the first layer have about unit variance with any vectors.
    feature_dimensions : int
        Number of columns of each table except the word table.
    rng : numpy.random.Generator
        Draws the rows without a known vector.
    base : mapping of str to float32 array, optional
        The tables of the lexicon's base, whose rows come first.

    Returns
    -------
    dict of str to float32 array
        Tables by feature, with shapes (rows, d) and (rows, feature_dimensions).

    Raises
    ------
    VectorsError
        If a vector is not finite, or its numbers are too large to be squared.
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
