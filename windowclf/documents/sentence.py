"""A sentence: its tokens, and their tags if it is labelled."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxtuple = 8
_SHORT.maxstring = 40


@dataclass(frozen=True, slots=True, repr=False)
class Sentence:
    """Tokens of one sentence with their tags.

    Parameters
    ----------
    tokens : sequence of str
        The words as written, ``n`` of them.
    tags : sequence of str, optional
        ``n`` tags, or None for text without labels.
    document : int, optional
        Number of its document, which neighbouring sentences of the document share. None: the
        sentence is a document by itself.

    Examples
    --------
    >>> Sentence(["Oslo", "calls"], ["B-LOC", "O"])
    Sentence(['Oslo', 'calls'], ['B-LOC', 'O'])
    """

    tokens: Sequence[str]
    tags: Sequence[str] | None = None
    document: int | None = None

    def __repr__(self) -> str:
        fields = [_SHORT.repr(self.tokens), _SHORT.repr(self.tags)]
        if self.document is not None:
            fields.append(f"document={self.document}")
        return f"Sentence({', '.join(fields)})"

    def __len__(self) -> int:
        return len(self.tokens)
