"""Column files as corpora and tools write them: found without options, and written likewise."""

import io
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from windowclf.documents.document import Document, LabelledSpan, with_spans
from windowclf.documents.formats import conll
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError
from windowclf.tags.schemes import Scheme


def tabbed(text):
    """Write columns with tabs, which are hard to see in a test."""
    return text.replace(" ", "\t")


def read(text, **options):
    options = ReadOptions(**options)
    batches = conll.read(io.BytesIO(text.encode()), "here.conll", options)
    return [document for batch in batches for document in batch], options.report


def rows(documents):
    """List the sentences of documents, each as ``word/tag word/tag``."""
    return [
        " ".join(map("/".join, zip(words, tags, strict=True)))
        for document in documents
        for words, tags in zip(document.words, document.tags, strict=True)
    ]


def written(documents, scheme=Scheme.IOB2):
    file = io.BytesIO()
    conll.Writer(file, WriteOptions(scheme=scheme)).write(documents)
    return file.getvalue().decode()


UNER = (
    "# newdoc id = weblog\n# sent_id = weblog-1\n# text = Acme is in Oslo\n"
    + tabbed("1 Acme B-ORG - ann1\n2 is O - ann1\n3 in O - ann1\n4 Oslo B-LOC - ann1\n\n")
    + "# sent_id = weblog-2\n# text = No\n"
    + tabbed("1 No O - ann1\n\n")
)
GERMEVAL = (
    "#\thttp://de.example.org/wiki/X [2009-10-17]\n"
    + tabbed("1 Die O O\n2 Kieler B-LOCderiv O\n3 Uni B-ORG B-LOC\n\n")
    + "#\tZeitung vom 26.02.2005 [2005-02-26]\n"
    + tabbed("1 Ute B-PER O\n2 kam O O\n\n")
)
MULTICONER = (
    "# id 0001 domain=en\nada _ _ B-OtherPER\nbell _ _ I-OtherPER\n\n"
    "# id 0002\tdomain=en\noslo _ _ B-HumanSettlement\n\n"
)
WNUT = tabbed("@ada O\n#Oslo B-location\n\n#win O\nnow O\n\n# O\n1 O\n\n")
CONLL_2003 = (
    "-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nbans VBZ I-VP O\n\n"
    "-DOCSTART- -X- -X- O\n\nOslo NNP I-NP I-LOC\n\nToday NN I-NP O\n\n"
)
ONTONOTES = """\
#begin document (bc/x/00/x_0000); part 000
bc/x  0  0  The    DT   (TOP(S(NP*  -    -   -  Ann  (ORG*     (ARG0*  (1
bc/x  0  1  Oslo   NNP  *           -    -   -  Ann  (GPE)     *       (2)
bc/x  0  2  Club   NNP  *)          -    -   -  Ann  *)        *)      1)
bc/x  0  3  won    VBD  (VP*)))     win  01  -  Ann  *         (V*)    -

bc/x  0  0  Yes    UH   (TOP*)      -    -   -  Ann  *         -

#end document
#begin document (bc/y/00/y_0000); part 000
bc/y  0  0  Kim    NNP  (TOP*)      -    -   -  Bob  (PERSON)  -

#end document
"""
STANZA = (
    "# newdoc id = a\n# text = Ada du Lac won.\n# sent_id = 0\n"
    + tabbed(
        "1 Ada ada PROPN NNP _ 5 nsubj _ start_char=0|end_char=3|ner=B-PERSON\n"
        "2-3 du _ _ _ _ _ _ _ start_char=4|ner=I-PERSON\n"
        "2 de de ADP IN _ 4 case _ _\n"
        "3 le le DET DT _ 4 det _ _\n"
        "4 Lac lac PROPN NNP _ 1 flat _ start_char=7|ner=E-PERSON\n"
        "5 won win VERB VBD _ 0 root _ SpaceAfter=No|ner=O\n"
        "6 . . PUNCT . _ 5 punct _ ner=O\n\n"
    )
    + "# text = It's Oslo\n# sent_id = 1\n"
    + tabbed(
        "1 It it PRON PRP _ 3 nsubj _ SpaceAfter=No|ner=O\n"
        "2 's be AUX VBZ _ 3 cop _ ner=O\n"
        "2.1 gone go VERB VBN _ _ _ _ _\n"
        "3 Oslo oslo PROPN NNP _ 0 root _ ner=S-GPE\n\n"
    )
    + "# newdoc id = b\n"
    + tabbed("1 Hi hi INTJ UH _ 0 root _ SpaceAfter=No|ner=O\n2 ! ! PUNCT . _ 1 x _ ner=O\n\n")
)
GINZA = tabbed(
    "1 Oslo oslo PROPN NNP _ 2 nsubj _ NE=B-GPE|ENE=B-City\n2 won win VERB VBD _ 0 root _ _\n\n"
)
NORNE = tabbed("1 Ute ute PROPN _ _ 0 root _ name=B-PER\n2 kom komme VERB _ _ 1 x _ name=O\n\n")
OLD_NORNE = tabbed("1 Ute ute PROPN _ _ 0 root _ B-PER\n2 kom komme VERB _ _ 1 x _ O\n\n")
COREFUD = "# global.Entity = eid-etype-head-other\n" + tabbed(
    "1 New new PROPN NNP _ 2 x _ Entity=(e1-place-2-(e2-name-1-)\n"
    "2 York york PROPN NNP _ 3 x _ Entity=e1)\n"
    "3 won win VERB VBD _ 0 root _ _\n\n"
)
PLUS = "# global.columns = ID FORM UPOS NER MISC\n# text = Oslo won.\n" + tabbed(
    "1 Oslo PROPN B-LOC _\n2 won VERB O SpaceAfter=No\n3 . PUNCT O _\n\n"
)
LABEL_STUDIO = "-DOCSTART- -X- O\nAda -X- _ B-PER\nwon -X- _ O\n\nOslo -X- _ B-LOC\n\n"
CORENLP = tabbed(
    "1 The the DT O 2 det\n2 Acme acme NNP ORGANIZATION 0 ROOT\n3 won win VB O 2 x\n\n"
)
WIKINEURAL = tabbed("0 In O\n1 Oslo B-LOC\n\n0 Yes O\n\n")

