"""A labelled corpus in memory."""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise

from windowclf.corpora.files import SplitFiles
from windowclf.corpora.splits import SPLITS
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, described, join_names, shortened
from windowclf.system.arguments import check_count
from windowclf.system.markup import Mark, caption, marked, table
from windowclf.tags.schemes import OUTSIDE, Scheme, spans

_SHOWN = 3
"""Number of sentences that a notebook shows."""


@dataclass(frozen=True)
class CorpusPart:
    """One of the corpora that are trained on together; see `mix_corpora`.

    Parameters
    ----------
    name : str
        Its name in the mixture.
    data : str
        Its own name, see `Corpus.name`.
    sentences, test_sentences : int
        Number of its sentences in the train split and in the test split.
    weight : float
        How many times, on average, an epoch reads each of its training sentences.
    mapped : mapping of str to str
        New names of its labels; empty for labels that became ``O``.
    lacks : tuple of str
        Labels that it does not annotate.
    """

    name: str
    data: str
    sentences: int
    test_sentences: int = 0
    weight: float = 1.0
    mapped: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Corpus:
    """Labelled sentences, by split.

    Parameters
    ----------
    name : str
        The name under which the user loaded it.
    splits : dict of str to list of Sentence
        Its splits, among ``"train"``, ``"dev"`` and ``"test"``.
    scheme : Scheme
        Scheme of the tags in this object: ``IOB2`` or ``PLAIN``.
    original_scheme : Scheme
        Scheme of the tags in the source.
    notes : tuple of str
        Notes for the user on the reading, one line each: guesses, irregularities and unused files.
    parts : tuple of CorpusPart
        The corpora that it is mixed from, in the order of the train split; empty if it is one.
    files : mapping of str to SplitFiles
        The files of each split that was read from files.

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
        counted, there = self.part_sizes(), len(self.splits.get("train", ()))
        if self.parts and sum(counted) != there:
            raise UsageError(
                f"parts: expected {there:,} sentences as in the train split, got "
                f"{sum(counted):,}; mix the corpora again with mix_corpora"
            )

    def __repr__(self) -> str:
        sizes = [f"{split} {len(sentences):,}" for split, sentences in self.splits.items()]
        splits = f"{', '.join(sizes)} sentences" if sizes else "no split"
        parts = [splits, join_names(self._labels()), str(self.scheme)]
        return f"Corpus({shortened(self.name)!r}: {'; '.join(parts)})"

    def _labels(self) -> list[str]:
        return sorted(labels_of(chain.from_iterable(self.splits.values()), self.scheme))

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
    parts: tuple[CorpusPart, ...] = ()
    files: Mapping[str, SplitFiles] = field(default_factory=dict, compare=False)

    def part_sizes(self) -> list[int]:
        """Count the sentences of each part in the train split."""
        return [part.sentences for part in self.parts]

    def with_train_fraction(self, fraction: float, seed: int) -> "Corpus":
        """Keep a random fraction of the train split, in its order.

        If the corpus is mixed from parts, the same fraction of each part is kept.

        Parameters
        ----------
        fraction : float
            Greater than 0, at most 1.
        seed : int
            Seed of the random choice.

        Raises
        ------
        UsageError
            If the fraction is out of range.
        DataError
            If there is no train split.
        """
        check_count(seed, "seed", least=0)
        if not isinstance(fraction, int | float) or not 0 < fraction <= 1:
            raise UsageError(f"`train_fraction`: expected more than 0, at most 1, got {fraction!r}")
        if "train" not in self.splits:
            raise DataError(f"{self.name}: has no train split: name the file with `train`")
        sentences = self.splits["train"]
        rng = random.Random(seed)  # noqa: S311
        ends = accumulate(self.part_sizes() or [len(sentences)], initial=0)
        drawn = [
            sorted(rng.sample(numbers, min(max(1, round(fraction * len(numbers))), len(numbers))))
            for numbers in (range(start, end) for start, end in pairwise(ends))
        ]
        return self.with_train_sentences(list(chain.from_iterable(drawn)))

    def with_train_sentences(self, numbers: Sequence[int]) -> "Corpus":
        """Keep some sentences of the train split.

        Parameters
        ----------
        numbers : sequence of int
            Their indices in the split, in ascending order.
        """
        sentences = self.splits["train"]
        ends = accumulate(self.part_sizes(), initial=0)
        parts = tuple(
            replace(part, sentences=bisect_left(numbers, end) - bisect_left(numbers, start))
            for part, (start, end) in zip(self.parts, pairwise(ends), strict=True)
        )
        kept = [sentences[i] for i in numbers]
        return replace(self, splits=self.splits | {"train": kept}, parts=parts)


def labels_of(sentences: Iterable[Sentence], scheme: Scheme) -> set[str]:
    """Return the labels among the tags of sentences, which are IOB2 or plain."""
    tags = {tag for sentence in sentences for tag in sentence.tags or ()} - {OUTSIDE}
    return tags if scheme is Scheme.PLAIN else {tag.partition("-")[2] for tag in tags}


def _marks(sentence: Sentence, scheme: Scheme) -> tuple[str, list[Mark]]:
    """Join the words of a sentence to a text, and mark its spans in it."""
    starts = [0, *accumulate(len(word) + 1 for word in sentence.tokens)]
    found = spans(sentence.tags or (), scheme)
    marks = [Mark(starts[span.start], starts[span.end] - 1, span.label) for span in found]
    return " ".join(sentence.tokens), marks
