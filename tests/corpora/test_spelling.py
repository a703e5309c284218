"""Corpora whose tags are not IOB2: which place an error names, and what is noted."""

import io
import json
import sys

import pytest

import tiny
from windowclf import Sentence, WindowClassifier, load_corpus
from windowclf.corpora.coerce import as_training_text
from windowclf.corpora.predictions import read_predictions
from windowclf.errors import DataError
from windowclf.tags.schemes import Scheme, convert

GOOD = "# id = 1\nIn O\nOslo B-LOC\n\n-DOCSTART- O\n\nTom B-PER\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def tags(corpus):
    return {split: [list(s.tags) for s in found] for split, found in corpus.splits.items()}


def rows(*sentences):
    return "\n".join("".join(f"a {tag}\n" for tag in tags.split()) for tags in sentences)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("dev.txt", "# O\n\n# id = 1\na O\nb B-X\n# c d e\nb X-PER\n", "data/dev.txt:7"),
        ("dev.conll", "a\tb\tO\n\nX-PER\tb\tO\na b\tc\tX-PER\n", "data/dev.conll:4"),
        ("dev.txt", "a O\r\n\r\n\r\nb X-PER\r\n", "data/dev.txt:4"),
        (
            "dev.jsonl",
            '{"tokens": ["a"], "tags": ["O"]}\n\n{"text": "b", "label": [[0, 1, "X-PER"]]}\n'
            '{"tokens": ["a"], "tags": ["X-PER"]}\n',
            "data/dev.jsonl:4",
        ),
    ],
)
def test_an_error_in_a_tag_names_file_and_line(folder, name, text, place):
    (folder / "train.txt").write_text(GOOD)
    (folder / name).write_bytes(text.encode())
    with pytest.raises(DataError, match=rf"^{place}: tag 'X-PER' does not fit") as refusal:
        load_corpus("data")
    assert "\n" not in str(refusal.value)
    with pytest.raises(DataError, match=rf"^{place}: tag 'X-PER' is not one of bilou"):
        load_corpus("data", scheme="bilou")


def test_rows_of_parquet_are_counted(folder):
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({"tokens": [["a"], ["b"]], "ner_tags": [["B-X"], ["X-PER"]]})
    parquet.write_table(table, folder / "train.parquet")
    with pytest.raises(DataError, match=r"^data/train.parquet, row 1: tag 'X-PER' does"):
        load_corpus("data")


def test_a_stream_cannot_be_read_twice_so_sentences_are_counted(stdin):
    stdin(GOOD.replace("B-PER", "X-PER").encode())
    with pytest.raises(DataError, match=r"^stdin, sentence 2: tag 'X-PER' does not fit"):
        load_corpus(train="-")


