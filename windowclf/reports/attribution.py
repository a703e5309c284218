"""The contribution of each word to a tag's margin over the runner-up, for terminal and page."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from windowclf.explanation.result import Explanation, Share

NAMES = {
    "sentence": "the sentence",
    "elsewhere": "its other places",
    "bias": "bias",
    "rest": "the rest",
}
"""Names of the rows that are not single words."""
LONGEST = 60
"""Largest number of characters of a word that are shown."""
NO_WORD = "no word"
"""The name of a place past the ends of the sentence."""


class Part(NamedTuple):
    """A part of a row: a feature of its word, or a word of the sentence.

    Parameters
    ----------
    name, value : str
        A feature and its value for the word; or "word" and a word of the sentence. ``(?)`` follows
        a value that the model does not know.
    margin_share : float
        Its contribution to the margin.
    """

    name: str
    value: str
    margin_share: float


class Row(NamedTuple):
    """A row of the attribution.

    Parameters
    ----------
    place : str
        In a window, the distance from the explained word, such as "-2"; otherwise "sentence",
        "elsewhere", "bias", or "rest" for the remainder of the first-order attribution.
    word : str
        The word; empty past the ends of the sentence, and for rows that are not a word.
    margin_share : float
        Its contribution to the difference between the scores of the tag and the runner-up.
    parts : list of Part
        The parts, sorted by the size of their contribution.
    """

    place: str
    word: str
    margin_share: float
    parts: list[Part]

    @property
    def of_window(self) -> bool:
        """Whether the row is a place of the window."""
        return self.place not in NAMES

    @property
    def name(self) -> str:
        """The word, or the name of the row."""
        return self.word or NAMES.get(self.place, NO_WORD)


def margin_share(explanation: Explanation, scores: Sequence[float]) -> float:
    """Return the difference between the tag's and the runner-up's entry in a list of scores."""
    tags = explanation.tags
    return scores[tags.index(explanation.tag)] - scores[tags.index(explanation.runner_up)]


def attribution(explanation: Explanation) -> list[Row]:
    """Attribute the margin of the tag's score over that of the runner-up to words.

    Returns
    -------
    list of Row
        The window from the left, then rows for the words of the sentence, the other places of the
        name, the bias and the rest, if they exist. The margin shares add up to that of
        `Explanation.scores`.
    """
    rows = []
    for share in explanation.shares:
        if share.source == "window":
            parts = [
                Part(
                    part.feature,
                    part.value if part.known else f"{part.value} (?)",
                    margin_share(explanation, part.scores),
                )
                for part in share.features
                if share.word
            ]
            number = margin_share(explanation, share.scores)
            rows.append(Row(_offset(share), share.word, number, _sorted(parts)))
    for source in ("sentence", "elsewhere", "bias"):
        shares = [share for share in explanation.shares if share.source == source]
        numbers = [margin_share(explanation, share.scores) for share in shares]
        parts = [
            Part("word", share.word, number)
            for share, number in zip(shares, numbers, strict=True)
            if share.word
        ]
        if shares:
            rows.append(Row(source, "", sum(numbers), _sorted(parts)))
    rows.append(Row("rest", "", margin_share(explanation, explanation.rest), []))
    return rows


def share_name(share: Share) -> str:
    """Return the name of a share in a line of text: its word and place, or the name of its row."""
    if share.source == "window":
        return f"{clipped(share.word) or NO_WORD} ({_offset(share)})"
    return f"{clipped(share.word)} ({share.source})" if share.word else NAMES[share.source]


def _offset(share: Share) -> str:
    return f"{share.offset:+d}" if share.offset else "0"


def nearby(explanation: Explanation, size: int) -> tuple[str, str]:
    """Return the words before and after the explained one, at most `size` on each side."""
    tokens, token = explanation.tokens, explanation.token
    before = [*map(clipped, tokens[max(0, token - size - 1) : token])]
    after = [*map(clipped, tokens[token + 1 : token + size + 2])]
    head = ["…"] if len(before) > size else []
    tail = ["…"] if len(after) > size else []
    return " ".join([*head, *before[-size:]]), " ".join([*after[:size], *tail])


def clipped(word: str) -> str:
    """Shorten a long word."""
    return word if len(word) <= LONGEST else f"{word[:LONGEST]}…"


def tag_label(tag: str) -> str:
    """Return the label of a tag: LOC for B-LOC."""
    return tag.partition("-")[2] or tag


def tag_meaning(tag: str) -> str:
    """Describe a tag in words; empty for a plain label."""
    prefix, _, label = tag.partition("-")
    form = {
        "B": "the first word of a name of type {}",
        "I": "a word within a name of type {}",
        "E": "the last word of a name of type {}",
        "S": "a name of type {} of one word",
    }.get(prefix)
    if tag == "O":
        return "no name"
    return form.format(label) if form and label else ""


def _sorted(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: -abs(part.margin_share))
