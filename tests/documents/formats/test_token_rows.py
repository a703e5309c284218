"""Tables with a token a row."""

import csv as reference
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import characters
from tables import documents, read, sentences, spans, tagged, written
from windowclf.documents.formats import csv
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError

ADA = (["Ada", "left", "null", '"'], ["B-per", "O", "O", "O"])
OSLO = (["In", "Oslo"], ["O", "B-geo"])

KAGGLE = """\
Sentence #,Word,POS,Tag
Sentence: 1,Ada,NNP,B-per
,left,VBD,O
,null,NN,O
,\"\"\"\",``,O
Sentence: 2,In,IN,O
,Oslo,NNP,B-geo
"""
SHAPES = {
    "Kaggle": KAGGLE,
    "with an index": "\n".join(
        f"{number},{line}" for number, line in enumerate(KAGGLE.split("\n")[:-1])
    ).replace("0,", ",", 1),
    "filled in each row": KAGGLE.replace("\n,l", "\nSentence: 1,l")
    .replace("\n,n", "\nSentence: 1,n")
    .replace('\n,"', '\nSentence: 1,"')
    .replace("\n,O", "\nSentence: 2,O"),
    "blank rows": 'word;ner\nAda;B-per\nleft;O\nnull;O\n"""";O\n\n\nIn;O\nOslo;B-geo\n',
    "empty rows": 'word,ner\nAda,B-per\nleft,O\nnull,O\n"""",O\n,\n,,\nIn,O\nOslo,B-geo\n',
    "tabs": 'token\tner\nAda\tB-per\nleft\tO\nnull\tO\n"\tO\n\nIn\tO\nOslo\tB-geo\n',
    "ids": 'sent_id,pos,form,label\n1,N,Ada,B-per\n1,V,left,O\n1,N,null,O\n1,F,"""",O\n'
    "2,I,In,O\n2,N,Oslo,B-geo\n",
    "one sentence of each document": "doc_id,sentence_id,word,tag\na,1,Ada,B-per\na,1,left,O\n"
    'a,1,null,O\na,1,"""",O\nb,1,In,O\nb,1,Oslo,B-geo\n',
    "the same number again": KAGGLE.replace("Sentence: 2", "Sentence: 1"),
    "pipes": 'Token|Lemma|NER\nAda|Ada|B-per\nleft|leave|O\nnull|null|O\n""""|x|O\n\nIn|in|O\n'
    "Oslo|Oslo|B-geo\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape):
    assert sentences(SHAPES[shape]) == [ADA, OSLO]
    untagged = [(tokens, None) for tokens, _ in (ADA, OSLO)]
    assert sentences(SHAPES[shape], labels=False) == untagged


def test_what_was_read_is_told():
    _, report = read("sent,word,tag,ner,x\n1,Oslo,NNP,B-geo,0\n")
    assert report.line() == (
        "tables read with a token a row: 1 (first: here.csv: tokens from 'word', tags from 'ner', "
        "not from 'tag', sentences by 'sent')"
    )


def test_columns_may_be_told():
    data = "nr,text,pos,klasse\n1,In,P,O\n1,Oslo,N,B-geo\n"
    assert sentences(data, tokens_column="text", tags_column="klasse") == [
        (["In", "Oslo"], ["O", "B-geo"])
    ]
    assert sentences(data, tokens_column=1, tags_column="-1") == [(["In", "Oslo"], ["O", "B-geo"])]
    # Without tags in the table.
    assert sentences("word\nIn\nOslo\n\nIn\n") == [(["In", "Oslo"], None), (["In"], None)]


def test_tags_that_are_numbers_need_names():
    data = "sent,word,tag\n1,In,0\n1,Oslo,1\n"
    names = ("O", "B-geo")
    assert sentences(data, label_names=names) == [(["In", "Oslo"], ["O", "B-geo"])]
    with pytest.raises(DataError, match=r"^here\.csv:2: 0 where a label is expected: .*names"):
        sentences(data)


def test_sentences_without_numbers_end_after_a_full_stop():
    data = "word,tag\nAda,O\nleft,O\n.,O\n),O\nIn,O\nSt,B-LOC\n.,I-LOC\nPaul,I-LOC\n?,O\nWe,O\n"
    found, report = read(data)
    assert [document.text for document in found] == ["Ada left . )", "In St . Paul ?", "We"]
    assert report.tallies["ends of sentences guessed after a full stop"] == (2, "here.csv:6")
    # Blank rows end a sentence.
    found, report = read(data + "\nI,O\n.,O\nsee,O\n")
    assert [document.text for document in found][-1] == "I . see"
    assert "ends of sentences guessed after a full stop" not in report.tallies


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",,NN,O", ":4: an empty token in the column 'Word'; expected a word"),
        (",now,NN,", ":4: an empty tag in the column 'Tag'; expected a tag such as O"),
        (",now,O", ":4: 3 cells, but the header has 4"),
        (',"now,NN,O', ":4: malformed CSV: a quotation mark"),
    ],
)
def test_a_sentence_with_a_bad_row(row, message):
    data = f"Sentence #,Word,POS,Tag\n1,In,I,O\n2,Ada,N,B-per\n{row}\n,too,R,O\n3,Oslo,N,B-geo\n"
    with pytest.raises(DataError, match=rf"^here\.csv{message}"):
        sentences(data)
    found, report = read(data, on_error="skip")
    assert [document.text for document in found] == ["In", "Oslo"]
    skipped = {what: tally.times for what, tally in report.tallies.items() if " skipped" in what}
    torn = report.tallies.get("sentences left out that may lack a row")
    if "cells" in message or "CSV" in message:
        assert skipped == {"rows skipped": 1}
        assert torn == (1, "before here.csv:6")
    else:
        assert skipped == {"sentences skipped": 1}
        assert torn is None
    if row != ",now,NN,":
        return
    assert [d.text for d in documents(data, labels=False)] == ["In", "Ada now too", "Oslo"]


