"""A labelled corpus in memory."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from windowclf.corpora.splits import SPLITS
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, described, join_names, shortened
from windowclf.system.arguments import check_count
from windowclf.system.markup import Mark, caption, marked, table
from windowclf.tags.schemes import OUTSIDE, Scheme, spans

_SHOWN = 3
"""Sentences of a corpus that a notebook shows."""


@dataclass(frozen=True, repr=False)
class Corpus:
    """Labelled sentences, by split.

    Parameters
    ----------
    name : str
        What the user called it.
    splits : dict of str to list of Sentence
        Those there are among ``"train"``, ``"dev"`` and ``"test"``.
    scheme : Scheme
        Of the tags as they are here: ``IOB2``, or ``PLAIN``.
    original_scheme : Scheme
        Of the tags as they were read.
    notes : tuple of str
        What a user should know of the reading: what was guessed, what is not regular, and which
        files are not used; each a line.

    Examples
    --------
    >>> from windowclf import load_corpus
    >>> load_corpus("sample")
    Corpus('sample': train 643, dev 139, test 170 sentences; LOC, MISC, ORG, PER; iob2)
    """

    def __post_init__(self) -> None:
        if not isinstance(self.splits, Mapping):
            raise UsageError(
                f"splits: expected sentences by split, such as {{'train': […]}}, "
                f"got {described(self.splits)}"
            )
        for split in self.splits:
            if split not in SPLITS:
                raise UsageError(f"splits: expected {', '.join(SPLITS)}, got {described(split)}")
        for name in ("scheme", "original_scheme"):
            try:
                object.__setattr__(self, name, Scheme(getattr(self, name)))
            except ValueError:
                raise UsageError(
                    f"{name}: expected one of {', '.join(Scheme)}, "
                    f"got {described(getattr(self, name))}"
                ) from None

    def __repr__(self) -> str:
        sizes = [f"{split} {len(sentences):,}" for split, sentences in self.splits.items()]
        splits = f"{', '.join(sizes)} sentences" if sizes else "no split"
        parts = [splits, join_names(self._labels()), str(self.scheme)]
        return f"Corpus({shortened(self.name)!r}: {'; '.join(parts)})"

    def _labels(self) -> list[str]:
        tags: set[str] = set()
        for sentences in self.splits.values():
            tags.update(*(sentence.tags or () for sentence in sentences))
        plain = self.scheme is Scheme.PLAIN
        return sorted({tag if plain else tag.partition("-")[2] for tag in tags - {OUTSIDE}})

    def _repr_html_(self) -> str:
        """Show the counts of the splits, and the first sentences with their entities marked."""
        labels = self._labels()
        rows = []
        for split, sentences in self.splits.items():
            counts = Counter(
                span.label for one in sentences for span in spans(one.tags or (), self.scheme)
            )
            numbers = [len(sentences), sum(map(len, sentences)), *(counts[each] for each in labels)]
            rows.append([split, *(f"{number:,}" for number in numbers)])
        first = next(iter(self.splits.items()), ("", []))
        shown = [marked(*_marks(sentence, self.scheme), labels) for sentence in first[1][:_SHOWN]]
        head = f"Corpus {self.name}, {self.scheme}"
        examples = [caption(f"The first sentences of {first[0]}")] if shown else []
        counted = table(["split", "sentences", "tokens", *labels], rows)
        return "".join([caption(head), counted, *examples, *shown])

    name: str
    splits: dict[str, list[Sentence]]
    scheme: Scheme
    original_scheme: Scheme
    notes: tuple[str, ...] = ()

    def with_train_fraction(self, fraction: float, seed: int) -> "Corpus":
        """Keep a part of the train split, drawn at random but in its order.

        Parameters
        ----------
        fraction : float
            Above 0, at most 1.
        seed : int
            Fixes the draw.

        Raises
        ------
        UsageError
            For a fraction that is not in its range.
        DataError
            If there is no train split.
        """
        check_count(seed, "seed", least=0)
        if not isinstance(fraction, int | float) or not 0 < fraction <= 1:
            raise UsageError(f"`train_fraction`: expected more than 0, at most 1, got {fraction!r}")
        if "train" not in self.splits:
            raise DataError(f"{self.name}: has no train split: name the file with `train`")
        sentences = self.splits["train"]
        kept = max(1, round(fraction * len(sentences)))
        drawn = sorted(random.Random(seed).sample(range(len(sentences)), kept))  # noqa: S311
        return replace(self, splits=self.splits | {"train": [sentences[i] for i in drawn]})


def _marks(sentence: Sentence, scheme: Scheme) -> tuple[str, list[Mark]]:
    """Join the words of a sentence, and mark its spans there."""
    starts = [0, *accumulate(len(word) + 1 for word in sentence.tokens)]
    found = spans(sentence.tags or (), scheme)
    marks = [Mark(starts[span.start], starts[span.end] - 1, span.label) for span in found]
    return " ".join(sentence.tokens), marks
