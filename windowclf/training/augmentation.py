"""Sentences that are made for training: with other names, and from templates."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np

from windowclf.config.config import Config
from windowclf.documents.sentence import Sentence
from windowclf.errors import UsageError, join_names
from windowclf.tags.schemes import OUTSIDE, Scheme, Span, spans
from windowclf.text.tokenizer import tokenize
from windowclf.text.typography import strip
from windowclf.training.templates import TEMPLATES, WITH_NUMBERS

_SPELLINGS = {
    "PER": ("PER", "PERS", "PERSON"),
    "ORG": ("ORG", "ORGANIZATION", "ORGANISATION", "CORPORATION", "COMPANY"),
    "LOC": ("GPE", "LOC", "LOCATION", "GEO-LOC", "PLACE"),
}
"""How corpora call the types that templates have, the best one first, in capitals."""
_NOT_OF_NUMBERS = {"MISC", "MISCELLANEOUS", *chain(*_SPELLINGS.values())}
"""Types that no number is of. Where there are others, a date may be labelled."""

_SLOT = re.compile(r"\[(\w+)([^]]*)\]")
_FILLER = "Xname"  # a word that no template has
_PARTS_OF_NAMES = {"FORENAME": 0, "SURNAME": -1}
_COMPANY_FORMS = {"inc", "ltd", "llc", "corp", "gmbh", "plc", "ag", "sa", "co"}
_LONGEST_ACRONYM = 4
_CHANGED_CASE = 0.1
"""Share of the templates whose names are in lower case; the same share has them in capitals."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Sentences that are added to a training text.

    Parameters
    ----------
    sentences : list of Sentence
        Each stands alone: none has a document.
    origins : list of int
        The place of the sentence that each was made from; -1 for a template.
    counts : dict of str to int
        How many were made with other names, and how many from templates, where these are wanted.
    """

    sentences: list[Sentence] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def augment(
    sentences: Sequence[Sentence],
    scheme: Scheme,
    config: Config,
    lists: Mapping[str, Sequence[str]],
    rng: np.random.Generator,
) -> Augmentation:
    """Make the sentences that `name_augmentation` and `template_augmentation` ask for.

    Parameters
    ----------
    sentences : sequence of Sentence
        The training text.
    scheme : Scheme
        Of its tags: ``IOB2``, or ``PLAIN``.
    lists : mapping of str to sequence of str
        Names by type. Templates take those of the text where a type has no list.
    rng : numpy.random.Generator
        Nothing is drawn where both settings are 0.

    Raises
    ------
    UsageError
        If there are no names to fill in, or the tags spell none.
    """
    shares = {"names": config.name_augmentation, "templates": config.template_augmentation}
    if not any(shares.values()):
        if lists:
            _warn("names: not used: neither name_augmentation nor template_augmentation is set")
        return Augmentation()
    if scheme is Scheme.PLAIN:
        raise UsageError(
            "`name_augmentation` and `template_augmentation` need tags that spell names, such as "
            "B-PER; the training text has a plain label for each token: leave them out"
        )
    found = [spans(sentence.tags or (), scheme) for sentence in sentences]
    kinds = sorted({span.label for these in found for span in these})
    listed = _usable(lists, kinds, share=shares["names"])
    added = Augmentation(counts={what: 0 for what, share in shares.items() if share})
    if shares["names"]:
        having = [i for i, these in enumerate(found) if any(s.label in listed for s in these)]
        number = added.counts["names"] = round(shares["names"] * len(having))
        for i in np.sort(rng.permutation(having)[:number]).tolist():
            added.sentences.append(exchange_names(sentences[i], found[i], listed, rng))
            added.origins.append(i)
    if shares["templates"]:
        names = _names_of_text(sentences, found) | listed
        number = added.counts["templates"] = round(shares["templates"] * len(sentences))
        added.sentences.extend(_from_templates(number, names, rng))
        added.origins.extend([-1] * number)
    return added


def _usable(
    lists: Mapping[str, Iterable[str]], kinds: Sequence[str], *, share: float
) -> "dict[str, Names]":
    """Take the lists of types that the text has; report the others, and refuse to have none."""
    if share and not lists:
        raise UsageError(
            f"`name_augmentation={share}` needs names by their type: give lists with `names`, or "
            "leave it out"
        )
    listed = {kind: Names(names, kind) for kind, names in lists.items() if kind in kinds}
    listed = {kind: names for kind, names in listed.items() if len(names)}
    unused = sorted(lists.keys() - listed.keys())
    complaint = f"the training text has names of {join_names(kinds)}, lists are of"
    if share and not listed:
        raise UsageError(f"`names`: {complaint} {join_names(unused)}: give lists of its types")
    if unused:
        _warn(f"names: {complaint} {join_names(unused)} too, which are not used")
    return listed


def _warn(message: str) -> None:
    logging.getLogger("windowclf").warning("%s", message)


class Names:
    """Draws names of a type.

    Parameters
    ----------
    names : iterable of str
        As written. What holds no letter and no digit is left out, and so is a name that comes
        again.
    kind : str
        Their type, as the training text calls it.
    """

    def __init__(self, names: Iterable[str], kind: str) -> None:
        distinct = dict.fromkeys(map(strip, names))
        self._names = [name for name in distinct if any(map(str.isalnum, name))]
        self._of_persons = kind.upper() in _SPELLINGS["PER"]

    def __len__(self) -> int:
        return len(self._names)

    def draw(self, rng: np.random.Generator, part: int | None = None) -> list[str]:
        """Draw the tokens of a name.

        Parameters
        ----------
        part : {0, -1}, optional
            Only the first or the last of its words that is no initial and no abbreviation.
        """
        # A number with its period is one token at the beginning of a text only: hence the space.
        words = [token.text for token in tokenize(f" {self._names[rng.integers(len(self))]}")]
        if part is None:
            return words
        full = [word for word in words if len(word) > 1 and word[-1] != "."] or words
        return [full[part]]

    def draw_instead(self, old: Sequence[str], rng: np.random.Generator) -> list[str]:
        """Draw a name for the place of another: one word for a forename or a surname by itself."""
        one_word = self._of_persons and len(old) == 1
        return self.draw(rng, (0, -1)[rng.integers(2)] if one_word else None)


def _names_of_text(
    sentences: Sequence[Sentence], found: Sequence[Sequence[Span]]
) -> dict[str, Names]:
    """Collect the names of a training text, by type."""
    names: dict[str, list[str]] = {}
    for sentence, these in zip(sentences, found, strict=True):
        for start, end, kind in these:
            names.setdefault(kind, []).append(" ".join(sentence.tokens[start:end]))
    return {kind: Names(listed, kind) for kind, listed in names.items()}


def exchange_names(
    sentence: Sentence, found: Sequence[Span], lists: Mapping[str, Names], rng: np.random.Generator
) -> Sentence:
    """Put other names of the same type in the place of all names of a sentence that have a list.

    A name that comes twice becomes the same name twice. A name in capitals is exchanged for one in
    capitals, and one in lower case for one in lower case; an acronym such as IBM counts as neither,
    unless the whole sentence is in capitals.

    Parameters
    ----------
    sentence : Sentence
        Its tags are in IOB2.
    found : sequence of Span
        Its spans, in order.
    """
    tokens: list[str] = []
    tags: list[str] = []
    drawn: dict[tuple[str, ...], list[str]] = {}
    in_capitals = " ".join(sentence.tokens).isupper()
    end = 0
    for span in found:
        if span.label not in lists:
            continue
        old = sentence.tokens[span.start : span.end]
        key = (span.label, *old)
        if key not in drawn:
            new = lists[span.label].draw_instead(old, rng)
            drawn[key] = _in_case_of(old, new, in_capitals=in_capitals)
        tokens += [*sentence.tokens[end : span.start], *drawn[key]]
        tags += [*(sentence.tags or ())[end : span.start], *_tags(span.label, len(drawn[key]))]
        end = span.end
    tokens += sentence.tokens[end:]
    tags += (sentence.tags or ())[end:]
    return Sentence(tokens, tags)


def _in_case_of(old: Sequence[str], new: list[str], *, in_capitals: bool) -> list[str]:
    """Write a name in capitals or in lower case, if the one in whose place it stands is."""
    text = " ".join(old)
    if text.islower():
        return [*map(str.lower, new)]
    longest = max(len(word.replace(".", "")) for word in old)
    if text.isupper() and (in_capitals or longest > _LONGEST_ACRONYM):
        return [*map(str.upper, new)]
    return new


def _tags(label: str, n: int) -> list[str]:
    return [f"B-{label}", *[f"I-{label}"] * (n - 1)]


class _Part(NamedTuple):
    """A part of a template: words of no name, or a name and the words that it ends in.

    Parameters
    ----------
    slot : str
        "PER", "FORENAME", "SURNAME", "ORG" or "LOC"; empty for words of no name.
    """

    slot: str
    words: list[str]


def read_template(template: str) -> list[_Part]:
    """Split a template as the tokenizer splits the text that is made from it."""
    slots = iter(_SLOT.findall(template))
    parts: list[_Part] = []
    left = 0  # words that the name still has to end in
    for token in tokenize(_SLOT.sub(rf"{_FILLER}\2", template)):
        if token.text == _FILLER:
            slot, ending = next(slots)
            parts.append(_Part(slot, []))
            left = len(ending.split())
        elif left:
            parts[-1].words.append(token.text)
            left -= 1
        else:
            parts.append(_Part("", [token.text]))
    return parts


def _kind(slot: str) -> str:
    return "PER" if slot in _PARTS_OF_NAMES else slot


def _from_templates(
    number: int, names: Mapping[str, Names], rng: np.random.Generator
) -> Iterator[Sentence]:
    """Fill so many templates, of those whose types the training text has.

    Parameters
    ----------
    names : mapping of str to Names
        By type, for all types of the training text.
    """
    spelled = {kind.upper(): kind for kind in sorted(names) if len(names[kind])}
    labels = {
        kind: next(spelled[spelling] for spelling in spellings if spelling in spelled)
        for kind, spellings in _SPELLINGS.items()
        if not spelled.keys().isdisjoint(spellings)
    }
    numbered = WITH_NUMBERS if {kind.upper() for kind in names} <= _NOT_OF_NUMBERS else ()
    templates = [
        parts
        for parts in map(read_template, (*TEMPLATES, *numbered))
        if all(_kind(part.slot) in labels for part in parts if part.slot)
    ]
    if not templates:
        raise UsageError(
            "`template_augmentation`: the templates hold names of PER, ORG and LOC; the training "
            f"text has names of {join_names(sorted(names))}: leave it out"
        )
    for place in rng.integers(len(templates), size=number):
        yield _fill(templates[place], names, labels, rng)


def _fill(
    parts: Sequence[_Part],
    names: Mapping[str, Names],
    labels: Mapping[str, str],
    rng: np.random.Generator,
) -> Sentence:
    """Fill a template with names, all of them as written, in lower case or in capitals."""
    drawn = rng.random()
    change = str.lower if drawn < _CHANGED_CASE else str.upper if drawn < 2 * _CHANGED_CASE else str
    tokens: list[str] = []
    tags: list[str] = []
    for slot, words in parts:
        if not slot:
            tokens += words
            tags += [OUTSIDE] * len(words)
            continue
        label = labels[_kind(slot)]
        name = names[label].draw(rng, _PARTS_OF_NAMES.get(slot))
        ending = [] if name[-1].lower().rstrip(".") in _COMPANY_FORMS else words
        tokens += [*map(change, name), *ending]
        tags += _tags(label, len(name) + len(ending))
    return Sentence(tokens, tags)
