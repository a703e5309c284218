"""The text unit, wherever raw text goes in."""

import pytest

from windowclf.errors import UsageError
from windowclf.tagging.texts import SPLITTERS, unit_splitter
from windowclf.text.tokenizer import split_words
from windowclf.text.units import TEXT_UNITS

WRAPPED = "They saw Grace\nHopper"
JOINED = [["They", "saw", "Grace", "Hopper"]]
APART = [["They", "saw", "Grace"], ["Hopper"]]


@pytest.mark.parametrize("unit", TEXT_UNITS)
def test_a_unit_decides_where_sentences_end(classifier, unit):
    expected = JOINED if unit in ("paragraph", "file") else APART
    assert next(classifier.pipe([WRAPPED], text_unit=unit)).words == expected
    [(tagged, context)] = classifier.pipe([(WRAPPED, 1)], as_tuples=True, text_unit=unit)
    assert (tagged.words, context) == (expected, 1)
    entities = classifier.tag(WRAPPED, text_unit=unit)
    assert entities == tagged.entities
    batch = classifier.tag_batch({"text": [WRAPPED]}, text_unit=unit)
    assert [e["text"] for e in batch["entities"][0]] == [e.text for e in entities]
    place = next(i for i, words in enumerate(expected) if "Hopper" in words)
    assert classifier.explain(WRAPPED, 3, candidates=0, text_unit=unit).tokens == expected[place]


def test_the_name_of_a_unit_is_checked(classifier):
    message = "^text_unit: expected auto, line, paragraph or file, got 'words'$"
    for call in (
        lambda: classifier.tag("", text_unit="words"),
        lambda: classifier.pipe([], text_unit="words"),
        lambda: classifier.tag_batch({"text": []}, text_unit="words"),
        lambda: classifier.explain("a", 0, text_unit="words"),
        lambda: unit_splitter("words"),
    ):
        with pytest.raises(UsageError, match=message):
            call()
    with pytest.raises(UsageError, match=r"^text_unit: split decides where sentences end"):
        classifier.pipe([], split=split_words, text_unit="line")


def test_the_names_of_stored_jobs_stay():
    assert {"text", "pretokenized", "lines", "line", "paragraph", "file"} == SPLITTERS.keys()
    assert SPLITTERS["text"] is unit_splitter("auto") is split_words
    assert SPLITTERS["lines"]("He left. Who\nknows") == [["He", "left", ".", "Who"], ["knows"]]
    assert SPLITTERS["line"]("He left. Who\nknows") == [["He", "left", "."], ["Who"], ["knows"]]
