"""Detection of the unit of span offsets: characters, UTF-16 code units, or an inclusive end.

Tools disagree, and files do not declare it. An interpretation is right if all spans begin and end
at word borders, so each one is tried on every span until one of its spans does not fit.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache, partial

from windowclf.errors import quoted

Offsets = tuple[int, int]

_SHIFTS = (-1, 1, -2, 2, -3, 3)
_MEANINGS = {
    "as-is": "they count characters",
    "inclusive": "their ends are inclusive",
    "utf16": "they count UTF-16 units",
}
# Scripts without spaces between words, where a border between letters is usual.
_UNSPACED = (
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af]"
)
_unspaced = cache(partial(re.compile, _UNSPACED))  # compiled on demand: it takes 3 ms


def from_utf16(text: str, offset: int) -> int:
    """Convert an offset in UTF-16 code units to one in characters.

    An offset outside the text stays outside, and one inside a character becomes its start.
    """
    if text.isascii() or max(text) <= "\uffff":
        return offset
    units = text.encode("utf-16-le", "surrogatepass")
    if 2 * offset > len(units):
        return len(text) + offset - len(units) // 2
    # Half a surrogate pair at the end is dropped.
    return len(units[: 2 * max(offset, 0)].decode("utf-16-le", "ignore")) + min(offset, 0)


def _as_is(text: str, start: int, end: int) -> Offsets:
    del text
    return start, end


def _inclusive(text: str, start: int, end: int) -> Offsets:
    del text
    return start, end + 1


def _utf16(text: str, start: int, end: int) -> Offsets:
    return from_utf16(text, start), from_utf16(text, end)


READINGS: dict[str, Callable[[str, int, int], Offsets]] = {
    "as-is": _as_is,
    "refuse": _as_is,
    "inclusive": _inclusive,
    "utf16": _utf16,
}
"""Conversions of a start and an end to characters, by the value of the option `spans`."""


def fits(text: str, start: int, end: int, shown: str | None = None) -> bool:
    """Whether a span begins and ends at word borders, without white space at its ends.

    Parameters
    ----------
    shown : str, optional
        The text of the span, if its file repeats it; then only this text is compared.
    """
    if not 0 <= start < end <= len(text):
        return False
    if shown is not None:
        return _alike(text[start:end], shown)
    if text[start].isspace() or text[end - 1].isspace():
        return False
    return not (cuts_word(text, start) or cuts_word(text, end))


def misfits(text: str, start: int, end: int, shown: str | None = None) -> bool:
    """Whether a span cuts a word, exceeds the text, or differs from the text in its file.

    White space at the ends of a span is ignored here, because it is trimmed later.
    """
    if not 0 <= start < end <= len(text):
        return True
    if shown is not None:
        return not _alike(text[start:end], shown)
    return cuts_word(text, start) or cuts_word(text, end)


def cuts_word(text: str, border: int) -> bool:
    """Whether there are letters or digits on both sides of a border within a text."""
    return (
        0 < border < len(text)
        and text[border - 1].isalnum()
        and text[border].isalnum()
        and not _unspaced().search(text, border - 1, border + 1)
    )


class OffsetEvidence:
    """Detects the interpretation of offsets that makes all spans of some files fit their words.

    Attributes
    ----------
    misfits : int
        Number of spans that do not fit as they are.
    first : str
        The place of the first such span.
    """

    def __init__(self) -> None:
        self.misfits = 0
        self.first = ""
        self._possible = ["as-is", "inclusive", "utf16"]
        self._shifts = [*_SHIFTS]

    def add(
        self, text: str, spans: Sequence[tuple[int, int, str | None]], where: str, read_as: str
    ) -> None:
        """Try the interpretations on the spans of a text.

        Parameters
        ----------
        spans : sequence of tuple of int, int, and str or None
            Start and end as in the file, and the span's text if the file repeats it.
        read_as : str
            The interpretation in use, such as "as-is".
        """
        use = READINGS[read_as]
        for start, end, shown in spans:
            own = use(text, start, end)
            # If white space follows every span, the ends are not inclusive.
            fit = fits(text, *own, shown) if use is _inclusive else not misfits(text, *own, shown)
            if not fit:
                if not self.misfits:
                    self.first = f"{where}: {start}:{end} {quoted(_shown(text, *own))}"
                self.misfits += 1
            if self._possible:
                self._possible = [
                    name
                    for name in self._possible
                    if fits(text, *READINGS[name](text, start, end), shown)
                ]
            if self._shifts:
                self._shifts = [
                    shift for shift in self._shifts if fits(text, start + shift, end + shift, shown)
                ]

    def cure(self) -> str:
        """Name the interpretation that makes all spans fit; empty if there is none."""
        for name, meaning in _MEANINGS.items():
            if name in self._possible:
                return f", but all of them fit if {meaning} (`spans={name!r}`)"
        if self._shifts:
            return f", but all of them fit if they are shifted by {self._shifts[0]:+d}"
        return ""


def _shown(text: str, start: int, end: int) -> str:
    return text[max(start, 0) : max(end, 0)]


def _alike(one: str, two: str) -> bool:
    """Whether two texts differ only in white space, which tools normalize or escape."""
    return one == two or one.split() == two.replace("\\n", "\n").split()
