"""PyTorch's program as a competitor, in training and in tagging."""

import os
import statistics
from pathlib import Path
from typing import Any

import torch

from benchmarks.text import read_text
from benchmarks.torch_program import Program, WindowTagger, load, make_windows, train
from benchmarks.worker import fastest, timed

BATCH_SIZES = (256, 512, 1024, 2048, 4096, 8192, 16384)


class Trainer:
    """Trains the program.

    Parameters
    ----------
    train, dev : str
        Files of the texts.
    variant : {"dense", "fused", "sparse"}
        Adam for all rows of the embedding; the same with PyTorch's fused kernel; or SparseAdam with
        sparse gradients for the embedding, and fused Adam for the rest.
    vocabulary : int
        Number of GloVe words besides those of the text.
    """

    def __init__(self, train: str, dev: str, *, variant: str, vocabulary: int) -> None:
        from benchmarks.same_network import make_start, own_tags

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        text = read_text(train)
        self.start = make_start(text, vocabulary)
        self.dev = read_text(dev)
        self.variant = variant
        number = {label: i for i, label in enumerate(self.start.labels)}
        gold = [number[tag] for tags in own_tags(text) for tag in tags]
        self.windows = make_windows(text.sentences, self.start.rows)
        self.gold = torch.tensor(gold)
        self.facts = {
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "rows of the embedding": len(self.start.vectors),
        }

    def run(
        self,
        batch_size: int,
        epochs: int,
        *,
        batches: int | None = None,
        score: bool = False,
        save: str | None = None,
    ) -> dict[str, Any]:
        """Train from the start; the time is the median of the epochs after the first.

        If a whole epoch would take too long, `batches` limits its number of batches.
        """
        from benchmarks.same_network import f1, text_tags

        torch.manual_seed(1)
        model, optimizers = self._begin()
        tokens = None if batches is None else batches * batch_size
        windows, gold = self.windows[:tokens], self.gold[:tokens]
        seconds = []
        for _ in range(epochs):
            _, took = timed(lambda: train(model, optimizers, windows, gold, batch_size))
            seconds.append(took)
        program = Program(model, self.start.rows, self.start.labels)
        if save:
            program.save(Path(save))
        found = {"seconds": statistics.median(seconds[1:] or seconds), "tokens": len(gold)}
        if score:
            tags = text_tags(program.tag(self.dev.sentences), self.dev)
            found["f1"] = f1(self.dev, tags)
        return found

    def _begin(self) -> tuple[WindowTagger, list[torch.optim.Optimizer]]:
        from benchmarks.same_network import HIDDEN, RATE

        sparse = self.variant == "sparse"
        vectors = torch.tensor(self.start.vectors)
        model = WindowTagger(vectors, HIDDEN, len(self.start.labels), sparse=sparse)
        if not sparse:
            fused = self.variant == "fused"
            return model, [torch.optim.Adam(model.parameters(), lr=RATE, fused=fused)]
        rest = [*model.hidden.parameters(), *model.scores.parameters()]
        return model, [
            torch.optim.SparseAdam(model.embedding.parameters(), lr=RATE),
            torch.optim.Adam(rest, lr=RATE, fused=True),
        ]


class Tagger:
    """Tags a text, from strings to labels, with its fastest batch size.

    Parameters
    ----------
    text : str
        File of the text.
    folder : str
        Folder of a program that `Trainer` has saved.
    """

    def __init__(self, text: str, folder: str) -> None:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.text = text
        self.program = load(Path(folder))
        trial = read_text(text, 50_000).sentences
        self.batch_size = fastest(BATCH_SIZES, lambda size: self.program.tag(trial, size))
        self.facts = {"torch": torch.__version__, "batch_size": self.batch_size}

    def run(self) -> dict[str, Any]:
        """Tag the text once."""
        text = read_text(self.text)
        found, seconds = timed(lambda: self.program.tag(text.sentences, self.batch_size))
        assert sum(map(len, found)) == text.tokens
        return {"seconds": seconds, "tokens": text.tokens}
