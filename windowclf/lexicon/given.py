"""What users hand over from Python: word vectors and lists of names, by name or themselves."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from windowclf.lexicon.gazetteer import Gazetteer, read_gazetteer
from windowclf.vectors.load import load_vectors

if TYPE_CHECKING:
    from gensim.models import KeyedVectors


def given_vectors(
    vectors: "str | Path | KeyedVectors", words: Iterable[str], seed: int
) -> "tuple[str, KeyedVectors]":
    """Load word vectors, unless they are there, and name them; see `load_vectors`."""
    if isinstance(vectors, str | Path):
        return str(vectors), load_vectors(vectors, words=words, seed=seed)
    return "given vectors", vectors


def given_gazetteers(
    gazetteers: Mapping[str, str | Path | Iterable[str]] | None,
) -> dict[str, Gazetteer]:
    """Read lists of names, each a file with a name a line or the names themselves."""
    return {
        kind: read_gazetteer(names) if isinstance(names, str | Path) else Gazetteer(names)
        for kind, names in (gazetteers or {}).items()
    }