FILES = {
    # name: (text, sentences, texts if they are not the words alone, columns reported)
    "uner": (UNER, ["Acme/B-ORG is/O in/O Oslo/B-LOC", "No/O"], 1, 2),
    "germeval": (GERMEVAL, ["Die/O Kieler/B-LOCderiv Uni/B-ORG", "Ute/B-PER kam/O"], 1, 2),
    "multiconer": (
        MULTICONER,
        ["ada/B-OtherPER bell/I-OtherPER", "oslo/B-HumanSettlement"],
        None,
        None,
    ),
    "wnut": (WNUT, ["@ada/O #Oslo/B-location", "#win/O now/O", "#/O 1/O"], None, None),
    "conll 2003": (CONLL_2003, ["EU/I-ORG bans/O", "Oslo/I-LOC", "Today/O"], None, None),
    "ontonotes": (
        ONTONOTES,
        ["The/B-ORG Oslo/I-ORG Club/I-ORG won/O", "Yes/O", "Kim/B-PERSON"],
        None,
        None,
    ),
    "stanza": (
        STANZA,
        [
            "Ada/B-PERSON de/I-PERSON le/I-PERSON Lac/E-PERSON won/O ./O",
            "It/O 's/O Oslo/S-GPE",
            "Hi/O !/O",
        ],
        None,
        None,
    ),
    "ginza": (GINZA, ["Oslo/B-GPE won/O"], None, None),
    "norne": (NORNE, ["Ute/B-PER kom/O"], None, None),
    "old norne": (OLD_NORNE, ["Ute/B-PER kom/O"], None, None),
    "plus": (PLUS, ["Oslo/B-LOC won/O ./O"], None, None),
    "label studio": (LABEL_STUDIO, ["Ada/B-PER won/O", "Oslo/B-LOC"], None, None),
    "corenlp": (CORENLP, ["The/O Acme/ORGANIZATION won/O"], 1, 4),
    "wikineural": (WIKINEURAL, ["In/O Oslo/B-LOC", "Yes/O"], 1, None),
    "bc5cdr": (tabbed("Acute O\nfever B-Disease\n\n"), ["Acute/O fever/B-Disease"], None, None),
    "no names yet": ("EU NNP I-NP O\nbans VBZ I-VP O\n\n", ["EU/O bans/O"], None, None),
    "chunks": ("EU NNP B-NP\nbans VBZ B-VP\n\n", ["EU/B-NP bans/B-VP"], None, None),
    "parts of speech": ("EU NNP\nbans VBZ\n\n", ["EU/NNP bans/VBZ"], None, None),
    "brackets": ("EU NNP (ORG)\nbans VBZ *\n\n", ["EU/B-ORG bans/O"], None, None),
    "mit": (
        tabbed("B-Dish thai\nO food\nO near\nB-Place Oslo\n\n"),
        ["thai/B-Dish food/O near/O Oslo/B-Place"],
        1,
        0,
    ),
    "document names": (
        tabbed("d1 1 The O\nd1 2 Oslo B-LOC\nd1 3 Club O\n\nd2 1 Yes O\n\n"),
        ["The/O Oslo/B-LOC Club/O", "Yes/O"],
        2,
        None,
    ),
    "header": (
        "word pos ner\nEU NNP B-ORG\nbans VBZ O\n\n",
        ["EU/B-ORG bans/O"],
        None,
        None,
    ),
    "hipe": (
        tabbed("TOKEN NE-COARSE-LIT NE-NESTED NEL-LIT\nOslo B-loc O Q585\nwon O O _\n\n"),
        ["Oslo/B-loc won/O"],
        None,
        None,
    ),
    "comments": (
        "#sent_id=1\n#text x\nEU\tB-ORG\n# inside it\nbans\tO\n\n#sent_id=2\nOslo\tB-LOC\n\n",
        ["EU/B-ORG bans/O", "Oslo/B-LOC"],
        None,
        None,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_columns_are_found(name):
    text, sentences, words_column, tags_column = FILES[name]
    documents, report = read(text)
    assert rows(documents) == sentences
    line = report.line()
    assert re.findall(r"tokens are read from column (\d+)", line) == (
        [] if words_column is None else [str(words_column)]
    )
    assert re.findall(r"tags are read from column (\d+)", line) == (
        [] if tags_column is None else [str(tags_column)]
    )
    # What is found is what is read with options.
    columns = documents[0].layout and documents[0].layout.columns
    if columns:
        given = {"tokens_column": columns.words, "tags_column": columns.tags}
        assert rows(read(text, **given)[0]) == sentences


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_is_written_likewise(name):
    text = FILES[name][0]
    documents, _ = read(text)
    if name == "ontonotes":  # the inner bracket is not among the tags
        text = text.replace("(GPE)  ", "*      ")
        assert re.sub(" +", " ", written(documents)).rstrip() == re.sub(" +", " ", text).rstrip()
    elif name not in ("parts of speech", "brackets"):
        assert written(documents) == text
    again, _ = read(written(documents))
    assert rows(again) == rows(documents)
    assert [d.text for d in again] == [d.text for d in documents]


@pytest.mark.parametrize("name", FILES)
def test_found_tags_replace_those_of_the_file(name):
    """As for ``tag``: old labels are not read, all else is kept."""
    text = FILES[name][0]
    documents, _ = read(text, labels=False)
    assert all(document.tags is None for document in documents)
    tagged = [
        replace(
            document,
            tags=[[*["O"] * (len(words) - 1), "B-NEW"] for words in document.words],
        )
        for document in documents
    ]
    found = written(tagged)
    assert rows(read(found)[0]) == rows(tagged)
    kept = [line for line in text.split("\n") if line.startswith(("#", "-")) and name != "wnut"]
    assert [line for line in found.split("\n") if line.startswith(("#", "-"))][: len(kept)] == kept
    if name in ("chunks", "parts of speech"):
        row = text.partition("\n")[0]
        assert found.startswith(f"{row} O\n")


def test_texts_are_those_of_comments_and_of_space_after():
    assert [d.text for d in read(STANZA)[0]] == ["Ada de le Lac won.\nIt's Oslo", "Hi!"]
    assert [d.text for d in read(PLUS)[0]] == ["Oslo won."]
    assert [d.text for d in read(UNER)[0]] == ["Acme is in Oslo\nNo"]
    documents, report = read("# text = Another one\n" + GINZA)
    assert [d.text for d in documents] == ["Oslo won"]
    assert "texts in comments that differ from their words" in report.line()


def test_documents_begin_where_the_file_says():
    assert [len(d.words) for d in read(STANZA)[0]] == [2, 1]
    assert [len(d.words) for d in read(ONTONOTES)[0]] == [2, 1]
    assert [len(d.words) for d in read(CONLL_2003)[0]] == [1, 2]


@pytest.mark.parametrize("end", ["\n#end document\n", "\n"])
def test_bounds_of_documents_end_sentences_without_an_empty_line(end):
    rest = "NNP (TOP*) - - - Bob (PERSON) -"
    text = "".join(
        f"#begin document ({name}); part 000\n{name} 0 0 Kim {rest}\n{name} 0 1 Lee {rest}{end}"
        for name in "xy"
    )
    assert [d.words for d in read(text)[0]] == [[["Kim", "Lee"]]] * 2


def test_rows_with_an_empty_last_cell_have_numbers_too():
    text = tabbed("1 In B O\n2 Oslo B B-LOC\n3 a B\n4 . B O\n\n").replace("a\tB", "a\t\t")
    found = read(text, labels=False)[0]
    assert [d.words for d in found] == [[["In", "Oslo", "a", "."]]]


def test_what_is_left_out_is_reported():
    line = read(STANZA)[1].line()
    assert "rows of CoNLL-U left out that are not words: 2 (first: here.conll:5: '2-3')" in line
    for text in (ONTONOTES, COREFUD):
        assert "nested entities left out: 1" in read(text)[1].line()
    assert "first row names the columns" in read("token tag\nOslo B-LOC\n")[1].line()
    assert "comments after the last sentence left out: 1" in read("a O\n\n# end\n")[1].line()


def test_mentions_of_corefud_are_read_and_names_written_beside_them():
    documents, _ = read(COREFUD)
    assert rows(documents) == ["New/B-place York/I-place won/O"]
    tagged = [replace(documents[0], tags=[["O", "B-LOC", "O"]])]
    found = written(tagged)
    assert "Entity=e1)|NER=B-LOC" in found
    assert rows(read(found)[0]) == ["New/O York/B-LOC won/O"]


@pytest.mark.parametrize("delimiter", [",", "|", ";"])
def test_another_delimiter_is_given(delimiter):
    text = "-DOCSTART-\n\nEU NNP B-ORG\nbans VB O\n\n".replace(" ", delimiter)
    with pytest.raises(DataError, match=r"^here.conll:3: the columns are separated .* `delimiter`"):
        read(text)
    documents, _ = read(text, delimiter=delimiter)
    assert rows(documents) == ["EU/B-ORG bans/O"]
    assert written(documents) == text


def test_columns_are_chosen_by_name():
    text = "form xpos label\nEU NNP B-ORG\nbans VB O\n\n"
    documents, report = read(text, tokens_column="form", tags_column="xpos")
    assert rows(documents) == ["EU/NNP bans/VB"]
    assert "first row names" in report.line()
    assert rows(read(PLUS, tags_column="upos")[0]) == ["Oslo/PROPN won/VERB ./PUNCT"]
    assert rows(read(STANZA, tags_column="UPOS")[0])[2] == "Hi/INTJ !/PUNCT"
    with pytest.raises(UsageError, match=r"`tags_column`: no column 'x'; .* 'ID', 'FORM'"):
        read(STANZA, tags_column="x")


def test_running_numbers_are_obeyed_if_they_are_asked_for():
    documents, report = read(WIKINEURAL, tokens_column=0)
    assert rows(documents) == ["0/O 1/B-LOC", "0/O"]
    assert "running numbers in the column given as that of tokens" in report.line()


@pytest.mark.parametrize(
    "text",
    [
        tabbed("1 O\n2 O\n3 B-YEAR\n\n"),  # two columns: numbers are words here
        tabbed("1 CD O\n\n"),
        tabbed("3 CD O\n4 CD O\n\n"),
        tabbed("1 CD O\n2 CD O\n2 CD O\n\n"),
    ],
)
def test_numbers_that_are_words_stay_words(text):
    documents, report = read(text)
    assert [*documents[0].words[0]] == [line.split("\t")[0] for line in text.split("\n") if line]
    assert not report.line()


def test_numbers_before_words_without_tags():
    documents, _ = read(tabbed("1 In\n2 Oslo\n3 now\n\n1 No\n\n"))
    assert [(d.words, d.tags) for d in documents] == [
        ([["In", "Oslo", "now"]], None),
        ([["No"]], None),
    ]
    tagged = [replace(d, tags=[["O"] * len(d.words[0])]) for d in documents]
    assert written(tagged) == tabbed("1 In O\n2 Oslo O\n3 now O\n\n1 No O\n\n")


def test_one_numbered_word_waits_for_the_next_sentence():
    text = tabbed("1 Yes O - ann1\n\n1 In O - ann1\n2 Oslo B-LOC - ann1\n\n")
    pieces = [line.encode() for line in text.splitlines(keepends=True)]

    class Slow(io.BytesIO):
        def read1(self, size):
            return pieces.pop(0) if pieces else b""

    found = [d for batch in conll.read(Slow(), "x", ReadOptions()) for d in batch]
    assert rows(found) == ["Yes/O", "In/O Oslo/B-LOC"]


def test_columns_without_tags_are_told():
    documents, report = read("ada _ _ _\nwon _ _ _\n\n")
    assert documents[0].tags is None
    assert "files without a column of tags" in report.line()


BAD = tabbed("a O\nb O\n\n{}\nc O\n\nd B-X\n\n")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("\tO", ":4: an empty column"),
        ("x", ":4: 1 column, but line 1 has 2"),
        ("x\tO\ty", ":4: 3 columns, but line 1 has 2"),
        ("x\tO\t\ty", ":4: 4 columns, but line 1 has 2"),
        ("x\rO\tO", ":4: a carriage return"),
        ("x" + "\tO" * 5000, ":4: more than 1,000 columns"),
        ("x" + " O" * 5000, ":4: more than 1,000 columns"),
        ("x\tQ-PER", ":4: tag 'Q-PER': expected O, or a label with a prefix"),
    ],
)
def test_a_bad_row_stops_or_costs_its_sentence(row, message):
    text = BAD.format(row)
    with pytest.raises(DataError, match=f"^here.conll{message}") as refusal:
        read(text)
    assert "\n" not in str(refusal.value)
    documents, report = read(text, on_error="skip")
    assert rows(documents) == ["a/O b/O", "d/B-X"]
    assert re.match(f"sentences skipped: 1 .first: here.conll{message}", report.line())


