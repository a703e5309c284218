"""Print the files of windowclf whose functions run for one sentence, and for one gradient.

Run by scripts/walks. A sentence is followed from the document that ``windowclf tag`` reads to the
text that it writes; the model is loaded, and its caches have the words.
"""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import windowclf
from windowclf.documents.document import Document
from windowclf.documents.formats.registry import FORMATS, WriteOptions
from windowclf.model.encoding import encode
from windowclf.tagging.texts import documents_of, tag_documents

TEXT = "Paris is in France"
PACKAGE = Path(windowclf.__file__).parent

Walk = dict[str, set[str]]
"""The functions of each file that other code calls, in the order of their first call."""


def walk(work: Callable[[], object]) -> Walk:
    """Run a function under a profiler, and list the files of windowclf whose functions it runs."""
    entered: Walk = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(f"{PACKAGE}/"):
            functions = entered.setdefault(Path(path).relative_to(PACKAGE).as_posix(), set())
            if frame.f_back and frame.f_back.f_code.co_filename != path:
                functions.add(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return entered


def tagging() -> dict[str, Walk]:
    """Follow a sentence through the command ``tag``, and through the method of a classifier."""
    classifier = windowclf.load()
    classifier.tag(TEXT)
    form = FORMATS["text"]
    writer = form.writer(BytesIO(), WriteOptions())
    tagger = classifier.tagger

    def command() -> None:
        for answer in tag_documents(tagger, [[Document(TEXT)]]):
            writer.write(documents_of(answer, form))

    return {"windowclf tag": walk(command), "classifier.tag": walk(lambda: classifier.tag(TEXT))}


def gradient() -> Walk:
    """Follow a batch at word level forward through the network and the loss, and back."""
    sentences = windowclf.load_corpus("sample").splits["train"][:32]
    settings = {"level": "word", "epochs": 1, "hidden": 8, "vocabulary": 100}
    model = windowclf.WindowClassifier(**settings).fit(sentences, vectors="random").model
    tags = [["O"] * len(sentence.tokens) for sentence in sentences]
    tokens = [sentence.tokens for sentence in sentences]
    documents = [sentence.document for sentence in sentences]
    encoded = encode(tokens, model.lexicon, tags, model.labels, documents)
    batch = encoded.batch(np.arange(len(sentences)), model.config.window)

    def run() -> None:
        s, backward = model.network.forward(batch, np.random.default_rng(1))
        _, ds = model.objective.loss(s, batch.tags(), batch.lengths)
        backward(ds)

    return walk(run)


def main() -> None:
    """Print the files, and the functions of each that other files call."""
    for name, files in {**tagging(), "a gradient at word level": gradient()}.items():
        print(f"{name}: {len(files)} files")
        for file, functions in files.items():
            print(f"  {file}: {', '.join(sorted(functions))}")


if __name__ == "__main__":
    main()
