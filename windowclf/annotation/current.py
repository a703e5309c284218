"""Passages as they are now, and how many of them there are."""

from collections import Counter
from itertools import chain
from sqlite3 import Connection

from windowclf.annotation.entries import DECODE_SPANS, DECODE_WORDS, Counts, Passage
from windowclf.annotation.labels import list_labels
from windowclf.errors import UsageError, quoted
from windowclf.text.tokenizer import split_words, token_starts


def read_passage(connection: Connection, number: int, unit: str) -> Passage:
    """Read a passage; see `Store.passage`.

    Parameters
    ----------
    unit : str
        How its text is split, see `split_words`.
    """
    row = connection.execute(
        "SELECT p.document, m.name, p.position, "
        "(SELECT COUNT(*) FROM passage o WHERE o.document = p.document), "
        "p.text, p.words, p.version, p.state, p.spans, p.comment, p.known, p.set_aside, "
        "d.who, d.at FROM passage p JOIN document m ON m.id = p.document "
        "LEFT JOIN decision d ON d.id = p.version WHERE p.id = ?",
        (number,),
    ).fetchone()
    if row is None:
        raise UsageError(f"passage {quoted(number)}: there is none of that number")
    document, name, position, count, text, words, version, state, spans, *rest = row
    comment, known, set_aside, who, at = rest
    flat = [*chain.from_iterable(_sentences(text, words, unit))]
    starts = token_starts(text, flat)
    return Passage(
        id=number,
        document=document,
        name=name,
        position=position,
        count=count,
        text=text,
        tokens=[(start, start + len(word)) for start, word in zip(starts, flat, strict=True)],
        version=version,
        state=state,
        spans=DECODE_SPANS(spans),
        comment=comment,
        known=known,
        set_aside=bool(set_aside),
        who=who,
        at=at,
    )


def count_tokens(
    connection: Connection, number: int, text: str, words: str | None, unit: str
) -> None:
    """Keep how many sentences and tokens a passage has, so that it is not split to count them."""
    found = _sentences(text, words, unit)
    connection.execute(
        "UPDATE passage SET sentences = ?, tokens = ? WHERE id = ?",
        (len(found), sum(map(len, found)), number),
    )


def _sentences(text: str, words: str | None, unit: str) -> list[list[str]]:
    return split_words(text, unit) if words is None else DECODE_WORDS(words)


def count_all(connection: Connection) -> Counts:
    """Count what there is and what is decided."""
    states: Counter[str | None] = Counter()
    aside: Counter[str | None] = Counter()
    for state, set_aside, count in connection.execute(
        "SELECT state, set_aside, COUNT(*) FROM passage GROUP BY state, set_aside"
    ):
        states[state] += count
        aside[state] += count if set_aside else 0
    sentences = tokens = 0
    names: Counter[int] = Counter()
    for in_sentences, in_tokens, spans in connection.execute(
        "SELECT sentences, tokens, spans FROM passage WHERE state = 'accepted'"
    ):
        sentences += in_sentences
        tokens += in_tokens
        names.update(span.label for span in DECODE_SPANS(spans))
    [documents] = connection.execute("SELECT COUNT(*) FROM document").fetchone()
    return Counts(
        documents=documents,
        passages=states.total(),
        open=states[None],
        accepted=states["accepted"],
        skipped=states["skipped"],
        flagged=states["flagged"],
        sentences=sentences,
        tokens=tokens,
        names={label.name: names[label.id] for label in list_labels(connection)},
        set_aside=aside.total(),
        set_aside_accepted=aside["accepted"],
    )
