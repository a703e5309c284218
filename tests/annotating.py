"""The service of a small project of annotations."""

import sys
from contextlib import contextmanager
from functools import partial

from projects import add, make
from serving import running
from windowclf.annotation.app import create_app
from windowclf.annotation.proposals import Proposal, ProposalCache
from windowclf.annotation.store import Store
from windowclf.service.limits import Limits

IDLE = (sys.executable, "-c", "import sys; sys.stdin.read()")
"""In the place of the learner: it does nothing until its input closes."""
TEXTS = ("Ada lives in New York .", "Oslo met Tom .", "They saw France .")


def make_project(folder, texts=TEXTS, labels=("PER", "LOC"), **settings):
    """Begin a project; each text is a document, or several passages of one if it is a list."""
    with make(folder, labels, **settings) as store:
        for text in texts:
            add(store, *([text] if isinstance(text, str) else text))
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
