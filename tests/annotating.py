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
"""A substitute for the learner, which does nothing until its input closes."""
TEXTS = ("Ada lives in New York .", "Oslo met Tom .", "They saw France .")

SENTENCES = (
    "Ada lives in New York .",
    "Oslo met Tom .",
    "\U0001f600 Grace \U0001f469\u200d\U0001f52c saw Paris .",
    "They saw France .",
    "Tom is in Oslo .",
    "Ada is in Paris .",
)
PER, LOC = 1, 2


def make_project(folder, texts=TEXTS, labels=("PER", "LOC"), **settings):
    """Create a project; each text is a document, or several passages of one if it is a list."""
    with make(folder, labels, **settings) as store:
        for text in texts:
            add(store, *([text] if isinstance(text, str) else text))
    return folder


def propose(store, proposals, number=0):
    """Write proposals as a model would: spans with labels and scores, by passage."""
    cache = ProposalCache(store.folder, store.created)
    cache.write(Proposal(passage, number, spans) for passage, spans in proposals.items())


@contextmanager
def annotating(store, *, learner=IDLE, port=0, **limits):
    """Run the service of a project; yield its address."""
    bounds = Limits(**limits)
    make = partial(create_app, store, who="ada", limits=bounds, learner=learner)
    with running(make, bounds, port) as address:
        yield address


def token(page, text):
    return page.locator("#text .token", has_text=text).first


def begin(page, text="Ada"):
    token(page, text).wait_for()
    return page


def accept(page, then=None):
    """Accept by key; wait for the next text, and until the decision is confirmed."""
    page.keyboard.press("Enter")
    if then:
        token(page, then).wait_for()
    page.get_by_text("All saved").wait_for()


def stored(store, passage):
    """Return the saved state of a passage, and its names with their labels."""
    found = store.passage(passage)
    labels = {label.id: label.name for label in store.labels()}
    return found.state, [(found.text[s.start : s.end], labels[s.label]) for s in found.spans]


def marks(page):
    """Return the marked names with their labels."""
    without = "m => [...m.childNodes].filter(n => n.className !== 'label').map(n => n.textContent)"
    return [
        ("".join(mark.evaluate(without)), mark.locator(".label").inner_text())
        for mark in page.locator("#text mark").all()
    ]


def main(folder, port):
    """Run the service of a project until this program is killed."""
    with Store.open(folder) as store, annotating(store, port=int(port)):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
