"""The current state of passages, and counts of passages."""

from collections import Counter
from sqlite3 import Connection

from windowclf.annotation.cutting import split_passage, token_places
from windowclf.annotation.entries import DECODE_SPANS, Counts, Passage
from windowclf.annotation.labels import list_labels
from windowclf.errors import UsageError, quoted


def read_passage(connection: Connection, number: int, unit: str) -> Passage:
    """Read a passage; see `Store.passage`.

    Parameters
    ----------
    unit : str
        How the text is split into sentences, see `split_words`.
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
        raise UsageError(f"passage {quoted(number)}: there is no passage with that number")
    document, name, position, count, text, words, version, state, spans, *rest = row
    comment, known, set_aside, who, at = rest
    return Passage(
        id=number,
        document=document,
        name=name,
        position=position,
        count=count,
        text=text,
        tokens=token_places(text, split_passage(text, words, unit)),
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
    """Store the numbers of sentences and tokens of a passage, so that counting is fast."""
    found = split_passage(text, words, unit)
    connection.execute(
        "UPDATE passage SET sentences = ?, tokens = ? WHERE id = ?",
        (len(found), sum(map(len, found)), number),
    )


class Tally:
    """Counts of a project, which are updated by the new decisions only."""

    def __init__(self) -> None:
        self._passages = self._decisions = -1  # the last numbers that are counted

    def counts(self, connection: Connection) -> Counts:
        """Count passages and decisions; see `Store.counts`."""
        [passages, decisions] = connection.execute(
            "SELECT (SELECT MAX(id) FROM passage), (SELECT COALESCE(MAX(id), 0) FROM decision)"
        ).fetchone()
        if passages != self._passages:
            self._count_all(connection)
        elif decisions != self._decisions:
            self._count_since(connection)
        self._passages, self._decisions = passages, decisions
        open_, accepted, skipped, flagged = (
            sum(self._states[state, aside] for aside in (0, 1))
            for state in (None, "accepted", "skipped", "flagged")
        )
        return Counts(
            documents=self._documents,
            passages=self._states.total(),
            open=open_,
            accepted=accepted,
            skipped=skipped,
            flagged=flagged,
            sentences=self._sentences,
            tokens=self._tokens,
            names={label.name: self._names[label.id] for label in list_labels(connection)},
            set_aside=sum(count for (_, aside), count in self._states.items() if aside),
            set_aside_accepted=self._states["accepted", 1],
        )

    def _count_all(self, connection: Connection) -> None:
        [self._documents] = connection.execute("SELECT COUNT(*) FROM document").fetchone()
        self._states: Counter[tuple[str | None, int]] = Counter()
        self._names: Counter[int] = Counter()
        self._sentences = self._tokens = 0
        for state, set_aside, count in connection.execute(
            "SELECT state, set_aside, COUNT(*) FROM passage GROUP BY state, set_aside"
        ):
            self._states[state, set_aside] = count
        for sentences, tokens, spans in connection.execute(
            "SELECT sentences, tokens, spans FROM passage WHERE state = 'accepted'"
        ):
            self._add(sentences, tokens, spans, 1)

    def _count_since(self, connection: Connection) -> None:
        """Add the new decisions, and subtract those that they replace."""
        for set_aside, sentences, tokens, state, spans, before, spans_before in connection.execute(
            "SELECT p.set_aside, p.sentences, p.tokens, d.state, d.spans, b.state, b.spans "
            "FROM decision d JOIN passage p ON p.id = d.passage "
            "LEFT JOIN decision b ON b.id = d.before WHERE d.id > ?",
            (self._decisions,),
        ):
            self._states[before, set_aside] -= 1
            self._states[state, set_aside] += 1
            if before == "accepted":
                self._add(sentences, tokens, spans_before, -1)
            if state == "accepted":
                self._add(sentences, tokens, spans, 1)

    def _add(self, sentences: int, tokens: int, spans: str, times: int) -> None:
        self._sentences += times * sentences
        self._tokens += times * tokens
        for span in DECODE_SPANS(spans):
            self._names[span.label] += times
