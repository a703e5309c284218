"""Trainings that cannot be right: each has a line, and only where it is certain."""

import json
import re

import datasets
import pytest

import tiny
import windowclf
from windowclf.cli import main
from windowclf.corpora.corpus import CorpusPart
from windowclf.corpora.doubts import find_doubts
from windowclf.documents.sentence import Sentence
from windowclf.tags.schemes import Scheme

OUTSIDE = [Sentence(["In", "here"], ["O", "O"])] * 20
PLACE = [Sentence(["In", "Oslo"], ["O", "B-LOC"])] * 20
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
            {"train": LONG, "dev": PLACE, "test": LONG[:10] + PLACE},
            ["^10 of 10 sentences of 7 tokens or more of the test split are also in the train"],
        ),
        ({"train": LONG[:9] + PLACE, "dev": LONG}, []),
    ],
)
def test_doubts(splits, expected):
    found = list(find_doubts(splits, Scheme.IOB2))
    assert len(found) == len(expected), found
    for line, pattern in zip(found, expected, strict=True):
        assert "\n" not in line
        assert re.search(pattern, line)


def test_plain_labels():
    train, dev = [Sentence(["a"], ["NN"])] * 20, [Sentence(["a"], ["I-X"])]
    (line,) = find_doubts({"train": train, "dev": dev}, Scheme.PLAIN)
    assert line.endswith(": I-X")


def names(*labels, words=1):
    """Sentences that have a name of each label, in the midst of other words."""
    return [
        Sentence(["a", *"bcd"[:words], "e"], ["O", f"B-{x}", *[f"I-{x}"] * (words - 1), "O"])
        for x in labels
    ]


def lines(train, scheme=Scheme.IOB2, **options):
    return list(find_doubts({"train": [*PLACE, *train]}, scheme, expects_dev=False, **options))


def test_labels_with_few_examples():
    single, few, *_ = lines(names("PRE", "ORG", "ORG", *"PPPPP"))
    assert single.startswith("one label has a single example in the train split: PRE ('b');")
    assert few.startswith("one label has few examples in the train split: ORG 2;")
    single, few, *_ = lines(names(*"ABCDE", *"ZYXWVZYXWVZ", words=2))
    assert single.startswith("5 labels have a single example in the train split: A ('b c'), B")
    assert "C ('b c'), and 2 more; expected" in single
    assert few.startswith("5 labels have few examples in the train split: V 2, W 2, X 2, and 2 m")


def test_examples_are_spans_even_where_they_are_not_well_formed():
    alone = [Sentence(["x", "y"], ["I-ODD", "I-ODD"])] * 2
    (line,) = lines(alone)
    assert "few examples in the train split: ODD 2;" in line
    assert lines([Sentence(["x", "y"], ["I-ODD", "I-ODD"])] * 5) == []


def test_few_examples_of_plain_labels():
    train = [Sentence(["x", "y"], ["NN", "NN"])] * 2 + [Sentence(["z"], ["UH"])]
    single, few = lines(train, Scheme.PLAIN)
    assert "UH ('z')" in single
    assert "NN 4;" in few


def test_few_sentences():
    (line,) = find_doubts({"train": PLACE[:19]}, Scheme.IOB2, expects_dev=False)
    assert line.startswith("the train split has 19 sentences: expected some hundreds;")
    first, second = find_doubts({"train": PLACE[:1]}, Scheme.IOB2, expects_dev=False)
    assert first.startswith("the train split has 1 sentence: ")
    assert "LOC ('Oslo')" in second
    empty = [Sentence([], [])] * 19
    (line,) = find_doubts({"train": PLACE[:5] + empty}, Scheme.IOB2, expects_dev=False)
    assert "has 5 sentences" in line


def tagged(text, *labels):
    """Sentences of the same words, each with its own labels."""
    return [Sentence(text.split(), own.split()) for own in labels]


