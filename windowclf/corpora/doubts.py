"""What makes a training on a corpus pointless, or its scores wrong: each a line for the user."""

from collections.abc import Iterator, Mapping, Sequence

from windowclf.corpora.corpus import labels_of
from windowclf.documents.sentence import Sentence
from windowclf.errors import join_names
from windowclf.tags.schemes import OUTSIDE, Scheme

_LONG = 7  # tokens: sentences that do not come twice by chance
_MANY, _SHARE = 10, 0.1


def find_doubts(
    splits: Mapping[str, Sequence[Sentence]], scheme: Scheme, *, expects_dev: bool = True
) -> Iterator[str]:
    """Check a corpus before it is trained on.

    Parameters
    ----------
    splits : mapping of str to sequence of Sentence
        By ``"train"``, ``"dev"`` and ``"test"``.
    scheme : Scheme
        Of their tags: IOB2, or plain.
    expects_dev : bool
        Whether to report that there is no dev split.

    Yields
    ------
    str
        A line.
    """
    train = splits.get("train", [])
    if not train:
        return  # which training refuses
    known = labels_of(train, scheme)
    if not known:
        tokens = sum(map(len, train))
        yield (
            f"the train split has no label but {OUTSIDE}, on all of its {tokens:,} tokens: the "
            "model will find nothing; check which column has the tags"
        )
    if expects_dev and not splits.get("dev"):
        yield (
            "there is no dev split: cross-validation with `folds` further networks chooses the "
            "epoch, calibrates scores and estimates the F1; `folds=0`, the default above 20,000 "
            "sentences, leaves it out"
        )
    for split in ("dev", "test"):
        others = splits.get(split, [])
        found = labels_of(others, scheme)
        if others and not found and known:
            yield f"the {split} split has no label but {OUTSIDE}: scores on it mean nothing"
        if new := sorted(found - known):
            yield (
                f"the {split} split has labels that the train split lacks, so that no model can "
                f"find them: {join_names(new)}"
            )
        yield from _shared(train, others, split)


def _shared(train: Sequence[Sentence], others: Sequence[Sentence], split: str) -> Iterator[str]:
    long = [tuple(sentence.tokens) for sentence in others if len(sentence) >= _LONG]
    if len(long) < _MANY:
        return
    seen = {tuple(sentence.tokens) for sentence in train if len(sentence) >= _LONG}
    shared = sum(tokens in seen for tokens in long)
    if shared >= _MANY and shared >= _SHARE * len(long):
        yield (
            f"{shared:,} of {len(long):,} sentences of {_LONG} tokens or more of the {split} split "
            "are in the train split too: scores on it are too high"
        )
