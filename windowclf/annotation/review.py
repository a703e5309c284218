"""Review of a project: its names, its contradictions, and where the model disagrees.

Only accepted passages are reviewed. Corrections are returned as changes for `Store.decide`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from windowclf.annotation.cutting import split_passage
from windowclf.annotation.entries import DECODE_SPANS, Change, StoredSpan
from windowclf.annotation.store import Store
from windowclf.text.tokenizer import token_starts

PAGE = 50
"""Number of names, contradictions or disagreements that are returned at once."""

_CONTEXT = 60  # characters on each side
_SHOWN = 10  # contexts per name


class Context(msgspec.Struct, frozen=True):
    """A place in an accepted passage, with the text around it.

    Parameters
    ----------
    start, end : int
        Offsets in the passage, in characters.
    """

    passage: int
    version: int
    start: int
    end: int
    before: str
    text: str
    after: str


class LabelledName(msgspec.Struct, frozen=True):
    """A name and its label, with the number of such places and the contexts of the first ones."""

    label: int
    text: str
    count: int
    contexts: list[Context]


class NamePage(msgspec.Struct, frozen=True):
    """The names on a page, and the number of names on all pages."""

    names: list[LabelledName]
    total: int


class Reading(msgspec.Struct, frozen=True):
    """One of the labels that a name has, with the contexts of the first places.

    Parameters
    ----------
    label : int, optional
        The label; None where the name is not labelled.
    """

    label: int | None
    count: int
    contexts: list[Context]


class Contradiction(msgspec.Struct, frozen=True):
    """A name that is labelled in several ways, the most frequent way first."""

    text: str
    readings: list[Reading]


class Disagreement(msgspec.Struct, frozen=True):
    """A place where the model disagrees with the decision.

    Parameters
    ----------
    decided : list of StoredSpan
        The names that are labelled there; empty if only the model finds a name.
    proposed : StoredSpan, optional
        The name that the model finds; None if it finds none.
    score : float, optional
        The model's confidence in that name.
    """

    context: Context
    decided: list[StoredSpan]
    proposed: StoredSpan | None
    score: float | None


class _Accepted(NamedTuple):
    """An accepted passage."""

    id: int
    version: int
    known: int
    spans: list[StoredSpan]
    comment: str
    text: str
    words: str | None

    def context(self, start: int, end: int) -> Context:
        """Return a place with the text around it."""
        before = self.text[max(0, start - _CONTEXT) : start]
        after = self.text[end : end + _CONTEXT]
        return Context(self.id, self.version, start, end, before, self.text[start:end], after)

    def change(self, spans: Iterable[StoredSpan]) -> Change:
        """Return a change of the spans."""
        return Change(self.id, self.version, "accepted", [*spans], self.comment)

    def relabelled(self, places: "Iterable[_Place | StoredSpan]", new: int | None) -> Change:
        """Return a change of the label of some places; None removes it."""
        spans = self.spans
        for place in places:
            span = StoredSpan(place.start, place.end, new) if new is not None else None
            spans = _replaced(spans, place.start, place.end, span)
        return self.change(spans)


class _Place(NamedTuple):
    """An occurrence of a name in a passage, with its label there."""

    passage: _Accepted
    start: int
    end: int
    label: int | None


_Form = tuple[str, ...]
"""The words of a name."""


def list_names(
    store: Store, label: int | None = None, query: str = "", page: int = 0, size: int = PAGE
) -> NamePage:
    """List the labelled names, the most frequent ones first.

    Parameters
    ----------
    label : int, optional
        The label of the names; all labels if omitted.
    query : str
        A part of the names; letter case is ignored.
    page : int
        Number of the page, from 0.
    size : int
        Number of names on a page.
    """
    places: dict[tuple[str, int], list[tuple[_Accepted, StoredSpan]]] = defaultdict(list)
    wanted = query.casefold()
    for passage in _accepted(store):
        for span in passage.spans:
            if label is None or span.label == label:
                text = _flat(passage.text[span.start : span.end])
                if wanted in text.casefold():
                    places[text, span.label].append((passage, span))
    ranked = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    names = [
        LabelledName(own, text, len(found), [p.context(s.start, s.end) for p, s in found[:_SHOWN]])
        for (text, own), found in ranked[page * size : (page + 1) * size]
    ]
    return NamePage(names, len(ranked))


def find_contradictions(store: Store, most: int = PAGE) -> list[Contradiction]:
    """Find names that are labelled in one place, and differently or not at all in another.

    Occurrences of a name have the same words. An occurrence within a longer labelled name does not
    count as unlabelled, nor does one in a passage that was decided on before the label was added.

    Parameters
    ----------
    most : int
        Maximum number of contradictions. Those in which one reading prevails most clearly come
        first.
    """
    found: dict[str, dict[int | None, list[_Place]]] = defaultdict(lambda: defaultdict(list))
    passages = _accepted(store)
    for form, place in _places(store, passages, _forms(store, passages)):
        found[" ".join(form)][place.label].append(place)
    several = [(text, readings) for text, readings in found.items() if len(readings) > 1]
    several.sort(key=lambda item: (-_sureness(item[1]), item[0]))
    return [
        Contradiction(
            text,
            [
                Reading(label, len(own), [_context(place) for place in own[:_SHOWN]])
                for label, own in sorted(readings.items(), key=_frequent_first)
            ],
        )
        for text, readings in several[:most]
    ]


def fix_name(
    store: Store,
    text: str,
    label: int | None,
    new: int | None,
    passages: Collection[int] | None = None,
) -> list[Change]:
    """Change the label of a name wherever it has a certain one, or none.

    Parameters
    ----------
    text : str
        The words of the name, joined by spaces, as `find_contradictions` returns them.
    label : int, optional
        The present label in the places to change; None where the name is not labelled.
    new : int, optional
        The new label; None removes the label.
    passages : collection of int, optional
        The passages to change; all if omitted.

    Returns
    -------
    list of Change
        Changes for `Store.decide`, which refuses them if a passage was decided on meanwhile.
    """
    accepted = _accepted(store)
    forms = _forms(store, accepted)
    wanted = tuple(text.split(" "))
    chosen = [p for p in accepted if passages is None or p.id in passages]
    fixed: dict[int, list[_Place]] = defaultdict(list)
    for form, place in _places(store, chosen, forms):
        if form == wanted and place.label == label:
            fixed[place.passage.id].append(place)
    return [places[0].passage.relabelled(places, new) for places in fixed.values()]


def relabel_name(
    store: Store,
    text: str,
    label: int | None,
    new: int | None,
    passages: Collection[int] | None = None,
) -> list[Change]:
    """Change or remove a label of a name in `list_names`.

    Parameters
    ----------
    text : str
        The name, as `list_names` returns it.
    label, new, passages
        See `fix_name`.
    """
    changes = []
    for passage in _accepted(store):
        if passages is not None and passage.id not in passages:
            continue
        found = [
            span
            for span in passage.spans
            if span.label == label and _flat(passage.text[span.start : span.end]) == text
        ]
        if found:
            changes.append(passage.relabelled(found, new))
    return changes


def find_disagreements(
    store: Store,
    proposals: Mapping[int, Sequence[tuple[int, int, int, float]]],
    most: int = PAGE,
) -> list[Disagreement]:
    """Find where the model disagrees with decisions.

    Parameters
    ----------
    proposals : mapping of int to sequence of (int, int, int, float)
        For each passage the start, end, label and score of the names that are proposed in it, by
        models that were not trained on it.
    most : int
        Maximum number of disagreements, by descending score. Names that the model does not find
        come last.
    """
    found: list[Disagreement] = []
    for passage in _accepted(store):
        if passage.id in proposals:
            found += _disagreements(passage, proposals[passage.id])
    found.sort(key=lambda each: -(each.score or 0.0))
    return found[:most]


def adopt(store: Store, chosen: Iterable[Disagreement]) -> list[Change]:
    """Replace labels by the proposals of the model.

    Returns
    -------
    list of Change
        Changes for `Store.decide`; passages that were decided on since are left out.
    """
    passages = {passage.id: passage for passage in _accepted(store)}
    spans: dict[int, list[StoredSpan]] = {}
    for each in chosen:
        passage = passages.get(each.context.passage)
        if passage is not None and passage.version == each.context.version:
            own = spans.get(passage.id, passage.spans)
            at = each.context
            spans[passage.id] = _replaced(own, at.start, at.end, each.proposed)
    return [passages[number].change(own) for number, own in spans.items()]


def _accepted(store: Store) -> list[_Accepted]:
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT id, version, known, spans, comment, text, words FROM passage "
            "WHERE state = 'accepted' ORDER BY id"
        ).fetchall()
    return [
        _Accepted(number, version, known, DECODE_SPANS(spans), comment, text, words)
        for number, version, known, spans, comment, text, words in rows
    ]


def _forms(store: Store, passages: Iterable[_Accepted]) -> dict[_Form, set[int]]:
    """Return the words of each name, with all labels that it has."""
    forms: dict[_Form, set[int]] = defaultdict(set)
    for passage in passages:
        if passage.spans:
            words, starts = _words(store, passage)
            for first, last, span in _at_tokens(passage.spans, words, starts):
                forms[tuple(words[first:last])].add(span.label)
    return forms


def _places(
    store: Store, passages: Iterable[_Accepted], forms: Mapping[_Form, Collection[int]]
) -> Iterator[tuple[_Form, _Place]]:
    """Yield the occurrences of each name, except within a longer name.

    The longest of the names that begin at a word counts.
    """
    sizes: dict[str, set[int]] = defaultdict(set)
    for name in forms:
        sizes[name[0]].add(len(name))
    longest = {word: sorted(found, reverse=True) for word, found in sizes.items()}
    for passage in passages:
        words, starts = _words(store, passage)
        after = 0  # the end of the last name
        for first in [i for i, word in enumerate(words) if word in longest]:
            here = (tuple(words[first : first + size]) for size in longest[words[first]])
            form = next(filter(forms.__contains__, here), ())
            if not form or first < after:
                continue
            after = first + len(form)
            place = _place(passage, starts[first], starts[after - 1] + len(form[-1]))
            lacks = all(label > passage.known for label in forms[form])
            if place and not (place.label is None and lacks):
                yield form, place


def _place(passage: _Accepted, start: int, end: int) -> _Place | None:
    """Return a stretch with its label; None if it is part of a longer name."""
    inside = [span for span in passage.spans if span.start < end and start < span.end]
    if not inside:
        return _Place(passage, start, end, None)
    first = inside[0]
    if first.start <= start and end <= first.end and (first.start, first.end) != (start, end):
        return None
    return _Place(passage, start, end, first.label)


def _at_tokens(
    spans: Iterable[StoredSpan], words: Sequence[str], starts: Sequence[int]
) -> Iterator[tuple[int, int, StoredSpan]]:
    """Yield the spans that begin and end at token borders, as ranges of tokens."""
    begins = {start: i for i, start in enumerate(starts)}
    ends = {
        start + len(word): i + 1 for i, (start, word) in enumerate(zip(starts, words, strict=True))
    }
    for span in spans:
        if span.start in begins and span.end in ends:
            yield begins[span.start], ends[span.end], span


def _words(store: Store, passage: _Accepted) -> tuple[list[str], list[int]]:
    sentences = split_passage(passage.text, passage.words, store.text_unit)
    words = [*chain.from_iterable(sentences)]
    return words, token_starts(passage.text, words)


def _disagreements(
    passage: _Accepted, proposed: Sequence[tuple[int, int, int, float]]
) -> Iterator[Disagreement]:
    met: set[StoredSpan] = set()
    for start, end, label, score in proposed:
        span = StoredSpan(start, end, label)
        touched = [s for s in passage.spans if s.start < end and start < s.end]
        met.update(touched)
        if touched == [span] or label > passage.known:
            continue
        whole = [start, end, *(s.start for s in touched), *(s.end for s in touched)]
        yield Disagreement(passage.context(min(whole), max(whole)), touched, span, score)
    for span in passage.spans:
        if span not in met:
            yield Disagreement(passage.context(span.start, span.end), [span], None, None)


def _replaced(
    spans: Iterable[StoredSpan], start: int, end: int, new: StoredSpan | None
) -> list[StoredSpan]:
    """Replace the spans in a stretch by another span, or by none."""
    kept = [span for span in spans if span.end <= start or end <= span.start]
    return sorted([*kept, *([new] if new else [])], key=lambda span: span.start)


def _sureness(readings: Mapping[int | None, Sequence[_Place]]) -> float:
    counts = Counter({label: len(places) for label, places in readings.items()})
    return max(counts.values()) / (counts.total() + 1)


def _frequent_first(reading: tuple[int | None, Sequence[_Place]]) -> tuple[int, bool]:
    label, places = reading
    return -len(places), label is None


def _context(place: _Place) -> Context:
    return place.passage.context(place.start, place.end)


def _flat(text: str) -> str:
    return " ".join(text.split())
