"""Mixing corpora that differ in weight, in labels and in the types that they annotate."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise
from typing import Any

from windowclf.corpora.corpus import Corpus, CorpusPart, labels_of
from windowclf.corpora.spelling import joined, numbered
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError, described, join_names
from windowclf.system.arguments import check_iterable
from windowclf.tags.schemes import OUTSIDE, Scheme

MOST_WEIGHT = 1000.0
_SHARED = 6  # tokens: shorter sentences may occur twice by chance


@dataclass(slots=True)
class _Source:
    """A corpus of the mixture, with its new labels.

    Parameters
    ----------
    groups : list of (list of Sentence, tuple of str)
        Groups of its training sentences, each with the labels that it lacks besides `lacks`,
        because a corpus may itself have parts.
    """

    corpus: Corpus
    groups: list[tuple[list[Sentence], tuple[str, ...]]]
    mapped: Mapping[str, str]
    lacks: tuple[str, ...]
    weight: float

    @property
    def train(self) -> list[Sentence]:
        """All its training sentences."""
        return [*chain.from_iterable(sentences for sentences, _ in self.groups)]

    def labels(self) -> set[str]:
        return labels_of(self.train, self.corpus.scheme)

    def lacked(self) -> set[str]:
        """Return the labels that no part of it annotates."""
        own = [{*lacks} for _, lacks in self.groups]
        return {*self.lacks, *(set.intersection(*own) if own else ())}


def mix_corpora(
    corpora: Mapping[str, Corpus],
    *,
    weights: Mapping[str, float] | None = None,
    maps: Mapping[str, Mapping[str, str]] | None = None,
    lacks: Mapping[str, Collection[str]] | None = None,
    held_out: Corpus | None = None,
) -> Corpus:
    """Join several corpora into one for training.

    The train split has the sentences of all corpora in turn, without those that are also in the dev
    or test split of any of them. The dev and test splits come from the corpora that lack no label,
    because in the others a correct but unannotated entity would count as wrong. The notes of the
    result count the sentences left out.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        The corpora under names of your choice.
    weights : mapping of str to float, optional
        How many times, on average, an epoch reads each training sentence of a corpus: 1 by
        default; 0.5 reads a new random half in each epoch, 2.5 reads each sentence two or three
        times.
    maps : mapping of str to mapping of str to str, optional
        New names for the labels of a corpus; an empty name or ``O`` drops the label.
    lacks : mapping of str to collection of str, optional
        Labels of other corpora that a corpus does not annotate. Its ``O`` may stand for any of
        them, so training sums over all tags that agree with it.
    held_out : Corpus, optional
        A corpus whose dev and test splits replace the joined ones.

    Returns
    -------
    Corpus
        The mixture; its `parts` describe the corpora.

    Raises
    ------
    UsageError
        If a name or a label does not exist, a weight is out of range, a corpus has a label that it
        is said to lack, or only some of the corpora have plain labels.
    DataError
        If a corpus has no train split.

    Examples
    --------
    >>> from windowclf import load_corpus, mix_corpora
    >>> news, tweets = load_corpus("conll2003"), load_corpus("wnut")  # doctest: +SKIP
    >>> mix_corpora(  # doctest: +SKIP
    ...     {"news": news, "tweets": tweets},
    ...     weights={"tweets": 0.5},
    ...     maps={"tweets": {"corporation": "ORG", "product": ""}},
    ...     lacks={"tweets": ["MISC"]},
    ... )
    """
    _check_corpora(corpora, held_out)
    chosen = {
        option: _by_corpus(given, option, corpora)
        for option, given in (("weights", weights), ("maps", maps), ("lacks", lacks))
    }
    sources = {}
    for name, corpus in corpora.items():
        mapped = _check_map(chosen["maps"].get(name, {}), name, corpus)
        renamed = _rename(corpus, mapped)
        sources[name] = _Source(
            corpus=renamed,
            groups=_groups(renamed, mapped),
            mapped=mapped,
            lacks=_check_labels(chosen["lacks"].get(name, ()), name),
            weight=_check_weight(chosen["weights"].get(name, 1.0), name),
        )
    notes = _leave_out_shared(sources, held_out)
    _check_lacks(sources)
    splits = {"train": _join([source.train for source in sources.values()])}
    for split in ("dev", "test"):
        joined_split = _join([_whole(source, split) for source in sources.values()])
        if held_out and split in held_out.splits:
            joined_split = list(held_out.splits[split])
        if joined_split:
            splits[split] = joined_split
    replaced = held_out.splits if held_out else {}
    parts = [
        part
        for name, source in sources.items()
        for part in _parts(name, source, 0 if "test" in replaced else len(_whole(source, "test")))
    ]
    first = next(iter(corpora.values()))
    return Corpus(
        "+".join(corpora),
        splits,
        first.scheme,
        first.original_scheme,
        (*_own_notes(corpora, held_out), *notes, *_more_notes(sources, replaced)),
        tuple(parts),
    )


def _groups(
    corpus: Corpus, mapped: Mapping[str, str]
) -> list[tuple[list[Sentence], tuple[str, ...]]]:
    """Group the training sentences of a corpus by the (renamed) labels that they lack."""
    sentences = corpus.splits["train"]
    parts = corpus.parts or (CorpusPart("", "", len(sentences)),)
    ends = accumulate((part.sentences for part in parts), initial=0)
    groups = []
    for part, (start, end) in zip(parts, pairwise(ends), strict=True):
        new = dict.fromkeys(mapped.get(label, label) for label in part.lacks)
        lacks = tuple(label for label in new if label not in ("", OUTSIDE))
        groups.append(([sentence for sentence in sentences[start:end] if len(sentence)], lacks))
    return groups


def _parts(name: str, source: _Source, test: int) -> Iterator[CorpusPart]:
    last = len(source.groups) - 1
    for number, (sentences, own) in enumerate(source.groups):
        yield CorpusPart(
            name,
            source.corpus.name,
            len(sentences),
            test if number == last else 0,
            source.weight,
            source.mapped,
            tuple(dict.fromkeys((*source.lacks, *own))),
        )


def _check_corpora(corpora: object, held_out: object) -> None:
    expected = "corpora by name, such as {'news': load_corpus('conll2003')}"
    if not isinstance(corpora, Mapping) or not corpora:
        raise UsageError(f"corpora: expected {expected}, got {described(corpora)}")
    for name, corpus in corpora.items():
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"corpora: expected a name, got {described(name)}")
        if not isinstance(corpus, Corpus):
            raise UsageError(f"corpora: {name}: expected a Corpus, got {described(corpus)}")
        if "train" not in corpus.splits:
            raise DataError(
                f"{name}: has no train split, only {' and '.join(corpus.splits) or 'nothing'}: "
                "expected training text; leave the corpus out of the mixture"
            )
    if not isinstance(held_out, Corpus | None):
        raise UsageError(f"held_out: expected a Corpus, got {described(held_out)}")
    everything = {**corpora, **({"held_out": held_out} if held_out else {})}
    plain = [name for name, corpus in everything.items() if corpus.scheme is Scheme.PLAIN]
    if 0 < len(plain) < len(everything):
        raise UsageError(
            f"corpora: {join_names(plain)} has plain labels and the others have spans: expected "
            "the same kind in all"
        )


def _by_corpus(given: object, option: str, corpora: Collection[str]) -> Mapping[str, Any]:
    """Check that the keys of an argument are names of corpora."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise UsageError(f"{option}: expected a value by corpus, got {described(given)}")
    for name in given:
        if name not in corpora:
            raise UsageError(
                f"`{option}`: no corpus {name!r}; expected one of {join_names(list(corpora))}"
            )
    return given


