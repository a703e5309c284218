"""Data augmentation: sentences with other names, and sentences made from templates."""

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
"""Labels that corpora use for the types of the templates, in capitals, the preferred one first."""
_NOT_OF_NUMBERS = {"MISC", "MISCELLANEOUS", *chain(*_SPELLINGS.values())}
"""Types that no number belongs to. A corpus with any other type may label dates."""

_SLOT = re.compile(r"\[(\w+)([^]]*)\]")
_FILLER = "Xname"  # a word that occurs in no template
_PARTS_OF_NAMES = {"FORENAME": 0, "SURNAME": -1}
_COMPANY_FORMS = {"inc", "ltd", "llc", "corp", "gmbh", "plc", "ag", "sa", "co"}
_LONGEST_ACRONYM = 4
_CHANGED_CASE = 0.1
"""Share of the templates filled with lower-case names; the same share gets names in capitals."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Sentences that are added to a training text.

    Parameters
    ----------
    sentences : list of Sentence
        The new sentences; none belongs to a document.
    origins : list of int
        Index of the sentence that each was made from; -1 for a template.
    counts : dict of str to int
        Number of sentences by kind of augmentation, for the kinds that are switched on.
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
    """Make the sentences for the settings `name_augmentation` and `template_augmentation`.

    Parameters
    ----------
    sentences : sequence of Sentence
        The training text.
    scheme : Scheme
        Scheme of the tags: ``IOB2`` or ``PLAIN``.
    lists : mapping of str to sequence of str
        Names by type. For a type without a list, templates use the names of the text.
    rng : numpy.random.Generator
        Draws sentences and names; not used if both settings are 0.

    Raises
    ------
    UsageError
        If there are no names to fill in, or the tags have no spans.
    """
    shares = {"names": config.name_augmentation, "templates": config.template_augmentation}
    if not any(shares.values()):
        if lists:
            _warn("names: not used: neither name_augmentation nor template_augmentation is set")
        return Augmentation()
    if scheme is Scheme.PLAIN:
        raise UsageError(
            "`name_augmentation` and `template_augmentation` need tags that spell names, such as "
            "B-PER, but the training text has a plain label for each token: leave them out"
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
    """Select the lists whose types the text has; warn about others, and require at least one."""
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
    """Draws names of one type at random.

    Parameters
    ----------
    names : iterable of str
        Names as written. Duplicates, and names without any letter or digit, are left out.
    kind : str
        Label of these names in the training text.
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
            Return only the first or the last word that is not an initial or an abbreviation.
        """
        # A number with a period is one token only at the beginning of a text, hence the space.
        words = [token.text for token in tokenize(f" {self._names[rng.integers(len(self))]}")]
        if part is None:
            return words
        full = [word for word in words if len(word) > 1 and word[-1] != "."] or words
        return [full[part]]

    def draw_instead(self, old: Sequence[str], rng: np.random.Generator) -> list[str]:
        """Draw a replacement for a name; a single forename or surname is replaced by one word."""
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
    """Replace every name in a sentence whose type has a list by another name of that type.

    A repeated name is replaced by the same name each time. Names in capitals or in lower case keep
    that case; an acronym such as IBM counts as neither, unless the whole sentence is in capitals.

    Parameters
    ----------
    sentence : Sentence
        A sentence with IOB2 tags.
    found : sequence of Span
        The spans of the sentence, in order.
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
    """Write a name in capitals or in lower case if the name it replaces is written so."""
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
    """A part of a template: plain words, or a slot for a name with the words that follow in it.

    Parameters
    ----------
    slot : str
        "PER", "FORENAME", "SURNAME", "ORG" or "LOC"; empty for plain words.
    """

    slot: str
    words: list[str]


def read_template(template: str) -> list[_Part]:
    """Split a template in the same way as the tokenizer splits the finished sentence."""
    slots = iter(_SLOT.findall(template))
    parts: list[_Part] = []
    left = 0  # number of words that still belong to the current name
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
    """Fill `count` templates, chosen from those whose types the training text has.

    Parameters
    ----------
    names : mapping of str to Names
        Names by type, for all types of the training text.
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
            "`template_augmentation`: the templates need names of PER, ORG or LOC, but the "
            f"training text has names of {join_names(sorted(names))}: leave it out"
        )
    for place in rng.integers(len(templates), size=number):
        yield _fill(templates[place], names, labels, rng)


def _fill(
    parts: Sequence[_Part],
    names: Mapping[str, Names],
    labels: Mapping[str, str],
    rng: np.random.Generator,
) -> Sentence:
    """Fill a template with names, all as written, all in lower case or all in capitals."""
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
