"""One sentence: tokens, and their tags where they are known."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens of one sentence with their tags.

    Parameters
    ----------
    tokens : sequence of str
        The words as written, ``n`` of them.
    tags : sequence of str, optional
        ``n`` tags, or None for text without labels.
    document : int, optional
        The number of its document, the same for neighbours of one; None: it stands alone.
    """

    tokens: Sequence[str]
    tags: Sequence[str] | None = None
    document: int | None = None

    def __len__(self) -> int:
        return len(self.tokens)
