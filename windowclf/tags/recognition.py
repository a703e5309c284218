"""Detection of the tagging scheme of a corpus, from all of its tags together.

Files write tags in several forms: ``B-PER``, ``B_PER``, ``PER-B``, ``b-per``, a ``B`` without a
label, or ``PER`` without a prefix. A form is accepted only if all tags of the corpus have it,
because a single tag may fit several forms. Everything else is an error.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from windowclf.errors import DataError, UsageError, quoted
from windowclf.tags.schemes import OUTSIDE, Scheme, breaks_rules, convert

AUTO = "auto"
SCHEMES = (AUTO, *(scheme.value for scheme in Scheme))
"""Accepted values of `scheme`."""

BARE_LABEL = "ENTITY"
"""The label of spans whose tags consist of a prefix only."""

Pair = tuple[str | None, str | None]
"""Neighbouring tags; None is the start or the end of a sentence."""

_GUESSED = (Scheme.IOB2, Scheme.IOBES, Scheme.BILOU, Scheme.BMES, Scheme.BMEWO)
_CANONICAL = dict(zip("BIMELSUW", "BIIEESSS", strict=True))
_OUTSIDES = dict.fromkeys((OUTSIDE, "o", "0"), OUTSIDE)
_SEPARATORS = "-_/:."
# A tag with a prefix or a suffix, or only that: among other tags it is hardly a label.
_MIXED = re.compile(r"[BI](?:[-_/:.].*)?|.+[-_/:.][BI]|[A-Z]-.+")

# Labels that are never used for single tokens. In a file too short to show that most tokens are O,
# they show that its tags are entity types and not parts of speech.
_ENTITY_LABELS = """
    per pers person people org organization organisation corporation corp company group loc
    location place gpe geo geo-loc geopolitical fac facility building norp misc miscellaneous oth
    other product prod event evt work work_of_art creative-work creative_work law language date
    time datetime duration percent money quantity ordinal cardinal number city country state
    address email phone url age title role position job skill disease chemical drug gene protein
    species cell_line cell_type dna rna dosage symptom name brand vehicle weapon nationality
    religion date_time movie musicartist song sportsteam tvshow food animal
    ort lieu personne organisme persona organizacion organización lugar