def test_bad_brackets_cost_their_sentence():
    text = "a NN (ORG*\n\nb NN *)\n\nc NN (GPE)\n\n"
    with pytest.raises(DataError, match=r"^here.conll:1: .* the bracket of 'ORG' is not closed"):
        read(text)
    documents, report = read(text, on_error="skip")
    assert rows(documents) == ["c/B-GPE"]
    assert report.tallies["sentences skipped"].times == 2


def test_a_tag_of_another_kind_has_its_place():
    text = "a O\n\n" * 1200 + "b B-PER\n\n"
    assert rows(read(text)[0])[-1] == "b/B-PER"
    with pytest.raises(DataError, match=r"^here.conll:2403: tag 'PERSON': expected O, or"):
        read(text + "c PERSON\n")
    with pytest.raises(DataError, match=r"^here.conll:2401: tag 'X-PER': expected O, or"):
        read(text.replace("B-", "X-"))


def test_a_document_loses_the_sentence_that_cannot_be_read():
    text = "-DOCSTART- -X- O\n\na NN\n\nb NN O\n\n-DOCSTART- -X- O\n\nc NN O\n\n"
    documents, _ = read("x NN O\n\n" + text, on_error="skip")
    assert [d.words for d in documents] == [[["x"]], [["b"]], [["c"]]]
    assert [d.words for d in read(written(documents))[0]] == [[["x"]], [["b"]], [["c"]]]