def test_contradictions():
    first = tagged("Mr Jordan won", "O B-PER O", "O B-PER O", "O B-LOC O", "O O O")
    second = tagged("In New York", "O B-LOC I-LOC")
    again = tagged("In New York", "O B-LOC O")
    (line,) = (line for line in lines([*second, *first, *again]) if "different labels" in line)
    assert line.startswith(
        "2 sentences of the train split have different labels where the same words"
    )
    assert "'Jordan' of 'Mr Jordan won' is B-PER in sentence 22 and B-LOC in sentence 24; " in line
    assert "; 'York' of 'In New York' is I-LOC in sentence 21 and O in sentence 26; exp" in line
    # A name has another label in another sentence, and one of two words by itself.
    other = [*tagged("Mr Jordan left", "O B-LOC O"), *tagged("New York", "O B-LOC", "O O")]
    assert not [line for line in lines([*first[:2], *other]) if "different labels" in line]


def test_what_a_corpus_does_not_label_contradicts_nothing():
    train = tagged("Mr Jordan won", "O B-PER O", "O O O")
    parts = [CorpusPart("a", "a", len(PLACE) + 1), CorpusPart("b", "b", 1, lacks=("PER",))]
    assert any("different labels" in line for line in lines(train))
    assert not any("different labels" in line for line in lines(train, parts=parts))


def test_contradictions_name_lines(tmp_path):
    rows = "# a comment\n" + "In O\nOslo B-LOC\n\n" * 20
    won = "Mr O\nJordan B-PER\nwon O\n\n"
    rows += won + won + "#\n" + won.replace("B-PER", "O") + won
    (tmp_path / "train.txt").write_text(rows)
    corpus = windowclf.load_corpus(tmp_path)
    (line,) = (
        line
        for line in find_doubts(corpus.splits, corpus.scheme, files=corpus.files)
        if "different labels" in line
    )
    name = tmp_path / "train.txt"
    assert f"is B-PER at {name}:63 and O at {name}:72; expected" in line
    rest = {"train": corpus.splits["train"][1:]}
    *_, line = find_doubts(rest, corpus.scheme, files=corpus.files)
    assert "is B-PER in sentence 20 and O in sentence 22" in line
    name.unlink()
    *_, line = find_doubts(corpus.splits, corpus.scheme, files=corpus.files)
    assert "is B-PER in sentence 21 and O in sentence 23" in line


def test_contradictions_name_records(tmp_path):
    def record(*spans):
        return json.dumps({"text": "Mr Jordan won", "entities": spans}) + "\n"

    name = tmp_path / "train.jsonl"
    name.write_text(record([3, 9, "PER"]) * 20 + record([3, 9, "LOC"]))
    corpus = windowclf.load_corpus(train=name)
    found = list(find_doubts(corpus.splits, corpus.scheme, files=corpus.files))
    assert any(f"is B-PER at {name}:1 and B-LOC at {name}:21" in line for line in found)


def test_copies():
    own = [Sentence(["in", "no", f"x{i}"], ["O"] * 3) for i in range(45)]
    assert lines(own + own[:4]) == []
    (line,) = lines(own + own[:5])
    assert line.startswith("5 of 50 sentences of the train split are copies of others")
    more = [Sentence(["in", "so", f"x{i}"], ["O"] * 3) for i in range(10)]
    assert lines([*own, *more, *own[:5]]) == []


def test_fit_logs_them(caplog):
    quick = windowclf.WindowClassifier(**tiny.QUICK)
    quick.fit(OUTSIDE + PLACE, vectors="random")
    assert caplog.messages == []  # no dev text was asked for
    quick.fit(OUTSIDE, vectors="random")
    (message,) = caplog.messages
    assert message.startswith("the train split has no label but O")
    caplog.clear()
    rows = datasets.Dataset.from_dict({"tokens": [["Oslo"]] * 20, "ner_tags": [["B-LOC"]] * 20})
    quick.fit(datasets.DatasetDict(train=rows), vectors="random")
    assert [message[:21] for message in caplog.messages] == ["there is no dev split"]


def test_train_reports_them_once(tmp_path, capfd, caplog):
    (tmp_path / "train.txt").write_text("In O\nhere O\n\n" * 20)
    options = [*tiny.options(tiny.QUICK), "--vectors", "random", "--quiet"]
    output = ["--output", str(tmp_path / "model")]
    assert main(["train", "--data", str(tmp_path), *options, *output]) == 0
    first, second, *_ = capfd.readouterr().err.splitlines()
    assert first.startswith("warning: the train split has no label but O")
    assert second.startswith("warning: there is no dev split")
    assert caplog.messages == []
