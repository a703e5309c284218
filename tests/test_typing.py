"""What mypy says of a program that uses the classifier."""

import subprocess
import sys

import pytest

pytest.importorskip("mypy")

PROGRAM = """
from collections.abc import Iterator
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from windowclf import Entity, Sentence, TaggedText, WindowClassifier, load, to_dataframe

classifier = WindowClassifier(hidden=100).fit([Sentence(["Oslo"], ["B-LOC"])], vectors="random")
classifier.fit([(["Oslo"], ["B-LOC"])], [(["Oslo"], ["B-LOC"])]).save("model")
assert_type(classifier, WindowClassifier)
classifier.fit([("Oslo", {"entities": [(0, 4, "LOC")]})], None, progress=True)
classifier.fit([{"tokens": ["Oslo"], "tags": ["B-LOC"]}])
entity: dict[str, str | int | float] = classifier.tag("Oslo")[0]._asdict()
frame = to_dataframe(classifier.pipe(["Oslo"]))
assert_type(load().tags, list[str])
assert_type(classifier.tag("Oslo"), list[Entity])
assert_type(classifier.tag_text("Oslo"), TaggedText)
assert_type(classifier.tag_tokens(["Oslo"]), list[Entity])
assert_type(classifier.predict([["Oslo"]]), list[list[str]])
probabilities: list[NDArray[np.float32]] = classifier.predict_proba([["Oslo"]])
assert_type(classifier.pipe(["Oslo"]), Iterator[TaggedText])
assert_type(classifier.pipe([("Oslo", 1)], as_tuples=True), Iterator[tuple[TaggedText, int]])
f1: float = classifier.evaluate([(["Oslo"], ["B-LOC"])]).total.f1
classifier.pipe([("Oslo", 1)])  # type: ignore[list-item]
classifier.tag_batch({"text": ["Oslo"]})["entities"]
"""


def test_a_strict_program_has_no_error(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
