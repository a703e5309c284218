"""What is a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import characters
from windowclf.documents.formats.table_recognition import is_table
from windowclf.documents.reading import ReadOptions

TABULAR = {
    "tweets": "tweet_id\tuser\ttweet\n11\tAda\tTom is in Oslo\n12\tTom\tOslo is cold\n",
    "two columns": "id\ttweet\n11\tTom is in Oslo\n12\tcold\n",
    "text": "id\ttext\n1\tOslo\n",
    "text, cut": "id,text\n1,Oslo\n2,In O",
    "Text": '\ufeffid;Text\n1;"a\nb"\n',
    "quoted names": '"id"\t"text"\n1\tOslo\n',
    "sep": "sep=;\na;b\n1;2\n",
    "Kaggle": "Sentence #,Word,POS,Tag\nSentence: 1,Ada,NNP,B-per\n,left,VBD,O\n",
    "Kaggle with an index": ",Sentence #,Word,POS,Tag\n0,Sentence: 1,Ada,NNP,B-per\n",
    "tokens": "token\tner\nAda\tB-PER\nleft\tO\n\nOslo\tB-LOC\n",
    "other names": "palabra\tetiqueta\nAda\tB-PER\n.\tO\n\nOslo\tB-LOC\n",
    "lists": "id,tokens,ner_tags\n1,\"['Ada']\",[1]\n",
    "three names": "id;user;tweet\n1;Ada;In Oslo\n2;Tom;Oslo, now\n",
    "a short row": "id\ttext\n1\tOslo\n2\n3\tRome\n",
    "a text with a comma more": "id,text\n" + "1,a\n" * 20 + "2,b,c\n",
}
NOT_TABULAR = {
    "CoNLL": "EU\tB-ORG\nrejects\tO\n\nOslo\tB-LOC\n",
    "CoNLL without blank": "EU\tB-ORG\nrejects\tO\n",
    "spaces": "EU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\n",
    "no prefix": "EU\tORG\nrejects\tO\n.\tO\n\nOslo\tLOC\n",
    "no prefix, only O": "We\tO\nleft\tO\n",
    "text": "text\tO\nfiles\tO\n\n",
    "words": "word\tO\nfiles\tO\nOslo\tB-LOC\n",
    "a word that may be a name": "Token\tORG\nsaid\tO\n\nOslo\tLOC\nis\tO\n",
    "GermEval": "#\thttp://example.org [2009]\n1\tAda\tB-PER\tO\n2\tsagt\tO\tO\n\n",
    "UNER": "# sent_id = a-1\n# text = Ada left\n1\tAda\tB-PER\t-\tann1\n2\tleft\tO\t-\tann1\n\n",
    "numbers": "1\tAda\tB-PER\n2\tleft\tO\n",
    "mark": "-DOCSTART-\tO\n\nAda\tB-PER\n",
    "CoNLL-U": "1\tAda\tAda\tPROPN\t_\n2\tin New York\t_\tX\t_\n",
    "phrases": "New York\tB-LOC\nis big\tO\n",
    "prose of text": "Text, image and sound\n",
    "prose": "Ada, left\nTom, stayed\nOslo, too\n",
    "prose of sentences": "Yes, he said, now\nNo, she said, never\n",
    "a form": "Name\tAda Lovelace\nCity\tOslo in Norway\n",
    "one column": "text\nIn Oslo\n",
    "words of one line": "a,b,c\n",
    "paragraphs": "name\tvalue\nx\ty z\n\nu\tv w\n",
    "signature": "Ada\tTom\nOslo\tRome\n",
    "empty": "",
    "blank": "\n\n",
}


@pytest.mark.parametrize("name", TABULAR)
def test_what_is_a_table(name):
    assert is_table(TABULAR[name], ReadOptions())


@pytest.mark.parametrize("name", NOT_TABULAR)
def test_what_is_no_table(name):
    assert not is_table(NOT_TABULAR[name], ReadOptions())


def test_what_is_asked_for_makes_a_table():
    head = "Nr\tWert\nx\ty\n\nx\ty\n"
    assert not is_table(head, ReadOptions())
    assert is_table(head, ReadOptions(text_column="Wert"))
    assert is_table(head, ReadOptions(tokens_column="Wert"))
    assert not is_table(head, ReadOptions(text_column="Wert", delimiter=";"))
    assert not is_table("1\tOslo\tB-LOC\n", ReadOptions(text_column="1"))


@given(st.text(characters, max_size=60))
def test_any_head_has_an_answer(head):
    assert is_table(head, ReadOptions()) in (True, False)
