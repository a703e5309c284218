"""Warnings about a corpus: faults that make training pointless or its scores wrong."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from windowclf.corpora.corpus import CorpusPart, labels_of
from windowclf.corpora.files import SplitFiles
from windowclf.corpora.repeats import Keys, Repeats, find_repeats, sentence_keys
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, join_names, printable, quoted, shortened
from windowclf.tags.schemes import OUTSIDE, Scheme, spans

_LONG = 7  # tokens: such a sentence is unlikely to occur twice by chance
_MANY, _SHARE = 10, 0.1
_FEWEST_SENTENCES, _FEWEST_EXAMPLES, _FEWEST_COPIES = 20, 5, 5
_NAMED = 3
"""Number of labels with few examples that a warning lists."""
_SHOWN = 2
"""Number of contradictions that a warning shows."""


def find_doubts(
    splits: Mapping[str, Sequence[Sentence]],
    scheme: Scheme,
    *,
    expects_dev: bool = True,
    parts: Sequence[CorpusPart] = (),
    files: Mapping[str, SplitFiles] | None = None,
) -> Iterator[str]:
    """Check a corpus before it is trained on.

    Parameters
    ----------
    splits : mapping of str to sequence of Sentence
        Sentences of ``"train"``, ``"dev"`` and ``"test"``.
    scheme : Scheme
        Scheme of their tags: IOB2 or plain.
    expects_dev : bool
        Whether to report a missing dev split.
    parts : sequence of CorpusPart
        The corpora that the train split is mixed from, in order; empty if it is one.
    files : mapping of str to SplitFiles, optional
        See `Corpus.files`. With them a warning names lines of files, without them the numbers of
        sentences.

    Yields
    ------
    str
        A warning of one line, without control characters.
    """
    yield from map(printable, _find(splits, scheme, expects_dev, parts, files or {}))


def _find(
    splits: Mapping[str, Sequence[Sentence]],
    scheme: Scheme,
    expects_dev: bool,
    parts: Sequence[CorpusPart],
    files: Mapping[str, SplitFiles],
) -> Iterator[str]:
    train = splits.get("train", [])
    if not train:
        return  # training raises an error for it
    known = labels_of(train, scheme)
    if not known:
        tokens = sum(map(len, train))
        yield (
            f"the train split has no label but {OUTSIDE}, on all of its {tokens:,} tokens: the "
            "model will find nothing; check which column has the tags"
        )
    yield from _too_few(train, scheme)
    if expects_dev and not splits.get("dev"):
        yield (
            "there is no dev split: cross-validation with `folds` further networks chooses the "
            "epoch, calibrates scores and estimates the F1, unless `folds` is 0, as it is above "
            "20,000 sentences"
        )
    keys = sentence_keys(train)
    yield from _repeated(train, find_repeats(train, keys, _comparable(train, parts, known)), files)
    for split in ("dev", "test"):
        others = splits.get(split, [])
        found = labels_of(others, scheme)
        if others and not found and known:
            yield f"the {split} split has no label but {OUTSIDE}: scores on it are meaningless"
        if new := sorted(found - known):
            yield (
                f"the {split} split has labels that the train split lacks, so the model cannot "
                f"find them: {join_names(new)}"
            )
        yield from _shared(keys, others, split)


def _too_few(train: Sequence[Sentence], scheme: Scheme) -> Iterator[str]:
    """Report a train split with few sentences, and labels with few examples."""
    examples = _rare_examples(train, scheme)
    size = sum(len(sentence) > 0 for sentence in train)
    if size < _FEWEST_SENTENCES:
        yield (
            f"the train split has {size} sentence{'s' if size != 1 else ''}: expected some "
            "hundreds; the training continues, but the model will memorize these sentences and "
            "find little in others"
        )
    if single := [f"{label} ({quoted(found[0])})" for label, found in examples if len(found) == 1]:
        yield (
            f"{_these(single)} a single example in the train split: {join_names(single, _NAMED)}; "
            "expected at least a few: a label with one example cannot be learned, nor its F1 "
            "measured; add examples, or correct the label if it is misspelt"
        )
    few = [f"{label} {len(found)}" for label, found in examples if len(found) > 1]
    if few and size >= _FEWEST_SENTENCES:  # in a smaller corpus this is obvious
        yield (
            f"{_these(few)} few examples in the train split: {join_names(few, _NAMED)}; expected "
            "some dozens: with so few, what is learned and its F1 depend on chance"
        )


def _these(labels: Sequence[str]) -> str:
    return f"{len(labels):,} labels have" if len(labels) > 1 else "one label has"


def _rare_examples(train: Sequence[Sentence], scheme: Scheme) -> list[tuple[str, list[str]]]:
    """List the labels with few examples and these examples, the rarest label first."""
    counts = Counter(chain.from_iterable(sentence.tags or () for sentence in train))
    of_tags = {
        tag: tag if scheme is Scheme.PLAIN else tag.partition("-")[2]
        for tag in counts
        if tag != OUTSIDE
    }
    begun: Counter[str] = Counter()  # a lower bound where tags are malformed
    for tag, label in of_tags.items():
        if scheme is Scheme.PLAIN or tag.startswith("B-"):
            begun[label] += counts[tag]
    rare = {tag for tag, label in of_tags.items() if begun[label] < _FEWEST_EXAMPLES}
    if not rare:
        return []
    found: dict[str, list[str]] = {of_tags[tag]: [] for tag in sorted(rare)}
    for sentence in train:
        if not rare.isdisjoint(sentence.tags or ()):
            for start, end, label in spans(sentence.tags or (), scheme):
                if label in found:
                    found[label].append(" ".join(sentence.tokens[start:end]))
    few = ((label, own) for label, own in found.items() if 0 < len(own) < _FEWEST_EXAMPLES)
    return sorted(few, key=lambda pair: len(pair[1]))


def _comparable(
    train: Sequence[Sentence], parts: Sequence[CorpusPart], known: Collection[str]
) -> NDArray[np.bool_]:
    """Return for each sentence whether its unlabelled words are known not to be names."""
    if not parts:
        return np.ones(len(train), bool)
    whole = [not any(label in known for label in part.lacks) for part in parts]
    return np.repeat(whole, [part.sentences for part in parts])


def _repeated(
    train: Sequence[Sentence], repeats: Repeats, files: Mapping[str, SplitFiles]
) -> Iterator[str]:
    contradictions, copies, sentences = repeats
    if contradictions:
        count = len(contradictions)
        which = (
            "1 sentence of the train split has"
            if count == 1
            else (f"{count:,} sentences of the train split have")
        )
        shown = [
            _contradiction(train, pair, files.get("train")) for pair in contradictions[:_SHOWN]
        ]
        more = f"; and {count - _SHOWN:,} more" if count > _SHOWN else ""
        yield (
            f"{which} different labels where the same words occur again: {'; '.join(shown)}{more}; "
            "expected the same labels: correct the wrong ones"
        )
    if copies >= _FEWEST_COPIES and copies >= _SHARE * sentences:
        yield (
            f"{copies:,} of {sentences:,} sentences of the train split are copies of others, with "
            "the same labels: each epoch reads them again, and if dev or test text was split off "
            "from the same text, scores on it are too high; remove them unless they are intended"
        )


def _contradiction(
    train: Sequence[Sentence], pair: tuple[int, int], files: SplitFiles | None
) -> str:
    """Describe two sentences with the same tokens: the first tag that differs, and its places."""
    one, other = (train[number] for number in pair)
    tags = [one.tags or (), other.tags or ()]
    token = next(i for i, (a, b) in enumerate(zip(*tags, strict=False)) if a != b)
    start = max(0, token - 2)
    text = "…" * (start > 0) + shortened(" ".join(one.tokens[start:]))
    first, second = _places(train, pair, token, files)
    return (
        f"{quoted(one.tokens[token])} of {quoted(text)} is {tags[0][token]} {first} and "
        f"{tags[1][token]} {second}"
    )


def _places(
    train: Sequence[Sentence], pair: tuple[int, int], token: int, files: SplitFiles | None
) -> tuple[str, str]:
    """Return the places of two sentences with equal tokens; the first is the first occurrence."""
    first, second = (number + 1 for number in pair)
    if files and files.sentences == len(train):
        tokens = list(train[pair[0]].tokens)
        between = sum(list(train[i].tokens) == tokens for i in range(pair[0], pair[1]))
        try:
            found = list(islice(files.places(tokens, token), between + 1))
        except DataError:  # the files have changed since the corpus was read
            found = []
        if len(found) == between + 1:
            return f"at {found[0]}", f"at {found[-1]}"
    return f"in sentence {first:,}", f"in sentence {second:,}"


def _shared(train: Keys, others: Sequence[Sentence], split: str) -> Iterator[str]:
    long = [sentence for sentence in others if len(sentence) >= _LONG]
    if len(long) < _MANY:
        return
    shared = int(np.isin(sentence_keys(long), train).sum())
    if shared >= _MANY and shared >= _SHARE * len(long):
        yield (
            f"{shared:,} of {len(long):,} sentences of {_LONG} tokens or more of the {split} split "
            "are also in the train split: scores on it are too high"
        )