def _check_weight(weight: object, name: str) -> float:
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not is_number or not 0 < weight <= MOST_WEIGHT:  # type: ignore[operator]
        raise UsageError(
            f"`weights` of {name}: expected more than 0, at most {MOST_WEIGHT:,.0f}, got {weight!r}"
        )
    return float(weight)  # type: ignore[arg-type]


def _check_labels(labels: object, name: str) -> tuple[str, ...]:
    listed = tuple(check_iterable(labels, f"lacks of {name}", "a list of labels"))
    for label in listed:
        if not isinstance(label, str):
            raise UsageError(f"lacks of {name}: expected labels, got {described(label)}")
    return tuple(dict.fromkeys(listed))


def _check_map(given: object, name: str, corpus: Corpus) -> dict[str, str]:
    """Check that the keys are labels of the corpus, and the values valid labels."""
    if not isinstance(given, Mapping):
        raise UsageError(
            f"maps of {name}: expected new names by label, such as {{'corporation': 'ORG'}}, "
            f"got {described(given)}"
        )
    there = labels_of(chain.from_iterable(corpus.splits.values()), corpus.scheme)
    for label, new in given.items():
        if label not in there:
            raise UsageError(
                f"`maps` of {name}: it has no label {label!r}; expected one of "
                f"{join_names(sorted(there))}"
            )
        if not isinstance(new, str) or (new and new.split() != [new]):
            raise UsageError(
                f"`maps` of {name}: {label}: expected a label without white space, or an empty "
                f"text to drop it, got {described(new)}"
            )
    return dict(given)


