"""Projects of annotations for tests."""

from itertools import count

from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.intake import take_texts
from windowclf.annotation.store import Store
from windowclf.documents.reading import ReadOptions

TEXTS = [f"Aspirin {number} mg helps. Or does it not?" for number in range(30)]
_requests = count()


def make_project(folder, texts=TEXTS, labels=("DRUG", "DOSE"), *, pool=20_000, **settings):
    """Create and open a project of texts, each a document."""
    source = folder.with_name(f"{folder.name}.txt")
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("".join(f"{text}\n\n" for text in texts), "utf-8")
    options = ReadOptions(labels=False, text_unit="paragraph")
    return Store.create(
        folder,
        labels,
        {"order": "random", **settings},
        seed=1,
        fill=lambda store: take_texts(store, [str(source)], options, pool=pool),
    )


def change(store, number, state="accepted", spans=(), comment=""):
    """Make a decision on the current version of a passage."""
    version = store.passage(number).version
    return Change(number, version, state, [StoredSpan(*span) for span in spans], comment)


def decide(store, number, state="accepted", spans=(), comment="", who="ann"):
    """Decide on the current version of a passage; return the number of the decision."""
    made = change(store, number, state, spans, comment)
    return store.decide(f"test {next(_requests)}", who, [made])[0].version
