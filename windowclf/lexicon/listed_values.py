"""The values of a lexicon as lists, for training; see `PackedValues` for a file."""

from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt


class ListedValues:
    """The values of each feature, looked up by dictionaries.

    Parameters
    ----------
    lists : mapping of str to sequence of str
        The argument `values` of `Lexicon`.

    Attributes
    ----------
    lists : dict of str to list of str
        The values of each feature.
    """

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self.lists = {name: list(known) for name, known in lists.items()}
        self._place_of: dict[str, dict[str, int]] = {}  # made when a value is looked up

    @property
    def names(self) -> list[str]:
        """The features, in order."""
        return list(self.lists)

    def count(self, name: str) -> int:
        """Count the values of a feature."""
        return len(self.lists[name])

    def find(self, name: str, strings: Sequence[str]) -> npt.NDArray[np.int32]:
        """Return the index of each string among the values of a feature; -1 if it is unknown."""
        place_of = self._place_of.get(name)
        if place_of is None:
            place_of = {value: place for place, value in enumerate(self.lists[name])}
            self._place_of[name] = place_of
        return np.fromiter(map(place_of.get, strings, repeat(-1)), np.int32, len(strings))
