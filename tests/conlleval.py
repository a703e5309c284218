"""An oracle for the scorer: the published conlleval (version 2004-01-26) in Python.

It follows the original's single pass over gold and guessed tags, with its state of the last
pair of tags, rather than comparing sets of spans. It imports nothing of windowclf. The rules
that the original lacks, those for S and for a B right after an E, are the usual additions of
its later copies and stand apart below.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# (previous tag, tag) of one type between which a chunk ends; then where one begins.
ENDS = {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I"), ("E", "O")}
STARTS = {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("E", "E"), ("E", "I"), ("O", "E")}

IOBES_ENDS = {("E", "B"), ("B", "S"), ("I", "S"), ("E", "S")} | {("S", tag) for tag in "BIESO"}
IOBES_STARTS = {("E", "B"), ("S", "B"), ("S", "I"), ("S", "E")} | {(tag, "S") for tag in "BIESO"}


class Report(NamedTuple):
    """Chunks by type, and tokens."""

    found_correct: Counter[str]  # in the gold tags
    found_guessed: Counter[str]
    correct_chunk: Counter[str]
    tokens: int
    correct_tags: int


def conlleval(
    gold: Iterable[Sequence[str]], guessed: Iterable[Sequence[str]], *, iobes: bool = True
) -> Report:
    """Count as conlleval does; without `iobes`, by the original's rules alone."""
    ends = ENDS | IOBES_ENDS if iobes else ENDS
    starts = STARTS | IOBES_STARTS if iobes else STARTS

    def end_of_chunk(last: tuple[str, str], now: tuple[str, str]) -> bool:
        return (last[0], now[0]) in ends or (last[0] != "O" and last[1] != now[1])

    def start_of_chunk(last: tuple[str, str], now: tuple[str, str]) -> bool:
        return (last[0], now[0]) in starts or (now[0] != "O" and last[1] != now[1])

    found_correct, found_guessed, correct_chunk = Counter(), Counter(), Counter()
    tokens = correct_tags = 0
    in_correct = False
    last_correct = last_guess = ("O", "")
    for correct, guess, boundary in _lines(gold, guessed):
        correct_ends = end_of_chunk(last_correct, correct)
        guess_ends = end_of_chunk(last_guess, guess)
        if in_correct:
            if correct_ends and guess_ends and last_guess[1] == last_correct[1]:
                in_correct = False
                correct_chunk[last_correct[1]] += 1
            elif correct_ends != guess_ends or guess[1] != correct[1]:
                in_correct = False
        correct_starts = start_of_chunk(last_correct, correct)
        guess_starts = start_of_chunk(last_guess, guess)
        if correct_starts and guess_starts and guess[1] == correct[1]:
            in_correct = True
        if correct_starts:
            found_correct[correct[1]] += 1
        if guess_starts:
            found_guessed[guess[1]] += 1
        if not boundary:
            correct_tags += correct == guess
            tokens += 1
        last_correct, last_guess = correct, guess
    if in_correct:
        correct_chunk[last_correct[1]] += 1
    return Report(found_correct, found_guessed, correct_chunk, tokens, correct_tags)


def _lines(gold, guessed):
    """Yield (tag, type) of gold and guess, and whether the line is a sentence boundary."""
    for correct_tags, guess_tags in zip(gold, guessed, strict=True):
        for correct, guess in zip(correct_tags, guess_tags, strict=True):
            yield _parse(correct), _parse(guess), False
        yield ("O", ""), ("O", ""), True


def _parse(tag: str) -> tuple[str, str]:
    """Cut at the first hyphen: types may hold hyphens of their own."""
    before, _, after = tag.partition("-")
    return before, after
