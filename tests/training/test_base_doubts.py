"""Text that a model to begin with has been trained on, and that a training is scored on."""

from dataclasses import replace

import msgspec
import pytest

import tiny
import windowclf
from windowclf.corpora.coerce import as_training_text
from windowclf.corpora.corpus import Corpus, CorpusPart
from windowclf.documents.sentence import Sentence
from windowclf.model.record import CorpusRecord
from windowclf.model.sketch import sketch_sentences
from windowclf.tags.schemes import Scheme
from windowclf.training.base_doubts import base_doubts


def sentences(start, stop):
    return [Sentence([*"abcdef", str(i)], ["B-LOC", *"OOOOOO"], None) for i in range(start, stop)]


def corpus(name="other", parts=(), **splits):
    return Corpus(name, splits, Scheme.IOB2, Scheme.IOB2, parts=parts)


@pytest.fixture(scope="module")
def record():
    """The record of a model that was trained on a hundred sentences of a corpus called news."""
    quick = windowclf.WindowClassifier(**tiny.QUICK, name_augmentation=0.5, case_augmentation=0.5)
    train = corpus("news", train=sentences(0, 100), dev=sentences(100, 120))
    return quick.fit(train, vectors="random", names={"LOC": ["Oslo"]}).model.record


def test_the_sketch_is_that_of_the_text_as_given(record):
    assert record.augmented["names"] > 0
    assert record.sketch == sketch_sentences(sentence.tokens for sentence in sentences(0, 100))


def without_sketch(record, **changes):
    return msgspec.structs.replace(record, sketch=msgspec.UNSET, **changes)


def test_splits_that_were_trained_on(record):
    known = sentences(50, 100)
    text = corpus(train=sentences(200, 300), dev=known[:12] + sentences(300, 312), test=known)
    dev, test = base_doubts(record, text)
    assert dev.startswith("about 50 % of the sentences of 7 tokens or more of the dev split are ")
    assert "(12 of a sample of 24): scores on it are too high" in dev
    assert test.startswith("about 100 % of the sentences of 7 tokens or more of the test split")


def test_other_text_is_silent(record):
    new, few = sentences(400, 500), sentences(90, 100) + sentences(300, 391)
    assert list(base_doubts(record, corpus("news", train=new, test=few))) == []  # 10 of 101
    assert len(list(base_doubts(record, corpus("news", train=new, test=few[:-1])))) == 1
    assert list(base_doubts(record, corpus("news", train=new))) == []


def test_text_that_is_trained_on_once_more(record):
    """Networks of a cross-validation have read the held-out sentences, then."""
    (line,) = base_doubts(record, corpus(train=sentences(0, 100)))
    assert "of the train split" in line
    assert line.endswith("the F1 that cross-validation estimates is too high")
    text = corpus(train=sentences(0, 100), dev=sentences(200, 230))
    assert list(base_doubts(record, text)) == []


def test_text_of_python(record):
    text = as_training_text(corpus(train=sentences(200, 230), test=sentences(0, 30)), (), "auto")
    (line,) = base_doubts(record, text)
    assert "of the test split" in line


def test_names_where_no_sketch_tells(record):
    text = corpus("news", train=sentences(0, 9), dev=sentences(0, 9), test=sentences(0, 9))
    (line,) = base_doubts(without_sketch(record), text)
    assert "was trained on news: if that included the dev or the test split" in line
    short = corpus("news", train=sentences(200, 209), test=[Sentence(["Oslo"], ["B-LOC"])])
    (line,) = base_doubts(record, short)
    assert line.endswith("included the test split, scores on it are too high")
    assert list(base_doubts(without_sketch(record), corpus("reviews", **text.splits))) == []
    assert list(base_doubts(without_sketch(record, data=""), replace(text, name=""))) == []


def test_names_of_mixed_corpora(record):
    of_base = CorpusRecord(name="x", data="hub:a/news", sentences=1, tokens=1)
    mixed = without_sketch(record, data="x+y", corpora=[of_base])
    parts = (CorpusPart("n", "a/news", 9),)
    (line,) = base_doubts(mixed, corpus("n", parts, train=sentences(0, 9), dev=sentences(0, 9)))
    assert "was trained on a/news: if" in line


def test_names_of_files(record, tmp_path, monkeypatch):
    tiny.write_corpus(tmp_path)
    monkeypatch.chdir(tmp_path)
    text = windowclf.load_corpus(train="train.txt", test=tmp_path / "test.txt")
    (line,) = base_doubts(without_sketch(record, data="./test.txt"), text)
    name = tmp_path / "test.txt"
    assert line.endswith(f"was trained on {name}, the test split: scores on it are too high")
    (line,) = base_doubts(without_sketch(record, data=str(tmp_path / "train.txt")), text)
    assert "was trained on train.txt: if that included the test split" in line
