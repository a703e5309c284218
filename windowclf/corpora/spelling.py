"""Conversion of a corpus's tags from any scheme and notation to IOB2."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import NamedTuple

from windowclf.documents.places import Search
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.tags.recognition import Pair, TagError, TagStyle, position, recognise, scheme_named
from windowclf.tags.schemes import Scheme


class Part(NamedTuple):
    """A split of a corpus with its original tags.

    Attributes
    ----------
    place : callable
        Returns the place of a tag for a message, from the number of its sentence and the search
        that finds the tag in it.
    is_written : sequence of bool, optional
        Whether the tags of each sentence are from the file; otherwise they are IOB2 tags for spans.
        By default all are from the file.
    """

    sentences: Sequence[Sentence]
    place: Callable[[int, Search], str]
    is_written: Sequence[bool] | None = None

    def tags(self) -> list[tuple[int, Sequence[str]]]:
        """List the tags that are from the file, with the numbers of their sentences."""
        return [
            (number, sentence.tags or ())
            for number, sentence in enumerate(self.sentences, 1)
            if self.is_written is None or self.is_written[number - 1]
        ]

    def in_iob2(self, style: TagStyle) -> list[Sentence]:
        """Convert these tags."""
        converted = list(self.sentences)
        for number, tags in self.tags():
            sentence = self.sentences[number - 1]
            converted[number - 1] = replace(sentence, tags=style.convert(tags))
        return converted


def numbered(sentences: Sequence[Sentence], name: str = "") -> Part:
    """Make a split of sentences without a file; errors refer to them by number."""
    before = f"{name}, " if name else ""
    return Part(sentences, lambda number, _: f"{before}sentence {number}")


def joined(parts: Sequence[Part]) -> Part:
    """Join the parts of a split, and number their documents consecutively."""
    if len(parts) == 1:
        return parts[0]
    sentences: list[Sentence] = []
    owners: list[tuple[Part, int]] = []  # the part of each sentence, and its number there
    for part in parts:
        before = max((s.document for s in sentences if s.document is not None), default=0)
        sentences += [
            s if s.document is None else replace(s, document=s.document + before + 1)
            for s in part.sentences
        ]
        owners += [(part, number) for number in range(1, len(part.sentences) + 1)]

    def place(number: int, search: Search) -> str:
        part, own = owners[number - 1]
        return part.place(own, search)

    written = [flag for p in parts for flag in p.is_written or [True] * len(p.sentences)]
    return Part(sentences, place, written)


class Spelled(NamedTuple):
    """The splits of a corpus in one scheme.

    Attributes
    ----------
    scheme : Scheme
        Scheme of the tags in this object: ``IOB2`` or ``PLAIN``.
    original_scheme : Scheme
        Scheme of the original tags; that of the first split, if they differ.
    notes : tuple of str
        Guesses and irregularities, one line each.
    """

    splits: dict[str, list[Sentence]]
    scheme: Scheme
    original_scheme: Scheme
    notes: tuple[str, ...]


def in_iob2(name: str, parts: Mapping[str, Part], scheme: str) -> Spelled:
    """Convert the tags of a corpus to IOB2, unless they are plain labels.

    The scheme is detected from the tags of all splits together, and for each split separately only
    if no scheme fits all of them.

    Parameters
    ----------
    name : str
        Name of the corpus for messages; may be empty.
    parts : mapping of str to Part
        The splits by name.
    scheme : str
        The name of a scheme, or "auto".

    Raises
    ------
    DataError
        If the meaning of a tag is unknown; the message has its place.
    UsageError
        If the scheme is unknown.
    """
    asked = scheme_named(scheme)
    if asked is Scheme.PLAIN and not all(all(part.is_written or ()) for part in parts.values()):
        raise DataError(
            f"{name}: has spans, but plain labels are for single tokens: leave out `scheme='plain'`"
        )
    try:
        groups = _groups(parts, asked)
    except TagError as error:
        raise DataError(f"{_place(parts, error.tag)}: {error}") from None
    notes: list[str] = []
    splits: dict[str, list[Sentence]] = {}
    for style, group in groups:
        remarks = list(style.remarks)
        if len(groups) > 1:
            remarks.append(f"the scheme of the {next(iter(group))} split is {style.scheme}")
        notes += [f"{name}: {remark}" if name else remark for remark in remarks]
        if style.irregular:
            notes.append(f"{_place(group, style.first_irregular)}: {style.describe_irregular()}")
        splits |= {split: part.in_iob2(style) for split, part in group.items()}
    first = groups[0][0]
    return Spelled(splits, first.target, first.scheme, tuple(notes))


_Group = tuple[TagStyle, Mapping[str, Part]]


def _groups(parts: Mapping[str, Part], asked: Scheme | None) -> list[_Group]:
    """Detect one style for all splits, or one per split if that explains more tags."""
    tags = {split: [found for _, found in part.tags()] for split, part in parts.items()}
    try:
        style = recognise(chain.from_iterable(tags.values()), asked)
    except TagError:
        found = _apart(parts, tags) if asked is None else None
        if found is None:
            raise
        return found
    if asked or not style.irregular or style.scheme in (Scheme.IOB1, Scheme.IOB2):
        return [(style, parts)]
    apart = _apart(parts, tags)
    fewer = apart and sum(found.irregular for found, _ in apart) < style.irregular
    return apart if apart and fewer else [(style, parts)]


def _apart(
    parts: Mapping[str, Part], tags: Mapping[str, Sequence[Sequence[str]]]
) -> list[_Group] | None:
    try:
        return [(recognise(tags[split]), {split: part}) for split, part in parts.items()]
    except TagError:
        return None


def _place(parts: Mapping[str, Part], wanted: str | Pair) -> str:
    """Return the first place of a tag, or of a pair of tags."""
    search = partial(position, wanted=wanted)
    places = (
        part.place(number, search)
        for part in parts.values()
        for number, tags in part.tags()
        if search(tags) is not None
    )
    return next(places)
