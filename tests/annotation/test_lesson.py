import pytest

from windowclf.annotation.entries import LabelledPassage
from windowclf.annotation.lesson import make_lesson, make_test
from windowclf.documents.document import Document, LabelledSpan
from windowclf.errors import DataError
from windowclf.text.tokenizer import split_words


def passage(number, text, *spans, lacks=(), words=None):
    found = [LabelledSpan(*span) for span in spans]
    document = Document(text, words, spans=found, place=f"texts.jsonl:{number}")
    return LabelledPassage(number, number, document, lacks)


OSLO = passage(1, "Ada left. Oslo is big.", (10, 14, "LOC"), lacks=("PER", "DRUG"))
TOM = passage(2, "Tom stays.", (0, 3, "PER"))
RIO = passage(3, "Rio is far.", (0, 3, "LOC"), lacks=("PER", "DRUG"))


def test_those_that_lack_the_same_labels_are_a_part():
    lesson = make_lesson("places", [OSLO, TOM, RIO], split_words)
    firsts = [sentence.tokens[0] for sentence in lesson.splits["train"]]
    assert firsts == ["Ada", "Oslo", "Rio", "Tom"]
    # No sentence has a DRUG, so that no model can learn it.
    assert [(part.sentences, part.lacks) for part in lesson.parts] == [(3, ("PER",)), (1, ())]
    assert [sentence.document for sentence in lesson.splits["train"]] == [1, 1, 3, 2]


def test_where_nothing_is_lacked_there_is_one_part():
    assert make_lesson("places", [TOM], split_words).parts == ()


def test_a_test_has_what_each_sentence_lacks():
    sentences, lacks = make_test([OSLO, TOM], split_words)
    assert [sentence.tags[0] for sentence in sentences] == ["O", "B-LOC", "B-PER"]
    assert lacks == [("PER", "DRUG"), ("PER", "DRUG"), ()]


def test_a_passage_that_has_no_tags_is_named():
    cut = passage(7, "Oslo", (0, 2, "LOC"), (2, 4, "LOC"), words=[["Oslo"]])
    with pytest.raises(DataError, match=r"^texts\.jsonl:7: span 2:4 shares the token 'Oslo'"):
        make_lesson("places", [cut], split_words)