"""


class TagError(DataError):
    """A tag does not belong to the scheme of the other tags.

    Parameters
    ----------
    tag : str
        The tag as written in the file, so that its position can be found.
    """

    def __init__(self, tag: str, message: str) -> None:
        super().__init__(message)
        self.tag = tag

    def __reduce__(self) -> tuple[type["TagError"], tuple[str, str]]:
        return type(self), (self.tag, str(self))


def position(tags: Sequence[str], wanted: str | Pair) -> int | None:
    """Find the index of a tag, or of the second tag of a pair, in a sentence."""
    if isinstance(wanted, str):
        return tags.index(wanted) if wanted in tags else None
    pairs = zip((None, *tags), (*tags, None), strict=True)
    found = next((i for i, pair in enumerate(pairs) if pair == wanted), None)
    return None if found is None else min(found, len(tags) - 1)


class TagStyle(NamedTuple):
    """The way in which a corpus writes its tags.

    Attributes
    ----------
    scheme : Scheme
        The scheme of the tags.
    read : mapping of str to str
        Maps each tag as written to IOBES: ``U_per`` to ``S-per``. Empty if the labels are plain.
    remarks : tuple of str
        Unusual properties of the tags, to report to the user.
    irregular : int
        Number of tags that break the rules of the scheme and are read by conlleval's rules.
    first_irregular : Pair
        The first such tag, preceded by the tag before it.
    """

    scheme: Scheme
    read: Mapping[str, str]
    remarks: tuple[str, ...] = ()
    irregular: int = 0
    first_irregular: Pair = (None, None)

    @property
    def target(self) -> Scheme:
        """The scheme of the tags that `convert` returns: IOB2, or plain."""
        return Scheme.PLAIN if self.scheme is Scheme.PLAIN else Scheme.IOB2

    def convert(self, tags: Sequence[str]) -> list[str]:
        """Convert the tags of a sentence to IOB2; plain labels do not change."""
        if self.scheme is Scheme.PLAIN:
            return list(tags)
        return convert([self.read[tag] for tag in tags], Scheme.IOBES, Scheme.IOB2)

    def describe_irregular(self) -> str:
        """Describe how many tags break the rules, and which is the first."""
        before, tag = self.first_irregular
        what = (
            f"{quoted(before)} at the end of a sentence"
            if tag is None
            else f"{quoted(tag)} {f'after {quoted(before)}' if before else 'at the start'}"
        )
        tags = "1 tag breaks" if self.irregular == 1 else f"{self.irregular:,} tags break"
        return f"{tags} the rules of {self.scheme}, so conlleval's rules are used: first {what}"


def scheme_named(name: str) -> Scheme | None:
    """Return the scheme with a name; None for "auto".

    Raises
    ------
    UsageError
        If there is no scheme of this name.
    """
    try:
        return None if isinstance(name, str) and name == AUTO else Scheme(name)
    except ValueError:
        expected = ", ".join(SCHEMES)
        raise UsageError(f"unknown scheme {quoted(name)}: expected {expected}") from None


def recognise(sequences: Iterable[Sequence[str]], scheme: Scheme | None = None) -> TagStyle:
    """Detect the way in which a corpus writes its tags.

    Of the schemes that have all prefixes of the corpus, the one with the fewest prefixes is chosen.
    ``B`` and ``I`` alone are IOB2 or IOB1, whichever has fewer tags that break its rules. Tags
    without any prefix are IO if at least half of the tokens are ``O``, or if all labels are entity
    types such as ``PER``; otherwise they may be parts of speech, which only the user knows.

    Parameters
    ----------
    sequences : iterable of sequences of str
        The tags of each sentence.
    scheme : Scheme, optional
        The scheme that the user chose. Its tags may still be written as ``B_PER`` or ``PER-B``.

    Raises
    ------
    TagError
        If a tag does not fit the other tags or the chosen scheme.
    """
    pairs: Counter[Pair] = Counter()  # in order of first occurrence
    for tags in sequences:
        pairs.update(zip((None, *tags), (*tags, None), strict=True))
    counts: Counter[str] = Counter()
    for (_, tag), count in pairs.items():
        if tag is not None:
            counts[tag] += count
    if scheme is Scheme.PLAIN:
        return TagStyle(scheme, {})
    style = _style(counts, scheme)
    return _with_irregular(style, pairs, choose=scheme is None)


class _Form(NamedTuple):
    """A form of tags: the position of the letter, and the separator before or after the label."""

    separator: str  # empty for a letter without a label
    is_suffix: bool = False

    def split(self, tag: str) -> tuple[str, str] | None:
        """Split a tag into letter and label; None if it does not have this form."""
        if not self.separator:
            letter, label = tag, BARE_LABEL
        elif self.is_suffix:
            label, _, letter = tag.rpartition(self.separator)
        else:
            letter, _, label = tag.partition(self.separator)
        return (letter, label) if letter.upper() in _CANONICAL and label else None


_USUAL = _Form("-")
_FORMS = (*map(_Form, _SEPARATORS), *(_Form(mark, True) for mark in _SEPARATORS), _Form(""))


def _style(counts: Mapping[str, int], chosen: Scheme | None) -> TagStyle:
    outside = {tag: counts[tag] for tag in _OUTSIDES if tag in counts}
    inside = {tag: count for tag, count in counts.items() if tag not in _OUTSIDES}
    if not inside:
        if "0" in outside:
            raise _unknown(["0"], None, Scheme.IOB2, chosen)
        return TagStyle(chosen or Scheme.IOB2, _OUTSIDES, _outside_remarks(outside))
    total = sum(inside.values())
    covered, best, best_scheme = 0, None, chosen or Scheme.IOB2
    for form in _FORMS:
        split = {tag: form.split(tag) for tag in inside}
        letters: Counter[str] = Counter()
        for tag, found in split.items():
            letters[found[0].upper() if found else ""] += inside[tag]
        for scheme in (chosen,) if chosen else _GUESSED:
            count = sum(letters[letter] for letter in scheme.prefixes)
            if count == total and (chosen or _is_certain(form, [*filter(None, split.values())])):
                return _prefixed(form, scheme, split, outside, chosen)
            # Some parts of speech are single letters, and "S-BAR" looks like an IOBES tag.
            by_letter = letters["B"] + letters["I"] > 0 if form.separator else 2 * count >= total
            if count > covered and (chosen or by_letter):
                covered, best, best_scheme = count, form, scheme
    if chosen in (None, Scheme.IO) and _is_prefixless(inside, outside, chosen):
        return _prefixless(inside, outside, chosen)
    raise _unknown(inside, best, best_scheme, chosen)


def _is_certain(form: _Form, split: Sequence[tuple[str, str]]) -> bool:
    """Whether tags that fit a form cannot be anything else.

    ``S_NAME`` and ``HEPATITIS-B`` may well be labels.
    """
    letters = {letter for letter, _ in split}
    if letters.isdisjoint("BIbiESUW" if form == _USUAL else "BIbi"):
        return False
    labels = Counter(label for _, label in {(letter.upper(), label) for letter, label in split})
    return not form.is_suffix or max(labels.values()) > 1 or _are_of_entities(labels)


def _prefixed(
    form: _Form,
    scheme: Scheme,
    split: Mapping[str, tuple[str, str] | None],
    outside: Mapping[str, int],
    chosen: Scheme | None,
) -> TagStyle:
    read = {tag: f"{_CANONICAL[to[0].upper()]}-{to[1]}" for tag, to in split.items() if to}
    remarks = []
    if chosen is None and scheme not in (Scheme.IOB2, Scheme.IOBES):
        remarks.append(f"the tags are recognised as {scheme}; `scheme` chooses another")
    if not form.separator:
        remarks.append(f"the tags have no labels, so all spans are called {BARE_LABEL}")
    else:
        odd = (tag for tag in read if form != _USUAL or tag[0].islower())
        remarks += [f"tags such as {quoted(tag)} are read as {read[tag]}" for tag in islice(odd, 1)]
    return TagStyle(scheme, read | _OUTSIDES, (*remarks, *_outside_remarks(outside)))


def _is_prefixless(
    inside: Mapping[str, int], outside: Mapping[str, int], chosen: Scheme | None
) -> bool:
    if chosen:
        return not any(tag.startswith(("B-", "I-")) or not tag for tag in inside)
    if "0" in outside or not outside or not all(map(_may_be_label, inside)):
        return False
    most_are_outside = sum(outside.values()) >= sum(inside.values())
    return most_are_outside or _are_of_entities(inside)


def _are_of_entities(labels: Iterable[str]) -> bool:
    known = frozenset(_ENTITY_LABELS.split())
    return all(label.lower() in known for label in labels)


def _may_be_label(tag: str) -> bool:
    return any(map(str.isalpha, tag)) and not _MIXED.fullmatch(tag)


def _prefixless(
    inside: Mapping[str, int], outside: Mapping[str, int], chosen: Scheme | None
) -> TagStyle:
    remarks = _outside_remarks(outside)
    if chosen is None:
        remarks = (
            "the tags are recognised as io without prefixes, so neighbours with the same label are "
            "one span; `scheme` chooses another",
            *remarks,
        )
    return TagStyle(Scheme.IO, {tag: f"I-{tag}" for tag in inside} | _OUTSIDES, remarks)


def _outside_remarks(outside: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        f"tag {quoted(tag)} is read as {OUTSIDE} ({count:,} in all)"
        for tag, count in outside.items()
        if tag != OUTSIDE
    )


def _unknown(
    inside: Iterable[str], form: _Form | None, scheme: Scheme, chosen: Scheme | None
) -> TagError:
    """Make the error for the first tag that does not have a form."""
    for tag in inside:
        found = form.split(tag) if form else None
        if not found or found[0].upper() not in scheme.prefixes:
            break
    else:  # all tags have the form, but could also be labels
        form = None
    if form is None and not chosen:
        tag = next((tag for tag in inside if not _may_be_label(tag)), tag)
    looks_split = bool(_MIXED.fullmatch(tag))
    if form or chosen:
        other = f"is not one of {chosen}" if chosen else "does not fit the other tags"
        cure = f"expected {_expected(form or _USUAL, scheme)}"
    elif tag[-2:-1] in _SEPARATORS and tag[-1] in "BI":
        other = "may be a label, or a label and a letter"
        cure = "choose io for the first and iob2 for the second"
    elif looks_split or not any(map(str.isalpha, tag)):
        other = "belongs to no known scheme"
        cure = f"expected {_expected(_USUAL, scheme)}; `tags_column` names another column"
    else:
        other = "has no prefix such as B-, so where spans begin is unknown"
        cure = (
            "choose io if neighbours with the same label are one span, or plain if each token has "
            "a label of its own, such as a part of speech"
        )
    choices = ", ".join(SCHEMES)
    return TagError(tag, f"tag {quoted(tag)} {other}: {cure}; `scheme` takes {choices}")


def _expected(form: _Form, scheme: Scheme) -> str:
    letters = scheme.prefixes
    if not form.separator:
        return f"{OUTSIDE}, or one of {', '.join(letters)} alone"
    beside = [f"{form.separator}{x}" if form.is_suffix else f"{x}{form.separator}" for x in letters]
    return f"{OUTSIDE}, or a label {'before' if form.is_suffix else 'after'} {' or '.join(beside)}"


def _with_irregular(style: TagStyle, pairs: Mapping[Pair, int], *, choose: bool) -> TagStyle:
    """Count the tags that break the rules, and choose between IOB2 and IOB1 by the counts."""
    broken = _broken(style, pairs)
    if choose and broken and style.scheme is Scheme.IOB2:
        as_iob1 = style._replace(scheme=Scheme.IOB1)
        broken_as_iob1 = _broken(as_iob1, pairs)
        if sum(broken_as_iob1.values()) <= sum(broken.values()):
            style, broken = as_iob1, broken_as_iob1
    first = next(iter(broken), (None, None))
    return style._replace(irregular=sum(broken.values()), first_irregular=first)


def _broken(style: TagStyle, pairs: Mapping[Pair, int]) -> dict[Pair, int]:
    four = style.scheme in (Scheme.BILOU, Scheme.BMES, Scheme.BMEWO)  # read as IOBES
    rules = Scheme.IOBES if four else style.scheme
    read: dict[str | None, str] = {None: OUTSIDE} | dict(style.read)
    return {
        (before, tag): count
        for (before, tag), count in pairs.items()
        if breaks_rules(read[before], read[tag], rules)
    }
