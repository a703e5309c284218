"""Training of the first pass: a small network that detects tokens outside of spans.

Most tokens are clearly outside of spans, which a few hidden units can detect. The full network
scores all other tokens, so its tags change only for a share of about `LOST` of the tokens.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from windowclf.documents.case import CASES, recase
from windowclf.documents.sentence import Sentence
from windowclf.model.encoding import EncodedSentences, encode
from windowclf.model.model import Model
from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.losses import TOKEN_LOSSES
from windowclf.nn.network import Network, initial_weights
from windowclf.nn.optimizers import SCHEDULES, make_optimizer
from windowclf.nn.parameter import FixedTable
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import OUTSIDE, Scheme

HIDDEN = 16
LOST, LOST_RECASED = 5e-5, 1e-4
"""Largest share of tokens in spans that the first pass may settle wrongly, relative to all tokens:
in text as written, and in text in another letter case."""
LEAST_TOKENS = 20_000
"""Smallest text, in tokens: a smaller one does not hold out enough to measure so small a share."""
LEAST_SETTLED = 0.25
"""If it settles a smaller share of the tokens, the first pass costs as much time as it saves."""
EPOCHS, BATCH_TOKENS, RATE = 12, 4096, 6e-3
DROPOUT = 0.3
SPAN_WEIGHT = 15.0
"""Weight of a token in a span: settling it is an error, leaving another open only costs time."""
OTHER_CASE = 0.2
"""Share of the text that an epoch also reads in capitals, and in lower case."""
FOLDS, BLOCK = 5, 20
"""One of five blocks of twenty sentences is held out for the threshold."""


class _Text(NamedTuple):
    """The text in one letter case, with the tokens that the network finds in spans."""

    encoded: EncodedSentences
    in_span: BoolArray
    held_out: BoolArray  # per sentence
    recased: bool


def train_first_pass(
    model: Model,
    sentences: Sequence[Sequence[str]],
    documents: Sequence[Hashable | None],
    dev: Sequence[Sentence] = (),
) -> Network | None:
    """Train a first pass for a trained model.

    Parameters
    ----------
    sentences : sequence of sequences of str
        The tokens of the training text.
    documents : sequence
        The document of each, see `windowclf.model.encoding.encode`.
    dev : sequence of Sentence
        A further text, used only for the threshold.

    Returns
    -------
    Network or None
        None if a first pass would not help: the tags are not spans, the text is short, or few
        tokens are clearly outside of spans.
    """
    plain = model.scheme is Scheme.PLAIN or model.config.loss == "ranking"
    if plain or sum(map(len, sentences)) < LEAST_TOKENS:
        return None
    held_out = np.arange(len(sentences)) // BLOCK % FOLDS == FOLDS - 1
    with one_blas_thread:  # gives the same bytes with any number of threads
        texts = _read(model, sentences, documents, held_out)
        network = _train(model, texts, np.random.default_rng(model.config.seed))
        if dev:
            words, of_dev = zip(*((one.tokens, one.document) for one in dev), strict=True)
            texts += _read(model, words, of_dev, np.ones(len(dev), bool))
        return _with_threshold(network, texts)


def _read(
    model: Model,
    sentences: Sequence[Sequence[str]],
    documents: Sequence[Hashable | None],
    held_out: BoolArray,
) -> list[_Text]:
    """Tag a text with the network, as written and in each letter case."""
    texts: list[_Text] = []
    for change in (list, *map(recase, CASES)):
        words = [*map(change, sentences)]
        encoded = encode(words, model.lexicon, documents=documents)
        path = np.concatenate([chunk.path for chunk in Tagger(model).chunks(words, documents)])
        in_span = path != model.labels.index(OUTSIDE)
        texts.append(_Text(encoded, in_span, held_out, bool(texts)))
    return texts


def _train(model: Model, texts: Sequence[_Text], rng: np.random.Generator) -> Network:
    """Train a network that separates tokens in spans, class 0, from the others, class 1."""
    d, window, _ = model.network.weights[0].shape
    weights, biases = initial_weights(
        "he", rng, dimensions=d, window=window, hidden=[HIDDEN], classes=2
    )
    network = Network(
        {},
        [weight.astype(np.float32) for weight in weights],
        [bias.astype(np.float32) for bias in biases],
        activation="relu",
        sentence_weight=np.zeros((d, HIDDEN), np.float32),
        input_dropout=DROPOUT,
    )
    own = network.parameters()
    optimizer = make_optimizer("adam", own)
    network.tables = {name: FixedTable(table) for name, table in model.network.tables.items()}
    shares = [1.0] + [OTHER_CASE] * (len(texts) - 1)
    learnt = [np.flatnonzero(~text.held_out & (text.encoded.lengths > 0)) for text in texts]
    mean = texts[0].encoded.lengths[learnt[0]].mean()
    steps = EPOCHS * max(int(len(learnt[0]) * mean * sum(shares) / BATCH_TOKENS), 1)
    schedule = SCHEDULES["linear"]
    for step in range(steps):
        for text, sentences, share in zip(texts, learnt, shares, strict=True):
            n = max(int(BATCH_TOKENS * share / mean / sum(shares)), 1)
            _add_gradients(network, text, rng.choice(sentences, n), rng)
        optimizer.step(RATE * schedule(step / steps))
        for parameter in own.values():
            parameter.clear_grad()
    return network


def _add_gradients(
    network: Network, text: _Text, sentences: IntArray, rng: np.random.Generator
) -> None:
    window = network.weights[0].shape[1]
    batch = text.encoded.batch(sentences, window, mentions=False)
    in_span = text.in_span[text.encoded.tokens(sentences)]
    s, backward = network.forward(batch, rng)
    _, ds = TOKEN_LOSSES["softmax"](s, np.where(in_span, 0, 1))
    ds[in_span] *= np.float32(SPAN_WEIGHT)
    backward(ds)


def _with_threshold(network: Network, texts: Sequence[_Text]) -> Network | None:
    """Raise the bias of the first score to the threshold measured on the held-out text."""
    leads = [_lead(network, text) for text in texts]
    threshold = max(
        _threshold(*lead, LOST_RECASED if text.recased else LOST)
        for lead, text in zip(leads, texts, strict=True)
    )
    settled = np.mean(leads[0][0] > threshold)
    network.biases[-1].value[0] += threshold
    return network if settled >= LEAST_SETTLED else None


def _lead(network: Network, text: _Text) -> tuple[FloatArray, BoolArray]:
    """Compute for held-out tokens the score outside of spans minus the score inside."""
    window = network.weights[0].shape[1]
    parts = np.array_split(np.flatnonzero(text.held_out), 1 + text.held_out.sum() // 1000)
    batches = (text.encoded.batch(part, window, mentions=False) for part in parts)
    s = np.concatenate([network.forward(batch)[0] for batch in batches])
    in_span = text.in_span[text.encoded.tokens(np.flatnonzero(text.held_out))]
    return s[:, 1] - s[:, 0], in_span


def _threshold(lead: FloatArray, in_span: BoolArray, lost: float) -> float:
    """Find the threshold of the lead above which few enough tokens in spans are settled."""
    worst = np.sort(lead[in_span])[::-1]
    allowed = int(lost * len(lead))
    return max(float(worst[allowed]), 0.0) if allowed < len(worst) else 0.0
