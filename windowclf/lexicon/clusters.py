"""Word clusters: groups, often a thousand, of words that occur in similar contexts."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import repeat
from operator import ne
from pathlib import Path

import numpy as np
import numpy.typing as npt

from windowclf.errors import DataError, UsageError, quoted
from windowclf.lexicon.features import zero_digits
from windowclf.lexicon.packed_values import PackedValues
from windowclf.text.lines import read_lines
from windowclf.text.typography import plain_word

_BITS = re.compile("[01]+")
_FORMS = (zero_digits, str.capitalize, str.lower)
"""Further forms under which a word is looked up if it is not found as written, the best first."""


class Clusters:
    """Words by cluster.

    Parameters
    ----------
    clusters : mapping of str to iterable of str
        The words of each cluster. If each name is the path of bits to the cluster in the tree of
        Brown et al. (1992), the clusters are hierarchical: prefixes of the path are coarser
        clusters.
    hierarchical : bool, optional
        Whether names are paths of bits. By default this is assumed if all names consist of zeros
        and ones, and some have more than three.

    Attributes
    ----------
    names : list of str
        Names of the clusters, sorted.
    hierarchical : bool
        Whether names are paths of bits.
    """

    def __init__(
        self, clusters: Mapping[str, Iterable[str]], *, hierarchical: bool | None = None
    ) -> None:
        self.names = sorted(clusters)
        packed = [" ".join([name, *sorted(clusters[name])]) for name in self.names]
        self._pack: Callable[[], list[str]] = lambda: packed
        self._find: Callable[[Sequence[str]], npt.NDArray[np.int32]] = self._find_unpacked
        if hierarchical is None:
            of_bits = all(map(_BITS.fullmatch, self.names))
            hierarchical = of_bits and max(map(len, self.names), default=0) > 3
        self.hierarchical = hierarchical

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Clusters):
            return NotImplemented
        return self.hierarchical == other.hierarchical and self._pack() == other._pack()

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def _of(self) -> dict[str, int]:
        """The index of each word's cluster; built when the first word is looked up."""
        texts = enumerate(self._pack())
        return {word: i for i, text in texts for word in text.split(" ")[1:]}

    def _find_unpacked(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        return np.fromiter(map(self._of.get, words, repeat(-1)), np.int32, len(words))

    def __len__(self) -> int:
        return sum(text.count(" ") for text in self._pack())

    def find(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Look up words: as written, with digits as zeros, capitalised and in lower case.

        Returns
        -------
        int32 array, shape (n,)
            The index in `names` of each word's cluster; -1 for a word without a cluster.
        """
        found = self._find(words)  # most words are found as written
        for form in _FORMS:
            other = []
            for i in np.flatnonzero(found < 0).tolist():
                word = form(words[i])
                if word != words[i]:
                    other.append((i, word))
            found[[i for i, _ in other]] = self._find([word for _, word in other])
        return found

    def values(self, prefix: int | None) -> tuple[list[str], npt.NDArray[np.int32]]:
        """List the clusters by a prefix of their paths, or all of them.

        Returns
        -------
        values : list of str
            Distinct prefixes or names, sorted.
        places : int32 array, shape (clusters + 1,)
            The index in `values` of each of `names`; the last element, -1, stands for no cluster.
        """
        cut = [name[:prefix] for name in self.names]  # sorted, because the names are
        places = np.cumsum([0, *map(ne, cut[1:], cut)], dtype=np.int32)[: len(cut)]
        return list(dict.fromkeys(cut)), np.append(places, np.int32(-1))

    def pack(self) -> list[str]:
        """Join the name and the words of each cluster with spaces, into one text per cluster."""
        return [*self._pack()]

    @classmethod
    def unpack(cls, packed: Iterable[str], *, hierarchical: bool) -> "Clusters":
        """Read the result of `pack`.

        Raises
        ------
        ValueError
            If a text is empty, or a cluster occurs twice.
        """
        texts: dict[str, str] = {}
        for text in packed:
            name = text.partition(" ")[0]
            if not name or name in texts:
                raise ValueError(f"cluster {quoted(name)}: expected a name that occurs once")
            texts[name] = text
        found = cls({}, hierarchical=hierarchical)
        found.names = sorted(texts)
        packed_in_order = [texts[name] for name in found.names]
        found._pack = lambda: packed_in_order
        return found

    @classmethod
    def stored(cls, values: PackedValues, feature: str, *, hierarchical: bool) -> "Clusters":
        """Return the clusters of a feature in a file, which is read when a word is looked up.

        Raises
        ------
        ValueError
            If the names of the clusters are not sorted, or a cluster occurs twice.
        """
        found = cls({}, hierarchical=hierarchical)
        found.names = values.cluster_names(feature)
        if "" in found.names or found.names != sorted(set(found.names)):
            raise ValueError(f"clusters of {quoted(feature)}: expected names in order, each once")
        found._pack = lambda: values.lists[feature]
        found._find = partial(values.find, feature)
        return found


def read_clusters(path: str | Path) -> Clusters:
    """Read a file of word clusters with one word per line.

    Parameters
    ----------
    path : str or Path
        UTF-8 text, compressed or not, with columns separated by tabs: the path of bits, the word
        and optionally a count, as for Brown clusters; or a word and the name or number of its
        cluster. If a word is in two clusters, the first one is used, and the others are reported as
        a warning of the logger ``windowclf``.

    Raises
    ------
    DataError
        If the file cannot be read, or a line has neither form.
    """
    rows: list[tuple[int, list[str]]] = []
    for number, line in read_lines(path):
        columns = line.rstrip("\r\n").split("\t")
        if columns == [""]:
            continue
        if len(columns) not in (2, 3) or not all(columns):
            raise DataError(
                f"{path}:{number}: {quoted(line)}: expected bits TAB word, as of Brown clusters, "
                "or word TAB cluster"
            )
        rows.append((number, columns))
    if not rows:
        raise DataError(f"{path}: no word; expected lines of bits TAB word, or word TAB cluster")
    others = [number for number, columns in rows if not _BITS.fullmatch(columns[0])]
    brown = 2 * len(others) < len(rows)
    if brown and others:  # otherwise the words of the other lines would be read as clusters
        raise DataError(
            f"{path}:{others[0]}: no bits in the first column, though {len(rows) - len(others):,} "
            "other lines have them: expected bits TAB word in each line; remove a header"
        )
    clusters: dict[str, list[str]] = {}
    known: set[str] = set()
    left_out = []
    for number, columns in rows:
        name, word = columns[:2] if brown else (columns[1], columns[0])
        word = plain_word(word)
        if word in known or len(word.split()) != 1:
            left_out.append(number)
            continue
        if len(name.split()) != 1:
            raise DataError(f"{path}:{number}: cluster {quoted(name)}: expected no white space")
        known.add(word)
        clusters.setdefault(name, []).append(word)
    if left_out:
        import logging

        logging.getLogger("windowclf").warning(
            "%s:%d: words left out because they are repeated or contain white space: %s",
            path, left_out[0], f"{len(left_out):,}",
        )  # fmt: skip
    return Clusters(clusters, hierarchical=brown)


def parse_clusters_option(value: str) -> tuple[str, Path]:
    """Split an option ``FILE`` or ``NAME=FILE``; the default name is the file's without suffixes.

    Raises
    ------
    UsageError
        If there is no file, or the name contains white space.
    """
    name, has_name, file = value.rpartition("=")
    path = Path(file)
    name = name if has_name else path.name.partition(".")[0]
    if name.split() != [name] or not file.strip():
        raise UsageError(
            f"clusters {value!r}: expected FILE or NAME=FILE, a name without white space and a "
            "file with a word per line, such as brown-1000.tsv"
        )
    return name, path
