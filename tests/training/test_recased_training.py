"""Training that also reads its text in capitals and in lower case."""

from itertools import chain, product

import pytest

from networks import SMALL, make_vectors, parameter_bytes
from tiny import PEOPLE, PLACES, parse
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.documents.case import CASES, in_case
from windowclf.documents.sentence import Sentence
from windowclf.evaluation.evaluate import evaluate
from windowclf.lexicon.features import feature_function
from windowclf.lexicon.lexicon import UNKNOWN
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training import data as data_module
from windowclf.training.data import prepare
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import BatchDone

# Only the name shows its type, and with cased vectors nothing shows what PARIS is.
MARKED = [*(f"[PER {name}]" for name in PEOPLE), *(f"[LOC {name}]" for name in PLACES)]
CORPUS = [parse(f"{a} saw {b} .") for a, b in product(MARKED, MARKED)]
DEV, TRAIN = CORPUS[::3], [sentence for i, sentence in enumerate(CORPUS) if i % 3]
# so that the epoch that is kept is a good one for all three
DEV_IN_ALL_CASES = [*DEV, *(in_case(sentence, case) for case in CASES for sentence in DEV)]
SETTINGS = SMALL | {
    "level": "word",
    "loss": "softmax",
    "constrained": False,
    "features": ["written"],
    "sentence_mean": False,
    "batch_of": "sentences",
    "hidden": 16,
    "epochs": 12,
}
KINDS = [
    {},
    {"level": "sentence"},
    {"batch_of": "words"},
    {"loss": "ranking", "positive": "LOC", "corruptions": 3},
]


def words(sentences):
    return [*chain(*(sentence.tokens for sentence in sentences))]


def prepare_cased(sentences=TRAIN, **settings):
    vectors = make_vectors(dict.fromkeys(words(TRAIN)))
    text = TrainingText("tiny", sentences, DEV_IN_ALL_CASES, Scheme.IOB2)
    return prepare(text, vectors, make_config(SETTINGS | settings))


def train_cased(sentences=TRAIN, listener=None, **settings):
    model, data = prepare_cased(sentences, **settings)
    fit(model, data, TrainingRun(listener))
    return model


def f1(model, case=None):
    sentences = [in_case(sentence, case) for sentence in DEV] if case else DEV
    gold = [model.gold_tags(sentence.tags, Scheme.IOB2) for sentence in sentences]
    return evaluate(Tagger(model), sentences, gold).total.f1


@pytest.mark.parametrize("settings", KINDS)
def test_a_model_that_read_other_cases_tags_them(settings):
    plain, robust = (train_cased(case_augmentation=share, **settings) for share in (0.0, 0.25))
    assert f1(plain) > 0.9
    assert f1(robust) > 0.9
    for case in CASES:
        assert f1(plain, case) < 0.75
        assert f1(robust, case) > 0.8


def test_the_feature_values_of_the_other_cases_have_rows():
    names = ["shape", "written", "suffix2"]
    plain, robust = (
        prepare_cased(case_augmentation=share, features=names)[0].lexicon for share in (0.0, 0.1)
    )
    assert robust.values["word"] == plain.values["word"]
    text = words(TRAIN)
    every = [*text, *map(str.upper, text), *map(str.lower, text)]
    for name in names:
        function = feature_function(name)
        assert plain.values[name] == sorted({*map(function, text)})
        assert sorted(robust.values[name]) == sorted(set(map(function, every)))
    assert (robust.ids(every)[:, 1:] != UNKNOWN).all()
    assert (plain.ids(["PARIS"])[:, 1:3] == UNKNOWN).all()


@pytest.mark.parametrize("settings", [{}, {"teachers": 1, "level": "sentence"}])
def test_each_sentence_is_recased_once(settings, monkeypatch):
    recased = []

    def spy(sentence, case):
        recased.append((id(sentence), case))
        return in_case(sentence, case)

    monkeypatch.setattr(data_module, "in_case", spy)
    train_cased(case_augmentation=0.2, epochs=1, **settings)
    assert sorted(recased) == sorted((id(sentence), case) for sentence in TRAIN for case in CASES)


def test_the_record_counts_the_text_once():
    heard = []
    text = [Sentence([], []), *TRAIN, Sentence([], [])]
    record = train_cased(text, heard.append, case_augmentation=0.4, epochs=2).record
    tokens = len(words(TRAIN))
    assert record.sentences == {"train": len(TRAIN), "dev": 3 * len(DEV)}
    assert record.tokens == {"train": tokens, "dev": 3 * len(words(DEV))}
    for epoch in (1, 2):
        done = [e for e in heard if isinstance(e, BatchDone) and e.epoch == epoch]
        assert sum(batch.tokens for batch in done) == tokens


def test_the_same_seed_gives_the_same_bytes():
    first, again, other = (
        parameter_bytes(train_cased(case_augmentation=share, epochs=2)) for share in (0.2, 0.2, 0.3)
    )
    assert first == again
    assert first != other
