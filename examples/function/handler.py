"""A function as serverless platforms call it: a text in, its entities out."""

from windowclf import load

CLASSIFIER = load()
CLASSIFIER.tag("Paris is in France")  # the first text takes longest: before a request waits for it


def handle(event: dict, _context: object = None) -> dict:
    """Tag the text of an event; see docs/guides/small-install.md."""
    return {"entities": [entity._asdict() for entity in CLASSIFIER.tag(event["text"])]}
