"""Trainings that cannot be right: each has a line, and only where it is certain."""

import re

import datasets
import pytest

import tiny
import windowclf
from windowclf.cli import main
from windowclf.corpora.doubts import find_doubts
from windowclf.documents.sentence import Sentence
from windowclf.tags.schemes import Scheme

OUTSIDE = [Sentence(["In", "here"], ["O", "O"])]
PLACE = [Sentence(["In", "Oslo"], ["O", "B-LOC"])]
PERSON = [Sentence(["Ada", "Lovelace", "saw"], ["B-PER", "I-PER", "O"])]
LONG = [Sentence([*"abcdef", str(i)], ["B-LOC", *"OOOOOO"]) for i in range(20)]


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ({"train": PLACE, "dev": PLACE, "test": PLACE}, []),
        ({"test": PLACE}, []),
        ({"train": OUTSIDE, "dev": OUTSIDE}, ["the train split has no label but O, on all of its"]),
        ({"train": PLACE}, ["there is no dev split: cross-validation with"]),
        ({"train": PLACE, "dev": OUTSIDE}, ["the dev split has no label but O"]),
        (
            {"train": PLACE, "dev": PLACE + PERSON, "test": PERSON},
            ["the dev split has labels .* lacks, .*: PER$", "the test split has labels .*: PER$"],
        ),
        (
            {"train": LONG, "dev": PLACE, "test": LONG[:10] + PLACE * 99},
            ["^10 of 10 sentences of 7 tokens or more of the test split are in the train split"],
        ),
        ({"train": LONG[:9], "dev": LONG}, []),
    ],
)
def test_doubts(splits, expected):
    found = list(find_doubts(splits, Scheme.IOB2))
    assert len(found) == len(expected), found
    for line, pattern in zip(found, expected, strict=True):
        assert "\n" not in line
        assert re.search(pattern, line)


def test_plain_labels():
    train, dev = [Sentence(["a"], ["NN"])], [Sentence(["a"], ["I-X"])]
    (line,) = find_doubts({"train": train, "dev": dev}, Scheme.PLAIN)
    assert line.endswith(": I-X")


def test_fit_logs_them(caplog):
    quick = windowclf.WindowClassifier(**tiny.QUICK)
    quick.fit(OUTSIDE + PLACE, vectors="random")
    assert caplog.messages == []  # no dev text was asked for
    quick.fit(OUTSIDE, vectors="random")
    (message,) = caplog.messages
    assert message.startswith("the train split has no label but O")
    caplog.clear()
    rows = datasets.Dataset.from_dict({"tokens": [["Oslo"]], "ner_tags": [["B-LOC"]]})
    quick.fit(datasets.DatasetDict(train=rows), vectors="random")
    assert [message[:21] for message in caplog.messages] == ["there is no dev split"]


def test_train_reports_them_once(tmp_path, capfd, caplog):
    (tmp_path / "train.txt").write_text("In O\nhere O\n")
    options = [*tiny.options(tiny.QUICK), "--vectors", "random", "--quiet"]
    output = ["--output", str(tmp_path / "model")]
    assert main(["train", "--data", str(tmp_path), *options, *output]) == 0
    first, second, *_ = capfd.readouterr().err.splitlines()
    assert first.startswith("warning: the train split has no label but O")
    assert second.startswith("warning: there is no dev split")
    assert caplog.messages == []
