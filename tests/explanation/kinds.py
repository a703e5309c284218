"""Models of every kind, with random weights; and documents for them."""

import numpy as np

import tiny
from networks import make_vectors, prepare_small
from windowclf import WindowClassifier
from windowclf.tags.schemes import Scheme

PLAIN = [
    ("Ada saw Oslo .", "N V N ."),
    ("Tom met Ada in Oslo", "N V N P N"),
]
KINDS = {
    "word": {},
    "word, constrained": {"constrained": True},
    "max-margin": {"loss": "max-margin"},
    "squared-error": {"loss": "squared-error", "activation": "logistic"},
    "ranking": {"loss": "ranking", "positive": "LOC"},
    "sentence": {"level": "sentence"},
    "sentence, constrained": {"level": "sentence", "constrained": True, "activation": "relu"},
    "sentence, max-margin": {"level": "sentence", "loss": "max-margin"},
    "plain": {"scheme": Scheme.PLAIN, "level": "sentence"},
    "deep": {"hidden": (8, 6), "level": "sentence", "activation": "tanh"},
    "mean": {"sentence_mean": True, "window": 5},
    "document_context": {"document_context": True, "level": "sentence"},
    "all": {
        "sentence_mean": True,
        "document_context": True,
        "level": "sentence",
        "constrained": True,
    },
    "deep ranking": {"loss": "ranking", "positive": "PER", "hidden": (8, 6), "scale": 1.5},
}

# Names that come again in the same sentence, in others and in capitals; words never met.
DOCUMENT = [
    ["Ada", "met", "Tom", "in", "Oslo", "and", "Ada", "saw", "Wien", "."],
    [],
    ["OSLO", "is", "in", "France"],
    ["Paris"],
    ["They", "saw", "him", ";", "ada", "met", "Grace", "Hopper", "of", "Oslo"],
    ["Wien", "is", "in", "Oslo", ",", "OSLO", "."],
]


def sentences(scheme):
    if scheme is not Scheme.PLAIN:
        return tiny.sentences(scheme)
    return [tiny.Sentence(words.split(), tags.split()) for words, tags in PLAIN]


def of_random_weights(seed=7, scale=0.6, **settings):
    """A classifier that was not trained: its tags hang on all of its parts."""
    settings = dict(settings)
    scheme = settings.pop("scheme", Scheme.IOB2)
    model = prepare_small(sentences(scheme), scheme, **settings)
    rng = np.random.default_rng(seed)
    for parameter in model.parameters().values():
        parameter.value[:] = rng.normal(scale=scale, size=parameter.shape)
    classifier = WindowClassifier()
    classifier._model = model
    return classifier


def with_gazetteers():
    """A trained classifier to which a name of two words is another thing than its parts."""
    settings = tiny.SETTINGS | {"level": "word", "constrained": False, "window": 3, "features": ()}
    vectors = make_vectors(["oslo", "wien", "tom", "new", "ada", "saw", "is", "in"])
    lists = {"LOC": ["New Wien", "Oslo"], "PER": ["Ada Oslo", "Tom"]}
    return WindowClassifier(**settings).fit(tiny.sentences(), vectors=vectors, gazetteers=lists)


def best_tags(classifier, document):
    """Tag a document by its scores alone, which may find a name in a period."""
    labels = classifier.model.labels
    tags = []
    for chunk in classifier.tagger.chunks(document, [0] * len(document)):
        path = [labels[k] for k in chunk.path]
        ends = np.cumsum(chunk.lengths)
        tags += [path[end - n : end] for end, n in zip(ends, chunk.lengths, strict=True)]
    return tags
