"""Records whose labels stand under other keys, or are spelled in other ways, than the usual."""

import pytest
from test_records import TEXT, read, spans

from tables import read as read_table
from windowclf.errors import DataError

TOKENS = ["In", "Oslo", "with", "Ada"]
TAGS = ["O", "B-LOC", "O", "B-PER"]


def test_tags_under_another_key_are_found_and_reported():
    line = {"tokens": TOKENS, "pos_tags": ["IN", "NNP", "IN", "NNP"], "fine_ner": TAGS}
    (document,), report = read(line)
    assert document.tags == [TAGS]
    assert report == "records whose tags were found under 'fine_ner': 1 (first: f.json:1)"
    (document,), report = read(line, labels=False)
    assert (document.tags, report) == (None, "")


def test_tags_under_two_other_keys_are_an_error():
    with pytest.raises(DataError, match=r"f\.json:1: tags under several keys: 'a', 'b'; name one"):
        read({"tokens": TOKENS, "a": TAGS, "b": ["O"] * 4})
    (document,), _ = read({"tokens": TOKENS, "a": TAGS, "b": ["O"] * 4}, tags_column="a")
    assert document.tags == [TAGS]


def test_numbers_under_another_key_are_counted():
    (document,), report = read({"tokens": TOKENS, "fine_ner_tags": [0, 3, 0, 1], "heads": [1] * 4})
    assert document.tags is None
    assert report.startswith("records whose 'fine_ner_tags' has no readable labels: 1")


@pytest.mark.parametrize("key", ["text", "sentence"])
def test_a_text_has_tags_for_the_words_between_its_spaces(key):
    (document,), report = read({key: " In Oslo  with Ada", "labels": TAGS})
    assert "labels" not in report
    assert (document.text, document.words) == (" In Oslo  with Ada", [TOKENS])
    assert document.tags == [TAGS]
    with pytest.raises(DataError, match=r"f\.json:1: 4 words between .* but 1 tags in tags"):
        read({key: TEXT, "tags": ["O"]})
    (document,), _ = read({key: "Oslo", "entities": [], "tags": ["B-LOC"]})
    assert (document.tags, document.spans) == (None, [])


def test_words_that_label_a_text_are_not_tags():
    (document,), _ = read({"text": TEXT, "labels": ["news"], "tags": ["O-Ring"]})
    assert (document.words, document.tags, document.spans) == (None, None, None)


@pytest.mark.parametrize("labels", [True, False])
def test_an_empty_list_of_tokens_does_not_hide_the_text(labels):
    (document,), _ = read({"text": TEXT, "tokens": [], "entities": [[3, 7, "LOC"]]}, labels=labels)
    assert (document.text, document.words) == (TEXT, None)
    assert spans(document) == ([(3, 7, "LOC")] if labels else None)


def test_labels_that_gliner_may_choose_from_are_not_tags():
    (document,), _ = read({"tokenized_text": TOKENS, "ner": [[1, 1, "LOC"]], "label": ["LOC"]})
    assert document.tags == [["O", "B-LOC", "O", "O"]]


@pytest.mark.parametrize(
    "item", [["3", "7", "LOC"], ["LOC", "3", "7"], {"start": "3", "end": "7", "label": "LOC"}]
)
def test_offsets_may_be_strings(item):
    (document,), _ = read({"text": TEXT, "entities": [item]})
    assert spans(document) == [(3, 7, "LOC")]


def test_several_labels_of_a_span_are_reported_with_their_line():
    _, report = read({"text": TEXT, "label": [{"start": 3, "end": 7, "labels": ["LOC", "GPE"]}]})
    assert "(first: f.json:1: label[0]: ['LOC', 'GPE'])" in report


def test_sentences_that_do_not_fit_are_no_hindrance_to_tagging():
    line = {"text": TEXT, "sentences": [["Rome"]]}
    (document,), report = read(line, labels=False)
    assert (document.text, document.words) == (TEXT, None)
    assert report.startswith("records whose sentences do not fit their text: 1 (first: f.json:1:")
    with pytest.raises(DataError, match="'Rome': not found"):
        read(line)


def test_a_column_called_sentence_holds_texts():
    table = "Sentence #,Sentence,POS,Tag\n1,In Oslo,\"['IN', 'NNP']\",\"['O', 'B-geo']\"\n"
    (document,), report = read_table(table)
    assert (document.text, document.tags) == ("In Oslo", [["O", "B-geo"]])
    assert "texts are in the column 'sentence'" in report.line()


@pytest.mark.parametrize("missing", ["NaN", "nan", "None", "<NA>"])
def test_a_missing_number_goes_on_with_the_sentence(missing):
    table = f"Sentence #,Word,Tag\n1,In,O\n{missing},Oslo,B-geo\n2,{missing},O\n"
    found, _ = read_table(table)
    assert [document.words for document in found] == [[["In", "Oslo"]], [[missing]]]


def test_spans_beside_tags_are_reported_as_not_read():
    line = {"tokens": TOKENS, "labels": TAGS, "spans": [{"start": 3, "end": 7, "label": "LOC"}]}
    (document,), report = read(line)
    assert document.tags == [TAGS]
    assert report.startswith("records with tags under 'labels' and, not read, spans under 'spans'")
