"""Small networks, batches and corpora that several test modules share."""

from itertools import chain

import numpy as np

from tiny import sentences
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.nn.batch import Batch
from windowclf.nn.layers import window_rows
from windowclf.nn.network import Network, initial_weights
from windowclf.nn.objective import TokenObjective
from windowclf.nn.projection import Projection
from windowclf.tags.schemes import Scheme
from windowclf.training.data import prepare
from windowclf.training.fit import TrainingRun, fit

# Words 1 and 4 share row 2 of the first table, words 1 and 2 row 1 of the second.
FEATURES = np.array([[0, 0], [2, 1], [3, 1], [4, 2], [2, 3]])
# Word 1 stands in many windows, and more than once in most of them.
WORDS = np.array([1, 1, 2, 1, 3, 2, 1, 1, 4, 1, 2, 1])
LENGTHS = np.array([4, 1, 7])


def make_batch(width=3, classes=4):
    gold = np.random.default_rng(5).integers(0, classes, len(WORDS))
    return Batch(FEATURES, window_rows(WORDS, LENGTHS, width), LENGTHS, gold)


def make_network(
    *,
    hidden=(5,),
    activation="tanh",
    dropout=0.0,
    width=3,
    classes=4,
    seed=1,
    sentence_mean=False,
    document_context=False,
):
    """A float64 network for `make_batch`: two tables, four numbers a word."""
    rng = np.random.default_rng(seed)
    tables = {"word": rng.normal(size=(6, 3)), "shape": rng.normal(size=(5, 1))}
    weights, biases = initial_weights(
        "glorot", rng, dimensions=4, window=width, hidden=hidden, classes=classes
    )
    biases = [rng.normal(scale=0.3, size=bias.shape) for bias in biases]
    return Network(
        tables,
        weights,
        biases,
        activation=activation,
        sentence_weight=rng.normal(size=(4, hidden[0])) if sentence_mean else None,
        document_weight=rng.normal(size=hidden[0]) if document_context else None,
        input_dropout=dropout,
        hidden_dropout=dropout,
    )


def loss_and_gradients(network, loss, batch):
    """What `check_gradients` calls: each call draws the same dropout masks."""
    objective = TokenObjective(loss)

    def run():
        s, backward = network.forward(batch, np.random.default_rng(6))
        value, ds = objective.loss(s, batch.tags(), batch.lengths)
        if network.weights[0].grad is None:  # once: the differences need only the loss
            backward(ds)
        return value

    return run


def numeric_gradient(function, x, step=1e-6):
    """Central differences of `function`, which takes no argument and reads `x`."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        kept = x[i]
        x[i] = kept + step
        above = function()
        x[i] = kept - step
        gradient[i] = (above - function()) / (2 * step)
        x[i] = kept
    return gradient


def epoch_batches(batches, rng):
    """The batches of an epoch, none of them in parts."""
    return [batches.part(chosen, rng) for [chosen] in batches.epoch(rng)]


def tagger_scores(tagger, sentences, documents=None):
    return np.concatenate(list(map(tagger.score, tagger.lookup(sentences, documents))))


def rounding(network):
    """What the rounding to whole units may change in a score, at the most."""
    product = Projection(network).product
    slots = product.slots + (product.slots > network.weights[0].shape[1])  # the mean is rounded too
    gate = 0 if network.document_weight is None else np.abs(network.document_weight.value)
    change = product.unit * (slots + 1) / 2 * (1 + gate)
    for weight in network.weights[1:]:  # no activation is steeper than 1
        change = change @ np.abs(weight.value)
    return float(change.max())


def parameter_bytes(model):
    return {name: p.value.tobytes() for name, p in model.network.parameters().items()}


def make_vectors(words, dimensions=6, seed=0):
    """A gensim KeyedVectors, the first word the most frequent."""
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(vector_size=dimensions)
    values = np.random.default_rng(seed).normal(scale=0.3, size=(len(words), dimensions))
    vectors.add_vectors(list(words), values.astype(np.float32))
    return vectors


CORPUS = sentences()
DEV = CORPUS[::3]
TRAIN = [sentence for i, sentence in enumerate(CORPUS) if i % 3]
SMALL = {
    "level": "word",
    "constrained": False,
    "sentence_mean": False,
    "document_context": False,
    "case_augmentation": 0,
    "window": 3,
    "hidden": 8,
    "features": ["shape", "written", "suffix2"],
    "feature_dimensions": 3,
    "batch_size": 4,
    "epochs": 4,
    "rate": 0.03,
    "dropout": 0.1,
    "hidden_dropout": 0.1,
    "word_dropout": 0.05,
    "folds": 0,
}
BATCHES = -(-len(TRAIN) // SMALL["batch_size"])


def prepare_training(sentences, dev=(), scheme=Scheme.IOB2, resources=None, **settings):
    """An untrained model, and the data that it is to be trained on."""
    texts = [sentences, resources.unlabelled if resources else ()]
    words = {token.lower(): None for token in chain(*(s.tokens for s in chain(*texts)))}
    text = TrainingText("tiny", list(sentences), list(dev), scheme)
    return prepare(text, make_vectors(words), make_config(SMALL | settings), resources)


def prepare_small(sentences, scheme=Scheme.IOB2, **settings):
    return prepare_training(sentences, (), scheme, **settings)[0]


def train_small(sentences, dev=(), listener=None, scheme=Scheme.IOB2, **settings):
    model, data = prepare_training(sentences, dev, scheme, **settings)
    fit(model, data, TrainingRun(listener))
    return model