def test_labels_that_are_not_wanted_are_not_read():
    text = tabbed("a B-X\nb O\n\nc \n") + "d\t Q-X\n"
    documents, _ = read(text.replace("c\t\n", "c\t?\n"), labels=False)
    assert [d.words for d in documents] == [[["a", "b"]], [["c", "d"]]]


def test_a_row_without_end_is_one_line_and_little_memory():
    tracemalloc.start()
    for separator in ("\t", " "):
        with pytest.raises(DataError, match=r":1: more than 1,000 columns"):
            read(f"a{separator}" * 2_000_000)
    assert tracemalloc.get_traced_memory()[1] < 80e6
    tracemalloc.stop()


def test_doubtful_comments_are_reported():
    text = tabbed("EU ORG\nbans O\nit O\n\n#topic sports-3=x\nOslo LOC\n\n#Oslo LOC\nwon O\n\n")
    documents, report = read(text)
    assert rows(documents) == ["EU/ORG bans/O it/O", "Oslo/LOC", "#Oslo/LOC won/O"]
    assert "lines taken for comments that have as many columns as the rows: 1" in report.line()


def test_tokens_with_spaces_stay_whole():
    text = "New York\tB-LOC\nwon\tO\n\n"
    documents, _ = read(text)
    assert documents[0].words == [["New York", "won"]]
    assert written(documents) == text