def _rename(corpus: Corpus, mapped: Mapping[str, str]) -> Corpus:
    """Replace the labels of a corpus by their new names."""
    if not mapped:
        return corpus
    spelled: dict[str, str] = {}
    for tag in {tag for found in corpus.splits.values() for s in found for tag in s.tags or ()}:
        prefix, dash, label = tag.partition("-")
        if corpus.scheme is Scheme.PLAIN:
            prefix, dash, label = "", "", tag
        new = mapped.get(label, label)
        dropped = tag == OUTSIDE or new in ("", OUTSIDE)
        spelled[tag] = OUTSIDE if dropped else prefix + dash + new
    splits = {
        split: [replace(s, tags=[spelled[tag] for tag in s.tags or ()]) for s in sentences]
        for split, sentences in corpus.splits.items()
    }
    return replace(corpus, splits=splits)


def _leave_out_shared(sources: Mapping[str, _Source], held_out: Corpus | None) -> list[str]:
    """Remove training sentences that are also in a dev or test split; return notes with counts."""
    tested = {
        tuple(sentence.tokens)
        for corpus in [*(source.corpus for source in sources.values()), held_out]
        if corpus
        for split in ("dev", "test")
        for sentence in corpus.splits.get(split, ())
        if len(sentence) >= _SHARED
    }
    notes = []
    for name, source in sources.items():
        before = len(source.train)
        source.groups = [
            ([sentence for sentence in own if tuple(sentence.tokens) not in tested], lacks)
            for own, lacks in source.groups
        ]
        if left_out := before - len(source.train):
            notes.append(
                f"{name}: {left_out:,} of {before:,} training sentences are left out: "
                "they are also in a dev or test split"
            )
    return notes


def _check_lacks(sources: Mapping[str, _Source]) -> None:
    labels = {name: source.labels() for name, source in sources.items()}
    for name, source in sources.items():
        others = set().union(*(found for other, found in labels.items() if other != name))
        for label in source.lacks:
            if label in labels[name]:
                raise UsageError(
                    f"`lacks` of {name}: it has the label {label} itself; drop it with `maps` if "
                    "it is not annotated throughout"
                )
            if label not in others:
                raise UsageError(
                    f"`lacks` of {name}: no other corpus has the label {label!r}; expected one of "
                    f"{join_names(sorted(others - labels[name]))}"
                )


def _whole(source: _Source, split: str) -> Sequence[Sentence]:
    """Return a split for scoring; it is empty if the corpus lacks labels."""
    return [] if source.lacks else source.corpus.splits.get(split, [])


def _join(splits: Sequence[Sequence[Sentence]]) -> list[Sentence]:
    return list(joined([numbered(sentences) for sentences in splits]).sentences)


def _own_notes(corpora: Mapping[str, Corpus], held_out: Corpus | None) -> list[str]:
    """List the notes of all corpora, each after the name of its corpus."""
    own = [
        f"{name}: {note.removeprefix(f'{corpus.name}: ')}"
        for name, corpus in corpora.items()
        for note in corpus.notes
    ]
    return [*own, *(held_out.notes if held_out else ())]


def _more_notes(sources: Mapping[str, _Source], replaced: Collection[str]) -> list[str]:
    """Note the splits that are not used, and the labels that only some of the corpora have."""
    notes = []
    labels = {name: source.labels() for name, source in sources.items()}
    every = set().union(*labels.values())
    for name, source in sources.items():
        unused = [
            split for split in ("dev", "test") if source.lacks and source.corpus.splits.get(split)
        ]
        if unused := [split for split in unused if split not in replaced]:
            which = f"{' and '.join(unused)} split{'s are' if unused[1:] else ' is'}"
            notes.append(
                f"{name}: its {which} not used: it does not annotate {join_names(source.lacks)}"
            )
        if missing := sorted(every - labels[name] - source.lacked()):
            notes.append(
                f"{name}: has no {join_names(missing)}, unlike other corpora: training takes its "
                "words for non-entities of these types; if it does not annotate them, use `lacks`"
            )
    return notes
