"""Ten thousand labels, labels that are not text, and tags without the ones they belong to."""

import os

import numpy as np
import pytest

import tiny
from windowclf import Corpus, WindowClassifier
from windowclf.corpora.files import read_sentences
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.evaluation.metrics import score
from windowclf.model.model import MOST_LABELS
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.recognition import recognise
from windowclf.tags.schemes import Scheme, convert, legal_transitions

K = 10_000
LABELS = [f"L{i}" for i in range(K // 2)]
TAGS = [f"{prefix}-{label}" for label in LABELS for prefix in "BI"]


def test_tags_of_ten_thousand_kinds():
    assert recognise([TAGS]).scheme is Scheme.IOB2
    finder = SpanFinder(TAGS, Scheme.IOB2)
    assert finder.labels == LABELS
    found = finder.find(np.arange(K), np.array([K]))
    assert found.label.tolist() == [*range(K // 2)]


def test_moves_between_ten_thousand_tags():
    moves = legal_transitions(TAGS, Scheme.IOB2)
    begins = np.array([tag[0] == "B" for tag in TAGS])
    assert (moves.start == begins).all()
    wanted = np.tile(begins, (K, 1))
    inside = np.arange(1, K, 2)
    wanted[inside, inside] = wanted[inside - 1, inside] = True
    assert (moves.transition == wanted).all()


def test_a_file_of_ten_thousand_labels_is_read_and_scored(tmp_path, classifier):
    path = tmp_path / "many.conll"
    path.write_text("".join(f"a{i}\tB-L{i}\nb\tO\n\n" for i in range(K)))
    sentences = [*read_sentences(path)]
    tags = [sentence.tags for sentence in sentences]
    assert score(tags, tags, Scheme.IOB2).total.f1 == 1
    assert len(classifier.evaluate(sentences[:500]).types) >= 500


@pytest.mark.parametrize("scheme", ["iob2", "plain"])
def test_more_labels_than_a_model_has_are_refused(scheme):
    prefix = "" if scheme == "plain" else "B-"
    given = [Sentence([f"a{i}"], [f"{prefix}L{i}"]) for i in range(MOST_LABELS + 1)]
    with pytest.raises(DataError, match=r"10,001 labels, .*: expected at most 10,000; merge"):
        WindowClassifier(**tiny.QUICK).fit(given, vectors="random", scheme=scheme)


def test_a_label_that_no_file_can_hold_is_refused_before_training():
    with pytest.raises(DataError, match=r"label '\\ud800' contains half of a surrogate pair"):
        WindowClassifier(**tiny.QUICK).fit([Sentence(["a"], ["B-\ud800"])], vectors="random")


@pytest.mark.parametrize("tags", [["O", "I-X"], ["I-X", "I-X"], ["O", "I-X", "O", "I-X"]])
def test_an_inside_without_its_beginning(tags):
    for scheme in (Scheme.IOB1, Scheme.IOB2, Scheme.IOBES):
        became = convert(tags, scheme, Scheme.IOB2)
        assert [tag[0] for tag in became] == [
            "O" if tag == "O" else "I" if before == "I-X" else "B"
            for before, tag in zip(["O", *tags], tags, strict=False)
        ]


@pytest.mark.parametrize("tags", [["E-X", "O"], ["O", "E-X"]])
def test_an_end_without_its_beginning(tags):
    assert convert(tags, Scheme.IOBES, Scheme.IOBES) == [
        "O" if tag == "O" else "S-X" for tag in tags
    ]


def test_names_of_files_that_are_no_text(tmp_path, tiny_data):
    path = tmp_path / os.fsdecode(b"v\xe9.txt")
    path.write_bytes((tiny_data / "vectors.vec").read_bytes())
    corpus = Corpus("\udce9", {"train": tiny.sentences()}, Scheme.IOB2, Scheme.IOB2)
    made = WindowClassifier(**tiny.QUICK).fit(corpus, vectors=path)
    made.save(tmp_path / "model")
    record = WindowClassifier.load(tmp_path / "model").model.record
    assert record.data == r"\udce9"
    assert record.vectors.endswith(r"v\udce9.txt")