def test_other_layouts_are_refused():
    with pytest.raises(DataError, match=r"^here.conll:2: this is WebAnno's TSV; export"):
        read("#FORMAT=WebAnno TSV 3.2\n" + tabbed("1-1 0-4 Oslo LOC\n1-2 5-8 won _\n"))


def test_columns_that_differ_are_not_written_to_one_file():
    one, two = read(WIKINEURAL)[0], read(CONLL_2003)[0]
    with pytest.raises(DataError, match=r"^document 'EU bans': its rows have 4 columns, .* 3"):
        written([*one, *two])


def test_spans_of_another_document_are_written_in_its_place():
    """As for ``convert`` from one column file to another in another scheme."""
    spans = [with_spans(d, Scheme.IOB1) for d in read(CONLL_2003)[0]]
    found = written(spans, Scheme.IOBES)
    assert found == CONLL_2003.replace("I-ORG", "S-ORG").replace("I-LOC", "S-LOC")
    misc = [with_spans(d, Scheme.IOBES) for d in read(STANZA)[0]]
    assert written(misc, Scheme.IOBES) == STANZA
    iob = written(misc, Scheme.IOB2)
    assert "du _ _ _ _ _ _ _ start_char=4|ner=I-PERSON".replace(" ", "\t") in iob
    assert rows(read(iob)[0])[0].startswith("Ada/B-PERSON de/I-PERSON le/I-PERSON Lac/I-PERSON")


