"""The profile of tagging with the bundled model."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from io import BytesIO
from typing import Any

from benchmarks.text import Text
from benchmarks.worker import timed

import windowclf
from profiling.profiles import Profile, profiles
from profiling.stages import REST, wrap_tagging
from profiling.stopwatch import Spent, Stopwatch
from windowclf import WindowClassifier
from windowclf.documents.document import Document
from windowclf.documents.formats.registry import FORMATS, WriteOptions
from windowclf.tagging.texts import documents_of, tag_documents
from windowclf.text import tokenizer

PASSES = "first pass", "second pass"


def profile_tagging(text: Text) -> dict[str, list[Profile]]:
    """Tag a text twice in one process, with a newly loaded classifier.

    Returns
    -------
    dict of str to list of Profile
        The profiles of both passes by title: raw text with JSON output, and words.
    """
    return {
        title: profiles(partial(_twice, prepare, text), *PASSES)
        for title, prepare in (("tagging raw text", tag_raw), ("tagging words", tag_words))
    }


def tag_raw(classifier: WindowClassifier, text: Text) -> Callable[[], bytes]:
    """Prepare the work of ``windowclf tag --format jsonl``, with one document per line."""
    documents = [Document(joined) for joined in text.join()]
    form = FORMATS["jsonl"]

    def work() -> bytes:
        file = BytesIO()
        writer = form.writer(file, WriteOptions())
        for answer in tag_documents(classifier.tagger, [documents], split=tokenizer.split_words):
            writer.write(documents_of(answer, form))
        return file.getvalue()

    return work


def tag_words(classifier: WindowClassifier, text: Text) -> Callable[[], list[list[str]]]:
    """Prepare to tag with `predict`."""
    return partial(classifier.predict, text.sentences, text.documents, processes=1)


def _twice(
    prepare: Callable[[WindowClassifier, Text], Callable[[], Any]],
    text: Text,
    stages: bool,
) -> Iterator[tuple[int, dict[str, Spent]]]:
    tokenizer._chunks.clear()
    classifier = windowclf.load()
    classifier.tagger  # noqa: B018 - makes it
    kept = json.dumps(asdict(text))
    for _ in PASSES:
        anew = Text(**json.loads(kept))  # new strings, because strings cache their hash
        with Stopwatch() as watch:
            if stages:
                wrap_tagging(watch)
            timed(watch.timed(prepare(classifier, anew), REST))
        yield text.tokens, watch.spent()
