"""Small projects of ``windowclf annotate``, for the tests of what reads them."""

import json
from itertools import count

import tiny
from windowclf.annotation.store import Change, Store, StoredSpan

_requests = count()


def add(store, *texts, set_aside=False, fields=None, words=None):
    """Add a document of these passages, as a file has it; return their numbers."""
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
    """Decide on a passage, with spans of a start, an end and the name of a label."""
    labels = {label.name: label.id for label in store.labels()}
    found = [StoredSpan(start, end, labels[label]) for start, end, label in spans]
    change = Change(number, store.passage(number).version, state, found)
    store.decide(f"request {next(_requests)}", "Ada", [change])


def add_marked(store, *marked, set_aside=False):
    """Add each sentence with its entities in brackets as a document, and accept it."""
    for one in marked:
        sentence = tiny.parse(one)
        [number] = add(store, tiny.unmarked(one), set_aside=set_aside)
        decide(store, number, _spans(sentence))


def _spans(sentence):
    from windowclf.tags.schemes import Scheme, spans

    starts, end = [], 0
    for token in sentence.tokens:
        starts.append(end)
        end += len(token) + 1
    return [
        (starts[first], starts[last - 1] + len(sentence.tokens[last - 1]), label)
        for first, last, label in spans(sentence.tags, Scheme.IOB2)
    ]


def make(folder, labels=("PER", "LOC")):
    """Begin a project without texts."""
    return Store.create(folder, labels, {"order": "given"}, 1)
