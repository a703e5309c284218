"""How far each word gave a tag its margin over the runner-up, as terminal and page show it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from windowclf.explanation.result import Explanation, Share

NAMES = {
    "sentence": "the sentence",
    "elsewhere": "its other places",
    "bias": "bias",
    "rest": "the rest",
}
"""The names of rows that stand for no single word."""
LONGEST = 60
"""Characters that are shown of a word."""
NO_WORD = "no word"
"""The name of a place past the ends of the sentence."""


class Part(NamedTuple):
    """A part of a row: a feature of its word, or a word of the sentence.

    Parameters
    ----------
    name, value : str
        A feature and what the word has there; or "word" and a word of the sentence.
        The value has ``(?)`` behind it if the model has not met it.
    margin_share : float
        How far it gave the tag its margin.
    """

    name: str
    value: str
    margin_share: float


class Row(NamedTuple):
    """A row of the attribution.

    Parameters
    ----------
    place : str
        In a window, how many words from the explained one, such as "-2"; else "sentence",
        "elsewhere", "bias", or "rest" for what the first-order attribution leaves over.
    word : str
        Empty past the ends of the sentence, and for what is not a word.
    margin_share : float
        What it gave to the score of the tag above that of the runner-up.
    parts : list of Part
        The one that gave most, for or against, first.
    """

    place: str
    word: str
    margin_share: float
    parts: list[Part]

    @property
    def of_window(self) -> bool:
        """Whether it is of one place of the window."""
        return self.place not in NAMES

    @property
    def name(self) -> str:
        """The word, or what stands for it."""
        return self.word or NAMES.get(self.place, NO_WORD)


def margin_share(explanation: Explanation, scores: Sequence[float]) -> float:
    """Take the runner-up's entry of a list of scores from that of the tag."""
    tags = explanation.tags
    return scores[tags.index(explanation.tag)] - scores[tags.index(explanation.runner_up)]


def attribution(explanation: Explanation) -> list[Row]:
    """Attribute the margin of the tag's score over that of the runner-up to words.

    Returns
    -------
    list of Row
        The window from the left, and one row each for the words of the sentence, the other
        places of the name, the bias and the rest, if there are; their margin shares add up to
        that of `Explanation.scores`.
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
    """Name a share in a line of text: its word with its place, or what stands for it."""
    if share.source == "window":
        return f"{clipped(share.word) or NO_WORD} ({_offset(share)})"
    return f"{clipped(share.word)} ({share.source})" if share.word else NAMES[share.source]


def _offset(share: Share) -> str:
    return f"{share.offset:+d}" if share.offset else "0"


def nearby(explanation: Explanation, size: int) -> tuple[str, str]:
    """Give the words before and after the explained one, at the most `size` on each side."""
    tokens, token = explanation.tokens, explanation.token
    before = [*map(clipped, tokens[max(0, token - size - 1) : token])]
    after = [*map(clipped, tokens[token + 1 : token + size + 2])]
    head = ["…"] if len(before) > size else []
    tail = ["…"] if len(after) > size else []
    return " ".join([*head, *before[-size:]]), " ".join([*after[:size], *tail])


def clipped(word: str) -> str:
    """Cut a word that would fill the screen."""
    return word if len(word) <= LONGEST else f"{word[:LONGEST]}…"


def tag_label(tag: str) -> str:
    """Take the label off a tag: LOC of B-LOC."""
    return tag.partition("-")[2] or tag


def tag_meaning(tag: str) -> str:
    """Say in words what a tag means; empty for a plain label."""
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