@pytest.fixture
def stdin(monkeypatch):
    def use(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return use


def test_what_was_guessed_is_noted(folder):
    (folder / "train.txt").write_text(rows("B_X L_X O U_Y", "O"))
    corpus = load_corpus("data")
    assert tags(corpus) == {"train": [["B-X", "I-X", "O", "B-Y"], ["O"]]}
    assert (corpus.scheme, corpus.original_scheme) == (Scheme.IOB2, Scheme.BILOU)
    assert corpus.notes == (
        "data: the tags are recognised as bilou; `scheme` chooses another",
        "data: tags such as 'B_X' are read as B-X",
    )
    (folder / "train.txt").write_text(GOOD)
    assert load_corpus("data").notes == ()
    assert corpus.with_train_fraction(0.5, seed=1).notes == corpus.notes


def test_tags_that_break_the_rules_are_noted_with_the_first_place(folder):
    (folder / "train.txt").write_text(rows("B-X I-X", "B-X O"))
    (folder / "dev.txt").write_text(rows("B-X", "O I-X", "I-X"))
    [note] = load_corpus("data").notes
    assert note.startswith("data/dev.txt:4: 2 tags break the rules of iob2, so conlleval's rules")
    assert note.endswith("first 'I-X' after 'O'")


@pytest.mark.parametrize(
    ("train", "dev", "schemes"),
    [
        ("B-X I-X O B-X", "B-X L-X O U-Y", "iob2 bilou"),
        ("B-PER I-PER O B-PER", "PER PER O PER", "iob2 io"),
        ("B-X E-X O S-X", "B-X L-X O U-X", "iobes bilou"),
        ("B-X I-X O B-X", "X-B X-I O X-B", "iob2 iob2"),
    ],
)
def test_splits_in_schemes_of_their_own(folder, train, dev, schemes):
    (folder / "train.txt").write_text(rows(train, train))
    (folder / "dev.txt").write_text(rows(dev))
    (folder / "test.txt").write_text(rows("O O"))
    corpus = load_corpus("data")
    label = train[2:].split()[0]
    last = "Y" if "Y" in dev else label
    assert tags(corpus) == {
        "train": [[f"B-{label}", f"I-{label}", "O", f"B-{label}"]] * 2,
        "dev": [[f"B-{label}", f"I-{label}", "O", f"B-{last}"]],
        "test": [["O", "O"]],
    }
    one, two = schemes.split()
    assert corpus.original_scheme == one
    assert f"data: the scheme of the train split is {one}" in corpus.notes
    assert f"data: the scheme of the dev split is {two}" in corpus.notes


def test_spans_of_a_file_are_not_taken_for_its_tags(folder):
    lines = [
        {"text": "In New York", "entities": [[3, 11, "E-mail U-x"]]},
        {"tokens": ["Tom", "O'Hara", "met"], "tags": ["PER", "PER", "O"]},
    ]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert tags(load_corpus("data")) == {
        "train": [["O", "B-E-mail U-x", "I-E-mail U-x"], ["B-PER", "I-PER", "O"]]
    }
    with pytest.raises(DataError, match=r"^data: has spans, but plain labels are for single tok"):
        load_corpus("data", scheme="plain")


def test_sentences_of_python_are_recognised_and_counted():
    sentences = [(["a", "b"], ["U-X", "O"]), (["c", "d"], ["B-Y", "L-Y"])]
    text = as_training_text(sentences, [(["e"], ["U-X"])], "auto")
    assert [list(s.tags) for s in text.train] == [["B-X", "O"], ["B-Y", "I-Y"]]
    assert [list(s.tags) for s in text.dev] == [["B-X"]]
    assert text.scheme is Scheme.IOB2
    assert text.notes == ("the tags are recognised as bilou; `scheme` chooses another",)
    with pytest.raises(DataError, match=r"^dev, sentence 1: tag 'X-X' does not fit the other"):
        as_training_text(sentences, [(["e"], ["X-X"])], "auto")
    with pytest.raises(DataError, match=r"^train, sentence 1: tag 'U-X' is not one of iob2"):
        as_training_text(sentences, [], "iob2")


def test_dev_sentences_beside_a_corpus_have_a_scheme_of_their_own(folder):
    (folder / "train.txt").write_text(GOOD)
    text = as_training_text(load_corpus("data"), [(["e", "f"], ["B-X", "L-X"])], "auto")
    assert [list(s.tags) for s in text.dev] == [["B-X", "I-X"]]


def test_a_classifier_is_trained_and_measured_on_tags_of_any_scheme():
    plain = tiny.sentences()
    letters = {"B": "B", "I": "I", "E": "L", "S": "U"}
    bilou = [
        Sentence(s.tokens, [t if t == "O" else letters[t[0]] + t[1:] for t in found])
        for s in plain
        for found in [convert(s.tags, Scheme.IOB2, Scheme.IOBES)]
    ]
    made = WindowClassifier(**tiny.QUICK).fit(bilou, vectors="random")
    assert made.labels == ["LOC", "PER"]
    scores = made.evaluate(plain, scheme="bio")
    assert made.evaluate(bilou) == made.evaluate(bilou, scheme="bilou") == scores
    assert scores.tokens == sum(map(len, plain))


def test_predictions_are_read_in_their_own_scheme(folder):
    gold = [Sentence(["In", "New", "York"], ["O", "B-LOC", "I-LOC"]), Sentence(["Tom"], ["B-PER"])]
    (folder / "said.txt").write_text("In O\nNew B-LOC\nYork L-LOC\n\nTom U-PER\n")
    found = read_predictions("data/said.txt", gold, Scheme.IOB2)
    assert [list(tags) for tags in found.tags] == [["O", "B-LOC", "I-LOC"], ["B-PER"]]
    assert found.notes == (
        "data/said.txt: the tags are recognised as bilou; `scheme` chooses another",
    )
    lines = [{"text": "In New York", "entities": [[3, 11, "LOC"]]}, {"text": "Tom", "label": []}]
    (folder / "said.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = read_predictions("data/said.jsonl", gold, Scheme.IOB2)
    assert [list(tags) for tags in found.tags] == [["O", "B-LOC", "I-LOC"], ["O"]]
    with pytest.raises(DataError, match=r"^data/said\.jsonl: has spans, but plain labels are"):
        read_predictions("data/said.jsonl", gold, Scheme.PLAIN)
