"""Sentences in memory, chunk by chunk, as work that processes share."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from windowclf.nn.arrays import IntArray

if TYPE_CHECKING:
    from windowclf.tagging.tagged_chunk import TaggedChunk
    from windowclf.tagging.tagger import Tagger

T = TypeVar("T")

_CHARACTERS = 5
"""Approximate length of a token in characters."""


class ChunkWork(Generic[T]):
    """Tags chunks of sentences, and returns the result of a function for each.

    A forked process already has the sentences, so only their positions are sent to it.

    Parameters
    ----------
    documents : int array, shape (B,)
        The number of each sentence's document.
    function : callable
        Called with a tagged chunk and the slice of its sentences. In another process, its result
        is pickled.
    """

    def __init__(
        self,
        tagger: "Tagger",
        sentences: Sequence[Sequence[str]],
        documents: IntArray,
        function: Callable[["TaggedChunk", slice], T],
    ) -> None:
        self._tagger, self._function = tagger, function
        self._sentences, self._documents = sentences, documents

    def size(self, chunk: slice) -> int:
        """Estimate the number of characters of a chunk."""
        return _CHARACTERS * sum(map(len, self._sentences[chunk]))

    def here(self, chunk: slice) -> T:
        """Tag a chunk."""
        looked_up = self._tagger.lookup_chunk(self._sentences[chunk], self._documents[chunk])
        return self._function(self._tagger.tag([looked_up]), chunk)

    def pack(self, chunk: slice) -> tuple[int, int]:
        """Return the position of a chunk."""
        return chunk.start, chunk.stop

    def there(self, place: tuple[int, int]) -> T:
        """Tag a chunk."""
        return self.here(slice(*place))

    def unpack(self, chunk: slice, done: T) -> T:
        """Return the result unchanged."""
        del chunk
        return done
