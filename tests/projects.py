"""Small projects of ``windowclf annotate``, for the tests of their readers."""

import json
from itertools import count

import tiny
from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.store import Store
from windowclf.tags.schemes import Scheme, spans
from windowclf.text.tokenizer import token_starts

_requests = count()


def add(store, *texts, set_aside=False, fields=None, words=None):
    """Add a document of these passages, as from a file; return their numbers."""
    with store.database.write() as connection:
        [document] = connection.execute(
            "INSERT INTO document (name, set_aside, fields) "
            "SELECT 'texts.jsonl:' || (COUNT(*) + 1), ?, ? FROM document RETURNING id",
            (set_aside, None if fields is None else json.dumps(fields)),
        ).fetchone()
        numbers, start = [], 0
        for position, text in enumerate(texts):
            own = None if words is None else json.dumps(words[position])
            [number] = connection.execute(
                "INSERT INTO passage (document, position, start, set_aside, draw, text, words) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (document, position, start, set_aside, position, text, own),
            ).fetchone()
            numbers.append(number)
            start += len(text)
    return numbers


def decide(store, number, spans=(), state="accepted"):
    """Decide on a passage, with spans (start, end, name of the label)."""
    decide_all(store, {number: spans}, state)


def decide_all(store, spans, state="accepted"):
    """Decide on several passages at once: the keys of the spans."""
    labels = {label.name: label.id for label in store.labels()}
    changes = [
        Change(
            number,
            store.passage(number).version,
            state,
            [StoredSpan(start, end, labels[label]) for start, end, label in own],
        )
        for number, own in spans.items()
    ]
    store.decide(f"request {next(_requests)}", "Ada", changes)


def add_marked(store, *marked, set_aside=False):
    """Add each sentence with its entities in brackets as a document, and accept it."""
    decisions = {}
    for one in marked:
        text, sentence = tiny.unmarked(one), tiny.parse(one)
        starts = token_starts(text, sentence.tokens)
        ends = [start + len(token) for start, token in zip(starts, sentence.tokens, strict=True)]
        [number] = add(store, text, set_aside=set_aside)
        found = spans(sentence.tags, Scheme.IOB2)
        decisions[number] = [(starts[s.start], ends[s.end - 1], s.label) for s in found]
    decide_all(store, decisions)


def make(folder, labels=("PER", "LOC"), **settings):
    """Create a project without texts."""
    return Store.create(folder, labels, {"order": "given", **settings}, 1)
