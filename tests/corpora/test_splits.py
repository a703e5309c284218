"""Splits by their usual names, and what is left out is named."""

import re
from itertools import pairwise

import datasets
import pytest

from windowclf import load_corpus
from windowclf.cli import main
from windowclf.corpora.dataset import from_dataset
from windowclf.corpora.splits import split_of, splits_of_names
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats.registry import FORMATS, WriteOptions
from windowclf.errors import DataError


def write(path, label, document=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = "-DOCSTART- O\n\n" if document else ""
    path.write_text(f"{mark}Oslo B-{label}\n\n{mark}Rome B-{label}\n")


def labels(corpus):
    return {
        split: "".join(sentence.tags[0][2:] for sentence in found)
        for split, found in corpus.splits.items()
    }


ALL = {"train": "AA", "dev": "BB", "test": "CC"}


@pytest.mark.parametrize(
    "names",
    [
        "train.txt val.txt test.txt",
        "training.conll development.conll testing.conll",
        "train.bio devel.bio eval.bio",
        "train.txt testa.txt testb.txt",
        "corpus_train.txt corpus_val.txt corpus_test.txt",
        "train_corpus.txt dev_corpus.txt evaluation_corpus.txt",
        "en_ewt-ud-train.iob2 en_ewt-ud-dev.iob2 en_ewt-ud-test.iob2",
        "NER-de-train.tsv NER-de-dev.tsv NER-de-test.tsv",
        "wnut17train.conll emerging.dev.conll emerging.test.conll",
        "train/part.txt valid/part.txt test/part.txt",
        "my-train/a.txt validation/a.txt testing/a.txt",
        "data/train.txt data/dev.txt data/test.txt",
        "data/train/x.txt data/val/x.txt data/test/x.txt",
        "train.txt dev/a.txt test/b.txt",
        "ned.train ned.testa ned.testb",
        "ner.train ner.dev ner.test",
    ],
)
def test_usual_names(tmp_path, names):
    names = names.split()
    for name, label in zip(names, "ABC", strict=True):
        write(tmp_path / name, label)
    (tmp_path / "README.txt").write_text("no corpus")
    corpus = load_corpus(tmp_path)
    assert labels(corpus) == ALL
    assert list(corpus.splits) == list(ALL)
    assert corpus.notes == ()


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("trainer", None),
        ("attest", None),
        ("contest", None),
        ("mytrain", None),
        ("train_dev", None),
        ("éval", None),
        ("Train", ("train", 0)),
        ("test2", ("test", 0)),
        ("my dev set", ("dev", 2)),
    ],
)
def test_a_split_is_a_word_of_its_own(name, split):
    assert split_of(name) == split


def test_what_is_left_out_is_named(tmp_path, capsys):
    for name in ("train.txt", "val.txt", "notes.txt", "train_old.txt", "train-dev.conll"):
        write(tmp_path / name, "A")
    (tmp_path / "old.csv").write_text("text\n")
    (tmp_path / "emerging.test.annotated").write_text("Oslo B-LOC\n")
    (tmp_path / "script.py").touch()
    (tmp_path / ".hidden.txt").touch()
    corpus = load_corpus(tmp_path)
    assert labels(corpus) == {"train": "AA", "dev": "AA"}
    (line,) = corpus.notes
    names = "emerging.test.annotated, notes.txt, old.csv, train-dev.conll, train_old.txt"
    assert line.startswith(f"{tmp_path}: {names} are not used: expected names with one of train; ")
    assert "`test`" in line
    code = main(["evaluate", "--data", str(tmp_path), "--split", "test"])
    assert code == 2
    shown = re.sub("`(train|dev|test)`", r"--\1", line)
    assert shown in capsys.readouterr().err.splitlines()


def test_the_parts_of_a_split(tmp_path):
    for number, label in enumerate("AB"):
        write(tmp_path / f"train-0000{number}-of-00002.conll", label, document=True)
        write(tmp_path / "dev" / f"{number}.txt", label)
    corpus = load_corpus(tmp_path)
    assert labels(corpus) == {"train": "AABB", "dev": "AABB"}
    documents = [sentence.document for sentence in corpus.splits["train"]]
    assert not any(one == two is not None for one, two in pairwise(documents))
    (tmp_path / "train-00000-of-00002.conll").unlink()
    (tmp_path / "train-00001-of-00002.conll").rename(tmp_path / "train-00001-of-00003.conll")
    write(tmp_path / "train-00002-of-00003.conll", "A")
    with pytest.raises(DataError, match=r"2 of the 3 parts of train-00001-of-00003\.conll"):
        load_corpus(tmp_path)


@pytest.mark.parametrize(
    "names", ["en-train.txt de-train.txt", "dev.txt val.txt", "wnut16train.txt wnut17train.txt"]
)
def test_two_files_for_a_split(tmp_path, names):
    for name in names.split():
        write(tmp_path / name, "A")
    with pytest.raises(DataError, match=r"could each be the (train|dev) split"):
        load_corpus(tmp_path)


def test_two_folders_for_a_split(tmp_path):
    for name in ("val/a.txt", "dev/a.txt"):
        write(tmp_path / name, "A")
    with pytest.raises(DataError, match="the folders dev and val could each be the dev split"):
        load_corpus(tmp_path)


def test_parquet_parts_as_the_hub_has_them(tmp_path):
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        path = tmp_path / "data" / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            writer = FORMATS["parquet"].writer(file, WriteOptions())
            writer.write([Document("Oslo", spans=[LabelledSpan(0, 4, "A")])])
            writer.close()
    assert labels(load_corpus(tmp_path)) == {"train": "A", "dev": "A"}


def test_splits_of_a_data_set_by_other_names(caplog):
    rows = datasets.Dataset.from_dict({"tokens": [["Oslo"]], "ner_tags": [["B-LOC"]]})
    given = datasets.DatasetDict(training=rows, val=rows, unsupervised=rows, eval=rows)
    assert list(from_dataset(given)) == ["train", "dev", "test"]
    assert "not used: the splits unsupervised; expected train" in caplog.text


def test_the_plainest_name_of_a_data_set_is_taken():
    names = ["dev", "validation", "train_small", "train", "test_a"]
    splits, others = splits_of_names(names)
    assert splits == {"train": ["train"], "dev": ["validation"], "test": ["test_a"]}
    assert sorted(others) == ["dev", "train_small"]
