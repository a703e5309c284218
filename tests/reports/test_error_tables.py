import io

import pytest
from rich.console import Console

from windowclf.evaluation.entity_errors import EntityError, confusion_json
from windowclf.reports.terminal.errors import (
    CONTEXT_WIDTH,
    confusion_table,
    errors_table,
    in_context,
)
from windowclf.tags.schemes import Span

WORDS = ["The", "Bank", "of", "England", "met"]


def printed(table):
    """The lines as printed, without the white space that lays them out."""
    file = io.StringIO()
    Console(width=100, file=file).print(table)
    return [" ".join(line.split()) for line in file.getvalue().splitlines() if line.strip()]


def error(gold=None, predicted=None, tokens=WORDS, score=None):
    gold, predicted = (found and Span(*found) for found in (gold, predicted))
    return EntityError(1, tokens, gold, predicted, score)


@pytest.mark.parametrize(
    ("gold", "predicted", "marked"),
    [
        ((1, 4, "ORG"), None, "The [Bank of England] met"),
        (None, (3, 4, "LOC"), "The Bank of {England} met"),
        ((1, 4, "ORG"), (1, 4, "LOC"), "The [Bank of England] met"),
        ((1, 4, "ORG"), (3, 4, "LOC"), "The [Bank of {England}] met"),
        ((1, 4, "ORG"), (1, 2, "PER"), "The [{Bank} of England] met"),
        ((1, 2, "ORG"), (0, 4, "ORG"), "{The [Bank] of England} met"),
        ((1, 2, "ORG"), (1, 4, "ORG"), "The {[Bank] of England} met"),
        ((0, 3, "ORG"), (2, 5, "ORG"), "[The Bank {of] England met}"),
    ],
)
def test_an_entity_is_marked_in_its_sentence(gold, predicted, marked):
    assert in_context(error(gold, predicted)) == marked


@pytest.mark.parametrize("word", ["word", "語語", "a"])
def test_far_words_are_left_out(word):
    tokens = [word] * 300
    for start in (0, 1, 150, 298, 299):
        found = in_context(error((start, start + 1, "X"), tokens=tokens))
        shown = found.split(" ")
        assert f"[{word}]" in shown
        assert (shown[0] == "…", shown[-1] == "…") == (start > 1, start < 298)
        width = sum(2 if ord(sign) > 0x3000 else 1 for sign in found.replace("…", ""))
        assert CONTEXT_WIDTH - 6 <= width <= CONTEXT_WIDTH + 2
        inside = shown.index(f"[{word}]")
        if start == 150:
            assert abs(inside - (len(shown) - 1 - inside)) <= 1
    long = in_context(error((10, 200, "X"), tokens=tokens))
    assert long == " ".join(["…", f"[{word}", *[word] * 188, f"{word}]", "…"])


def test_the_table_of_errors():
    errors = [
        error((1, 4, "ORG"), (3, 4, "[red]"), score=0.987),
        error((1, 4, "ORG"), score=0.5),
        error(None, (0, 1, "PER"), ["[b]", "c"], score=0.25),
        error(None, (0, 1, "PER"), ["[b]", "c"], score=0.125),
    ]
    title, head, _, *rows, more = printed(errors_table(errors, 3))
    assert title == "4 wrong entities: 1 missed, 2 spurious, 1 wrong border"
    assert head == "score kind gold predicted [gold] {predicted}"
    assert rows == [
        "0.99 wrong border ORG [red] The [Bank of {England}] met",
        "0.50 missed ORG The [Bank of England] met",
        "0.25 spurious PER {[b]} c",
    ]
    assert more == "and 1 more, with --errors 4"
    assert len(printed(errors_table(errors, 4))) == 7


def test_the_table_of_errors_without_scores_or_errors():
    title, head, _, *rows = printed(errors_table([error((1, 4, "ORG"))], 20))
    assert title == "1 wrong entity: 1 missed"
    assert head == "kind gold predicted [gold] {predicted}"
    assert rows == ["missed ORG The [Bank of England] met"]
    assert printed(errors_table([], 20))[0] == "no wrong entity"


COUNTS = {("b", "b"): 1000, ("b", "[a]"): 2, ("none", None): 3, (None, "b"): 4, ("b", "none"): 0}


def test_the_matrix_of_labels():
    title, head, _, *rows = printed(confusion_table(COUNTS))
    assert title == "confusion"
    assert head == "gold \\ predicted [a] b none none"
    assert rows == [
        "[a] · · · ·",
        "b 2 1,000 · ·",
        "none · · · 3",
        "none · 4 · ·",
    ]
    assert confusion_json(COUNTS) == {
        "labels": ["[a]", "b", "none", None],
        "counts": [[0, 0, 0, 0], [2, 1000, 0, 0], [0, 0, 0, 3], [0, 4, 0, 0]],
    }


def test_many_labels_are_a_list_of_the_largest_numbers():
    labels = [f"LABEL-{i}" for i in range(30)]
    counts = {(a, b): i + j for i, a in enumerate(labels) for j, b in enumerate(labels)}
    counts[None, "LABEL-0"] = 99
    title, head, _, *rows = printed(confusion_table(counts))
    assert title == "most frequent confusions"
    assert head == "gold predicted count"
    assert len(rows) == 20
    assert rows[:3] == ["none LABEL-0 99", "LABEL-28 LABEL-29 57", "LABEL-29 LABEL-28 57"]
