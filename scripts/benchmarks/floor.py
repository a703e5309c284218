"""The floor of tagging: what the arithmetic alone takes.

For the tokens of a text: five rows gathered and added, the activation, the product with ``U``,
and the decoding of whole sentences. The rows of all distinct words are projected beforehand; no
word is looked up, no batch is made, no label is written; the mean of the sentence and the
repeats are left out.
"""

from itertools import chain, pairwise
from typing import Any

import numpy as np

import windowclf
from benchmarks.text import Text, read_text
from benchmarks.worker import fastest, timed
from windowclf.model import Model
from windowclf.nn.batch import window_rows

BLOCKS = (64, 128, 256, 512, 1024)
"""Windows that are added up at once: what they need has to fit the cache."""
CHUNKS = (4096, 16384, 65536)
"""Tokens that are decoded at once, in whole sentences."""


class Floor:
    """Scores and decodes a text, in blocks and chunks of the sizes that suit the machine best.

    Parameters
    ----------
    text : str
        Its file.
    model : str, optional
        A model folder, in place of the model that the project carries.
    """

    def __init__(self, text: str, model: str | None = None) -> None:
        self.model = windowclf.load(model).model
        if len(self.model.network.weights) != 2:
            raise SystemExit("the floor is that of one hidden layer; this model has more")
        found = read_text(text)
        self.rows, self.projected = project(found, self.model)
        self.lengths = np.array([len(s) for s in found.sentences if s], dtype=np.int32)
        self.block, self.chunk = 256, CHUNKS[0]
        trial = int(np.count_nonzero(np.cumsum(self.lengths) <= 50_000))
        self.block = fastest(BLOCKS, lambda size: self.tag(trial, size, self.chunk))
        self.chunk = fastest(CHUNKS, lambda size: self.tag(trial, self.block, size))
        self.facts: dict[str, Any] = {"block": self.block, "chunk": self.chunk}

    def run(self) -> dict[str, Any]:
        """Tag the text once."""
        sentences = len(self.lengths)
        found, seconds = timed(lambda: self.tag(sentences, self.block, self.chunk))
        assert sum(map(len, found)) == len(self.rows)
        return {"seconds": seconds, "tokens": len(self.rows)}

    def tag(self, sentences: int, block: int, chunk: int) -> list[Any]:
        """Find the numbers of the best tags of the first sentences, chunk by chunk."""
        network, decode = self.model.network, self.model.objective.decode
        f, _ = network.activation
        U, bias = network.weights[-1].value, network.biases[-1].value
        lengths = self.lengths[:sentences]
        ends = np.cumsum(lengths)
        cuts = [0, *(np.flatnonzero(np.diff(ends // chunk)) + 1).tolist(), sentences]
        z = np.empty((block, self.projected.shape[1]), self.projected.dtype)
        buffer = np.empty_like(z)
        best = []
        start = 0
        for first, last in pairwise(cuts):
            stop = int(ends[last - 1])
            s = np.empty((stop - start, U.shape[1]), z.dtype)
            for low in range(start, stop, block):
                rows = self.rows[low : min(low + block, stop)]
                n = len(rows)
                np.take(self.projected, rows[:, 0], axis=0, out=z[:n], mode="clip")
                for slot in range(1, rows.shape[1]):
                    np.take(self.projected, rows[:, slot], axis=0, out=buffer[:n], mode="clip")
                    z[:n] += buffer[:n]
                np.matmul(f(z[:n]), U, out=s[low - start : low - start + n])
            s += bias
            best.append(decode(s, lengths[first:last]))
            start = stop
        return best


def project(
    text: Text, model: Model
) -> tuple[np.ndarray[Any, np.dtype[np.intp]], np.ndarray[Any, np.dtype[np.float32]]]:
    """Project the distinct words of a text for each slot, the bias added to the first one's.

    Returns
    -------
    rows : int array, shape (N, S)
        For each window, which of `projected` are to be added.
    projected : float array, shape (n * S, H)
    """
    network = model.network
    number = {word: i for i, word in enumerate(dict.fromkeys(chain(*text.sentences)), 1)}
    ids = np.zeros((len(number) + 1, len(model.lexicon.features)), dtype=np.int32)  # 0: padding
    ids[1:] = model.lexicon.ids(list(number))
    tables = network.tables.values()
    e = np.concatenate([table.take(ids[:, i]) for i, table in enumerate(tables)], axis=1)
    d, slots, hidden = network.weights[0].shape
    projected = (e @ network.weights[0].value.reshape(d, -1)).reshape(-1, slots, hidden)
    projected[:, 0] += network.biases[0].value
    words = np.array([number[word] for word in chain(*text.sentences)], dtype=np.intp)
    lengths = np.array([len(sentence) for sentence in text.sentences])
    rows = window_rows(words, lengths, slots) * slots + np.arange(slots)
    return rows, projected.reshape(-1, hidden)