def test_a_bad_row_between_sentences_tears_both():
    data = "sent,word,tag\n1,In,O\n2,Ada,O\n3,Oslo\n3,now,O\n4,a,O\n"
    found, report = read(data, on_error="skip")
    assert [document.text for document in found] == ["In", "a"]
    assert report.tallies["sentences left out that may lack a row"].times == 2
    # A blank row shows where one ends.
    data = "word,tag\nIn,O\n\nAda,O\nOslo\n\nnow,O\n"
    assert [document.text for document in read(data, on_error="skip")[0]] == ["In", "now"]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_rows_are_written_with_other_tags(shape):
    given = tagged(documents(SHAPES[shape], labels=False))
    output = written(given)
    assert spans(output) == [[], [(3, 7, "LOC")]]
    before, after = (
        [row for row in reference.reader(io.StringIO(text)) if any(row)]
        for text in (SHAPES[shape], output)
    )
    if shape in ("Kaggle", "with an index", "ids"):
        assert [row[:-1] for row in after] == [row[:-1] for row in before]
        assert {row[-1] for row in after[1:]} == {"O", "B-LOC"}


def test_a_blank_row_after_many_ends_the_guessing():
    data = "word,tag\n" + "a,O\n" * 150 + "\nI,O\n.,O\nsee,O\n"
    assert [len(document.words[0]) for document in documents(data)] == [150, 3]


def test_a_column_of_tags_is_added():
    given = tagged(documents("word;x\nIn;1\n\nOslo;2\n", labels=False))
    assert written(given) == "word;x;tag\r\nIn;1;O\r\n\r\nOslo;2;B-LOC\r\n"
    assert written(given, delimiter=",").startswith("word,x,tag\r\n")


@given(
    st.lists(
        st.lists(st.text(characters, min_size=1, max_size=5).filter(str.strip), min_size=1),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(",;|"),
)
def test_any_tokens_are_read_back(given, delimiter):
    file = io.StringIO(newline="")
    rows = [(n, token, "O") for n, tokens in enumerate(given) for token in tokens]
    reference.writer(file, delimiter=delimiter).writerows([("sent_id", "word", "tag"), *rows])
    expected = [[token.strip() for token in tokens] for tokens in given]
    data = file.getvalue()
    for _ in range(2):
        found = documents(data, tokens_column="word")
        assert [document.words for document in found] == [[tokens] for tokens in expected]
        data = written(found)


def test_sentences_are_answered_as_they_come():
    pieces = [b"sent,word,tag\n", b"1,In,O\n", b"1,Oslo,O\n", b"2,Ada,O\n", b"2,too,O\n"]

    class Slow(io.BytesIO):
        def read1(self, size):
            return pieces.pop(0) if pieces else b""

    batches = csv.read(Slow(), "x", ReadOptions())
    assert [document.text for document in next(batches)] == ["In Oslo"]
    assert len(pieces) == 1
    assert [document.text for document in next(batches)] == ["Ada too"]


def test_rows_of_tokens_and_texts_do_not_mix():
    given = [*documents("sent,word\n1,Oslo\n"), *documents("text\nOslo\n")]
    with pytest.raises(DataError, match="has the columns 'text', 'entities', but the first has"):
        written(given)