def test_changed_words_are_written_without_the_layout():
    (document,) = read("Oslo's NN O\n\n")[0]
    changed = Document(
        document.text, document.words, None, [LabelledSpan(0, 4, "LOC")], layout=document.layout
    )
    assert written([changed]) == "Oslo\tB-LOC\n's\tO\n\n" or "# document" in written([changed])


cells = st.text(
    st.characters(codec="utf-8", exclude_characters=" \t\r\n#"), min_size=1, max_size=5
).filter(lambda cell: cell not in ("O", "-DOCSTART-"))
words = st.sampled_from(["EU", "#Oslo", "#", "1", "2", ".", "\xa0", "it"]) | cells
tags = st.sampled_from(["O", "B-LOC", "I-LOC", "B-PER"])


@st.composite
def column_files(draw):
    """Rows of a word, other cells and a tag, with comments and marks."""
    width = draw(st.integers(1, 3))
    separator = draw(st.sampled_from(["\t", " "]))
    row = st.tuples(words, *[cells] * width, tags)
    sentences = draw(st.lists(st.lists(row, min_size=1, max_size=4), min_size=1, max_size=4))
    sentences[0].append(("Oslo", *["x"] * width, "B-LOC"))
    text = ""
    for sentence in sentences:
        text += draw(st.sampled_from(["", "", "# sent_id = 1\n", "-DOCSTART- -X-\n\n", "#id=x\n"]))
        text += "".join(separator.join(each) + "\n" for each in sentence) + "\n"
    return text, sentences, width + 1


@given(column_files())
def test_any_columns_come_back_as_they_were(given):
    text, sentences, place = given
    documents, _ = read(text, tokens_column=0, tags_column=place)
    found = [
        [*zip(words, tags, strict=True)]
        for d in documents
        for words, tags in zip(d.words, d.tags, strict=True)
    ]
    assert found == [[(each[0], each[-1]) for each in sentence] for sentence in sentences]
    assert written(documents) == text


def test_the_true_tags_stand_before_those_of_a_tagger():
    documents, report = read("EU NNP B-ORG O\nbans VB O O\nOslo NNP B-LOC B-LOC\n\n")
    assert rows(documents) == ["EU/B-ORG bans/O Oslo/B-LOC"]
    assert "tags are read from column 2" in report.line()
