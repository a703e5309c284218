"""The text for all competitors, in a JSON file, so that each reading makes new strings."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """Sentences of tokens.

    Parameters
    ----------
    sentences : list of list of str
        The tokens of each sentence.
    documents : list of int
        The number of the document of each sentence.
    tags : list of list of str
        A tag in `scheme` for each token.
    scheme : str
        "iob2" or "plain".
    """

    sentences: list[list[str]]
    documents: list[int]
    tags: list[list[str]]
    scheme: str

    @property
    def tokens(self) -> int:
        """Count the tokens."""
        return sum(map(len, self.sentences))

    def join(self) -> list[str]:
        """Return each document as a string of tokens separated by spaces."""
        return [
            " ".join(token for _, sentence in group for token in sentence)
            for _, group in groupby(
                zip(self.documents, self.sentences, strict=True), key=lambda pair: pair[0]
            )
        ]

    def head(self, tokens: int) -> "Text":
        """Return the first sentences with a total of at least so many tokens."""
        count = total = 0
        while count < len(self.sentences) and total < tokens:
            total += len(self.sentences[count])
            count += 1
        return Text(self.sentences[:count], self.documents[:count], self.tags[:count], self.scheme)

    def repeat(self, tokens: int) -> tuple["Text", int]:
        """Repeat the text up to a number of tokens; return also the number of repetitions."""
        times = -(-tokens // max(self.tokens, 1))
        further = max(self.documents, default=0) + 1
        documents = [d + further * n for n in range(times) for d in self.documents]
        return Text(self.sentences * times, documents, self.tags * times, self.scheme), times

    def write(self, path: Path) -> Path:
        """Write the text to a file."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path


def read_text(path: str | Path, tokens: int | None = None) -> Text:
    """Read a file of `Text.write`, or its first `tokens` tokens."""
    found = Text(**json.loads(Path(path).read_bytes()))
    return found if tokens is None else found.head(tokens)


def from_corpus(splits: dict[str, list[Any]], scheme: str) -> Text:
    """Join splits of a `windowclf.Corpus`, and number their documents."""
    everything = [(name, sentence) for name, split in splits.items() for sentence in split]
    return Text(
        [list(sentence.tokens) for _, sentence in everything],
        list(_number((name, sentence.document) for name, sentence in everything)),
        [list(sentence.tags) for _, sentence in everything],
        scheme,
    )


def _number(documents: Iterator[tuple[str, int | None]]) -> Iterator[int]:
    """Yield the document numbers from 0; a sentence with the document None gets its own."""
    number, before = -1, None
    for document in documents:
        number += document[1] is None or document != before
        before = document
        yield number
