"""Train the textbook network and the fast one on the sample corpus, and print the F1 of both.

Run by scripts/textbook. Both have the same settings; they differ in the random numbers that a seed
produces, for the initial weights and the order of the sentences.
"""

import argparse
import re
import statistics
from collections import Counter

import numpy as np

from windowclf import WindowClassifier, load_corpus, load_vectors
from windowclf.evaluation.metrics import score
from windowclf.nn.initializers import glorot
from windowclf.nn.textbook import backward, forward, sgd, softmax_loss, window_rows
from windowclf.tags.schemes import Scheme, convert

C, BATCH, RATE = 2, 16, 0.3  # words on each side, sentences in a batch, learning rate
FAST = {
    "window": 2 * C + 1, "batch_size": BATCH, "rate": RATE, "schedule": "constant",
    "optimizer": "sgd", "loss": "softmax", "level": "word", "constrained": False,
    "activation": "tanh", "features": (), "sentence_mean": False, "repeats": False,
    "dropout": 0.0, "hidden_dropout": 0.0, "word_dropout": 0.0, "recase": 0.0,
}  # fmt: skip
PADDING, UNKNOWN, FIRST = 0, 1, 2  # rows of L; words follow from the row FIRST

parser = argparse.ArgumentParser(prog="scripts/textbook", description=__doc__.splitlines()[0])
parser.add_argument("--seeds", type=int, default=5, help="trainings of each network (default 5)")
parser.add_argument("--epochs", type=int, default=20, help="passes over the text (default 20)")
parser.add_argument("--hidden", type=int, default=100, help="hidden units (default 100)")
options = parser.parse_args()

# The vectors are for words in lower case. A word without one is looked up with its digits as zeros.
splits, vectors = load_corpus("sample").splits, load_vectors("bundled")
sentences = [*splits["train"], *splits["dev"], *splits["test"]]
words = [[token.lower() for token in sentence.tokens] for sentence in sentences]
words = [[w if w in vectors else re.sub(r"\d", "0", w) for w in sentence] for sentence in words]
tags = [convert(sentence.tags or (), Scheme.IOB2, Scheme.IOBES) for sentence in sentences]
n = len(splits["train"])
dev, test = slice(n, n + len(splits["dev"])), slice(n + len(splits["dev"]), None)

# A word has its own row of L if it has a vector, or if the training text has it twice. L leaves out
# the vectors of words that are not in the corpus, because no window would read them.
counts = Counter(word for sentence in words[:n] for word in sentence)
known = sorted({w for sentence in words for w in sentence if w in vectors or counts[w] > 1})
rows = {word: row for row, word in enumerate(known, FIRST)}
labels = sorted({tag for sentence in tags[:n] for tag in sentence})
ids = [[rows.get(word, UNKNOWN) for word in sentence] for sentence in words]
y = [[labels.index(tag) for tag in sentence] for sentence in tags[:n]]


def train_textbook(seed: int) -> list[float]:
    """Train the network of textbook.py; return its F1 on the dev and the test text."""
    rng, d, H, K = np.random.default_rng(seed), vectors.vector_size, options.hidden, len(labels)
    L = rng.normal(0.0, 0.1, (FIRST + len(rows), d))
    L[PADDING] = 0.0
    pretrained = [word for word in rows if word in vectors]
    L[[rows[word] for word in pretrained]] = vectors[pretrained] / vectors.vectors.std()
    W, U = glorot(rng, ((2 * C + 1) * d, H)).T, glorot(rng, (H, K))
    parameters = L, W, np.zeros(H), U, np.zeros(K)
    for _ in range(options.epochs):
        for batch in np.split(rng.permutation(n), range(BATCH, n, BATCH)):
            windows = window_rows([ids[i] for i in batch], C)
            x, a, s = forward(parameters, windows)
            _, ds = softmax_loss(s, np.concatenate([y[i] for i in batch]))
            sgd(parameters, backward(parameters, windows, x, a, ds), RATE)
    scores = [forward(parameters, window_rows([sentence], C))[2] for sentence in ids]
    found = [[labels[k] for k in s.argmax(axis=1)] for s in scores]
    return [score(tags[at], found[at], Scheme.IOBES).total.f1 for at in (dev, test)]


def train_fast(seed: int) -> list[float]:
    """Train the fast network; return its F1 on the dev and the test text."""
    size = {"hidden": options.hidden, "epochs": options.epochs, "vocabulary": len(vectors)}
    classifier = WindowClassifier(**FAST, **size, seed=seed)
    classifier.fit(splits["train"], vectors=vectors)  # without a dev text it keeps the last epoch
    return [classifier.evaluate(splits[name]).total.f1 for name in ("dev", "test")]


def mean(f1: tuple[float, ...]) -> str:
    """Format the mean in percent and, for several seeds, the standard deviation."""
    deviation = f" ± {100 * statistics.stdev(f1):.2f}" if len(f1) > 1 else ""
    return f"{100 * statistics.mean(f1):.2f}{deviation}"


print(f"{'F1 in %':<12}{'dev':>15}{'test':>15}")
for name, train in (("textbook.py", train_textbook), ("fast network", train_fast)):
    runs = [train(seed) for seed in range(1, options.seeds + 1)]
    on_dev, on_test = map(mean, zip(*runs, strict=True))
    print(f"{name:<12}{on_dev:>15}{on_test:>15}", flush=True)
