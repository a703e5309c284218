"""Small projects of annotations, and the service of one."""

import sys
from contextlib import contextmanager
from functools import partial

from serving import running
from windowclf.annotation.app import create_app
from windowclf.annotation.proposals import Proposal, ProposalCache
from windowclf.annotation.store import Store
from windowclf.service.limits import Limits

IDLE = (sys.executable, "-c", "import sys; sys.stdin.read()")
"""In the place of the learner: it does nothing until its input closes."""
TEXTS = ("Ada lives in New York .", "Oslo met Tom .", "They saw France .")


def make_project(folder, texts=TEXTS, labels=("PER", "LOC"), order="given", aside=()):
    """Begin a project; each text is a document, or several passages of one if it is a list."""

    def fill(store):
        with store.database.write() as connection:
            number = 0
            for document, text in enumerate(texts, 1):
                parts = [text] if isinstance(text, str) else text
                name = f"texts.jsonl:{document}"
                connection.execute(
                    "INSERT INTO document (id, name, set_aside) VALUES (?, ?, 0)", (document, name)
                )
                for position, part in enumerate(parts):
                    number += 1
                    start = sum(map(len, parts[:position]))
                    connection.execute(
                        "INSERT INTO passage (id, document, position, start, set_aside, draw, text)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (number, document, position, start, number in aside, number, part),
                    )

    with Store.create(folder, labels, {"order": order}, 0, fill):
        return folder


def propose(store, proposals, number=0):
    """Write what a model would have found: spans with labels and scores, by passage."""
    cache = ProposalCache(store.folder, store.created)
    cache.write(Proposal(passage, number, spans) for passage, spans in proposals.items())


@contextmanager
def annotating(store, *, learner=IDLE, port=0, **limits):
    """Run the service of a project; give its address."""
    bounds = Limits(**limits)
    make = partial(create_app, store, who="ada", limits=bounds, learner=learner)
    with running(make, bounds, port) as address:
        yield address


def main(folder, port):
    """Run the service of a project until this program is killed."""
    with Store.open(folder) as store, annotating(store, port=int(port)):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
