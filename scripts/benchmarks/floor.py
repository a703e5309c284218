"""The floor of tagging: what the arithmetic of the network alone takes.

Each distinct word is projected once; for each token five rows are added, and the mean of the
sentence; then come the activation, the product with ``U``, and the decoding of whole sentences.
No word is looked up, no batch is made, no name heeds another, no label is written.
"""

from itertools import chain, pairwise
from typing import Any

import numpy as np

import windowclf
from benchmarks.text import read_text
from benchmarks.worker import fastest, timed
from windowclf.nn.layers import window_rows
from windowclf.nn.projection import Projection, WordRows

BLOCKS = (128, 256, 512, 1024)
"""Windows that are added up at once: what they need has to fit the cache."""
CHUNKS = (4096, 16384, 65536)
"""Tokens that are decoded at once, in whole sentences."""


class Floor:
    """Scores and decodes a text, in blocks and chunks of the sizes that suit the machine best.

    Parameters
    ----------
    text : str
        Its file.
    known : bool
        Whether the words are projected beforehand, as they are once a text has been tagged.
    """

    def __init__(self, text: str, *, known: bool = False) -> None:
        self.model = windowclf.load().model
        self.known = known
        found = read_text(text)
        # Word 0 has rows of zeros, word 1 is the padding.
        number = {word: i for i, word in enumerate(dict.fromkeys(chain(*found.sentences)), 1)}
        self.ids = np.zeros((len(number) + 1, len(self.model.lexicon.features)), dtype=np.int32)
        self.ids[1:] = self.model.lexicon.ids(list(number))
        self.projection = Projection(self.model.network)
        kept = self.projection.empty(len(self.ids) + 1)
        kept[: self.projection.slots] = 0
        self.rows = WordRows(kept, kept[:0], self.projection.slots)
        self.project()
        self.lengths = np.array([len(s) for s in found.sentences if s])
        words = np.array([number[word] + 1 for word in chain(*found.sentences)], dtype=np.intp)
        self.places = words * self.projection.slots
        windows = window_rows(self.places, self.lengths, self.projection.window, self.rows.padding)
        self.windows = np.ascontiguousarray(windows.T)
        self.block, self.chunk = BLOCKS[0], CHUNKS[0]
        trial = int(np.count_nonzero(np.cumsum(self.lengths) <= 50_000))
        self.block = fastest(BLOCKS, lambda size: self.tag(trial, size, self.chunk))
        self.chunk = fastest(CHUNKS, lambda size: self.tag(trial, self.block, size))
        self.facts: dict[str, Any] = {"block": self.block, "chunk": self.chunk}

    def run(self) -> dict[str, Any]:
        """Tag the text once."""

        def work() -> list[Any]:
            if not self.known:
                self.project()
            return self.tag(len(self.lengths), self.block, self.chunk)

        found, seconds = timed(work)
        assert sum(map(len, found)) == len(self.places)
        return {"seconds": seconds, "tokens": len(self.places)}

    def project(self) -> None:
        """Make the rows of all distinct words, so many at once as there are in a chunk."""
        slots = self.projection.slots
        for start in range(0, len(self.ids), 2048):
            ids = self.ids[start : start + 2048]
            place = (start + 1) * slots
            self.projection.project(ids, self.rows.kept[place : place + len(ids) * slots])

    def tag(self, sentences: int, block: int, chunk: int) -> list[Any]:
        """Find the numbers of the best tags of the first sentences, chunk by chunk."""
        network, projection = self.model.network, self.projection
        f, _ = network.activation
        U, bias = network.weights[-1].value, network.biases[-1].value
        lengths = self.lengths[:sentences]
        ends = np.cumsum(lengths)
        cuts = [0, *(np.flatnonzero(np.diff(ends // chunk)) + 1).tolist(), sentences]
        memory = np.empty((2, block, projection.hidden), U.dtype)
        best = []
        start = 0
        for first, last in pairwise(cuts):
            stop, sizes = int(ends[last - 1]), lengths[first:last]
            means = self.rows.sum_groups(self.places[start:stop], projection.window, sizes)
            means /= sizes[:, None].astype(means.dtype)
            sentence = np.repeat(np.arange(len(sizes)), sizes)
            s = np.empty((stop - start, U.shape[1]), U.dtype)
            for low in range(start, stop, block):
                part = slice(low, min(low + block, stop))
                here = slice(part.start - start, part.stop - start)
                z, buffer = memory[:, : part.stop - low]
                self.rows.sum(self.windows[:, part], z, buffer)
                z += means.take(sentence[here], axis=0, out=buffer, mode="clip")
                np.matmul(f(z), U, out=s[here])
            s += bias
            best.append(self.model.objective.decode(s, sizes))
            start = stop
        return best
