import gzip
import io
import time
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import documents, read_conll, same
from strategies import visible
from windowclf.documents.document import Document, LabelledSpan, join_words, with_spans
from windowclf.documents.formats import conll
from windowclf.documents.formats.conll import write_conll
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.tags.schemes import Scheme

# Everything that a hasty reader takes for a space, a line break, a mark or a comment.
TRAPS = [
    "#",
    "##",
    "-DOCSTART-",
    "-DOCSTART-s",
    "\ufeff",
    "\ufeffa",
    "\x85",
    "\u2028",
    "\xa0",
    "\x1c",
]
words = st.sampled_from(TRAPS) | st.text(
    st.characters(codec="utf-8", exclude_characters=" \t\r\n"), min_size=1
)
labelled = st.lists(
    st.lists(st.tuples(words, words), min_size=1).map(
        lambda rows: Sentence(*map(list, zip(*rows, strict=True)))
    ),
    min_size=1,
)
unlabelled = st.lists(st.lists(words, min_size=1).map(Sentence), min_size=1)


def read(path, text, **columns):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_conll(path, ReadOptions(**columns)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "corpus.txt"


@given(sentences=labelled | unlabelled)
def test_what_is_written_is_read_back(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "round-trip.txt"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_conll(sentences, file)
    assert list(read_conll(path)) == sentences


def test_a_line_is_token_tab_tag():
    file = io.StringIO()
    write_conll([Sentence(["#", "Oslo"], ["O", "B-LOC"]), Sentence(["a"])], file)
    assert file.getvalue() == "#\tO\nOslo\tB-LOC\n\na\n\n"


@pytest.mark.parametrize("token", ["", "New York", "a\tb", "a\n", "a\r"])
def test_what_would_break_the_columns_is_not_written(token):
    with pytest.raises(DataError, match="does not fit"):
        write_conll([Sentence([token], ["O"])], io.StringIO())


TWO = [Sentence(["EU", "said"], ["B-ORG", "O"]), Sentence(["Oslo"], ["B-LOC"])]


@pytest.mark.parametrize(
    "text",
    [
        "EU B-ORG\nsaid O\n\nOslo B-LOC",
        "EU\tB-ORG\t\nsaid\tO\t\n\nOslo\tB-LOC\t\n",
        "EU   B-ORG\n said\tO \n\t\n \nOslo B-LOC\n\n\n",
        "\n\nEU NNP B-ORG\nsaid VBD O\n\n\n\nOslo NNP B-LOC\n",
        "-DOCSTART- -X- O\n\nEU NNP B-ORG\nsaid VBD O\n-DOCSTART- -X- O\nOslo NNP B-LOC\n",
        "-DOCSTART-\nEU B-ORG\nsaid O\n\n-DOCSTART-\tO\n\nOslo B-LOC\n",
        "# a header of words\n#\nEU B-ORG\n# between the two\nsaid O\n\n# id = 2\nOslo B-LOC\n",
        "# sent = 1\nEU - - B-ORG\nsaid - - O\n\n# sent = 2\nOslo - - B-LOC\n",
        "# text = EU said\nEU\tB-ORG\nsaid\tO\n\n# newdoc\nOslo\tB-LOC\n",
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_layouts_of_other_tools_are_in_order(path, text, ending, mark):
    found = read(path, mark + text.replace("\n", ending))
    assert [replace(sentence, document=None) for sentence in found] == TWO
    assert [s.document for s in found] == ([1, 2] if "-DOCSTART-" in text else [None, None])


def test_documents_are_written_and_read(path):
    documents = [None, 1, 1, 2, 3, 4]
    sentences = [Sentence(["Oslo"], ["B-LOC"], document) for document in documents]
    file = io.StringIO()
    given = [*sentences[:-2], *(replace(s, document=None) for s in sentences[-2:])]
    write_conll(given, file)
    assert file.getvalue().count("-DOCSTART-\n\n") == 4
    assert read(path, file.getvalue()) == sentences


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Lot NN O\n# NN O\n1 CD O\n", ["Lot", "#", "1"]),
        ("# NN O\n1 CD O\n", ["#", "1"]),
        ("#\tO\n1\tO\n", ["#", "1"]),
        ("#win O\n1 O\n", ["#win", "1"]),
        ("1 O\n#\xa01 O\n", ["1", "#\xa01"]),
        ("-DOCSTART-ed O\n", ["-DOCSTART-ed"]),
        ("Lot NN - O\n# NN = O\n", ["Lot", "#"]),
        ("1\n#\n", ["1", "#"]),
        ("# # #\n1 CD O\n", ["#", "1"]),
    ],
)
def test_a_real_token_survives(path, text, tokens):
    assert [sentence.tokens for sentence in read(path, text)] == [tokens]


def test_columns_are_chosen_by_number(path):
    text = "1 Oslo NNP B-LOC\n2 won VBD O\n"
    assert read(path, text, tokens_column=1, tags_column=-2) == [
        Sentence(["Oslo", "won"], ["NNP", "VBD"])
    ]


def test_gzip_is_known_by_the_name(tmp_path):
    text = b"EU B-ORG\nsaid O\n\nOslo B-LOC\n"
    assert read(tmp_path / "a.txt.gz", gzip.compress(text)) == TWO


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a - O\n\nb O\n", ":3: 2 columns, but line 1 has 3"),
        ("# x\na - O\n#win\n", ":3: 1 column, but line 2 has 3"),
        ("a\t\tO\nb\tO\n", ":2: 2 columns, but line 1 has 3"),
        ("a\tO\n\tO\n", ":2: an empty column"),
        ("a O\rb O\r", ":1: a carriage return"),
        ("", ": no sentence"),
        ("\n# x\n-DOCSTART- O\n\n", ": no sentence"),
        (b"a O\nM\xfcller O\n", ":2: byte 0xfc is not UTF-8; .* iconv -f cp1252 -t utf-8"),
        ("a O\n".encode("utf-16"), ":1: the text is UTF-16.* iconv -f utf-16 -t utf-8"),
        ("<html>\n<p>Oslo</p>", ": this is an HTML page"),
    ],
)
def test_bad_files_end_in_one_line_with_the_place(path, text, message):
    with pytest.raises(DataError, match=message) as refusal:
        read(path, text)
    assert str(refusal.value).startswith(f"{path}:")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["missing.txt", "missing.txt.gz", "", "plain.gz", "cut.gz"])
def test_unreadable_files_end_in_one_line(tmp_path, name):
    (tmp_path / "plain.gz").write_text("a O\n")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a O\n")[:-6])
    with pytest.raises(DataError, match=f"{name}: cannot be read: [^\n]+$"):
        list(read_conll(tmp_path / name))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tags_column": 3}, "no column 3: its rows have 2 columns"),
        ({"tokens_column": -3}, "no column -3"),
        ({"tokens_column": 0, "tags_column": 0}, "both token and tag"),
    ],
)
def test_a_column_that_is_not_there_is_named(path, columns, message):
    with pytest.raises(UsageError, match=message):
        read(path, "a O\n", **columns)


def test_the_real_corpus_is_read_fast(conll2003):
    start = time.process_time()
    sentences = list(read_conll(conll2003 / "eng.train"))
    assert time.process_time() - start < 2  # seconds
    assert (len(sentences), sum(map(len, sentences))) == (14_041, 203_621)


def read_documents(data, **options):
    data = data if isinstance(data, bytes) else data.encode()
    batches = conll.read(io.BytesIO(data), "here.conll", ReadOptions(**options))
    return [document for batch in batches for document in batch]


def written(given, **options):
    file = io.BytesIO()
    writer = conll.Writer(file, WriteOptions(**options))
    writer.write(given[:1])
    writer.write(given[1:])
    writer.close()
    return file.getvalue()


@given(
    st.booleans().flatmap(
        lambda labelled: st.lists(documents(labels=words, labelled=labelled), min_size=1)
    ),
    st.sampled_from([Scheme.IOB1, Scheme.IOB2, Scheme.IOBES]),
)
def test_nothing_of_a_document_is_lost(tmp_path_factory, given, scheme):
    """Scores are lost, and so are the borders of words that a span cuts through."""
    data = written(given, scheme=scheme)
    if any(document.text.strip() for document in given):
        path = tmp_path_factory.getbasetemp() / "documents.conll"
        path.write_bytes(data)
        read_by_others = [list(sentence.tokens) for sentence in read_conll(path)]
        found = read_documents(data)
        assert read_by_others == [each for document in found for each in document.words]
    found = [with_spans(each, scheme) for each in read_documents(data)] if data else []
    for before, after in zip(given, found, strict=True):
        assert after.text == before.text
        assert after.spans == before.spans or not after.words
        kept = {key: value for key, value in same(after.fields).items() if key != "text"}
        assert kept == same(before.fields)
        assert visible("".join("".join(s) for s in after.words)) == visible(before.text)
        if before.words is not None and not before.spans:
            assert after.words == before.words
    assert written(read_documents(data), scheme=scheme) == data


@given(sentences=labelled | unlabelled)
def test_documents_are_what_sentences_are(sentences):
    file = io.StringIO()
    write_conll(sentences, file)
    found = read_documents(file.getvalue())
    assert [document.words for document in found] == [[each.tokens] for each in sentences]
    assert [document.tags for document in found] == [
        None if each.tags is None else [each.tags] for each in sentences
    ]
    assert [document.text for document in found] == [" ".join(each.tokens) for each in sentences]
    assert written(found).decode() == file.getvalue()


def test_rows_that_tell_all_stand_alone():
    one = Document("In Oslo", spans=[LabelledSpan(3, 7, "LOC")])
    two = Document("Now .\nOslo", [["Now", "."], ["Oslo"]], [["O", "O"], ["B-LOC"]])
    rows = ["In\tO\nOslo\tB-LOC\n\n", "Now\tO\n.\tO\n\nOslo\tB-LOC\n\n"]
    mark = "-DOCSTART-\n\n"
    assert written([one, one]).decode() == rows[0] * 2
    data = written([one, two, one]).decode()
    assert data == rows[0] + mark + rows[1] + mark + rows[0]
    found = read_documents(data)
    assert [document.text for document in found] == ["In Oslo", "Now .\nOslo", "In Oslo"]
    assert found[1] == two


def test_what_rows_do_not_tell_is_a_comment():
    fields = {"id": 7, "text": "old"}
    given = [
        Document("In  Oslo", spans=[LabelledSpan(4, 8, "LOC")], fields=fields),
        Document("", fields={"id": 8}, spans=[]),
    ]
    data = written(given)
    assert data.decode() == (
        '-DOCSTART-\n\n# document = {"id":7,"text":"In  Oslo"}\nIn\tO\nOslo\tB-LOC\n\n'
        '-DOCSTART-\n\n# document = {"id":8,"text":""}\n\n'
    )
    found = read_documents(data)
    assert [document.text for document in found] == ["In  Oslo", ""]
    assert [same(document.fields) for document in found] == [
        {"id": b"7", "text": b'"In  Oslo"'},
        {"id": b"8", "text": b'""'},
    ]
    assert [document.words for document in found] == [[["In", "Oslo"]], []]


def test_a_document_goes_on_to_the_next_mark_or_comment():
    text = """\
a O

# document = {"text": "b  b"}
b O
b O

c O

-DOCSTART- O

d O

e O

# document = {"text": "f g"}
f O

g O
# document = {"text": "in a sentence"}
"""
    found = [document.text for document in read_documents(text)]
    assert found == ["a", "b  b", "c", "d\ne", "f g"]


def test_words_that_a_span_cuts_are_cut():
    document = Document("Oslo's", [["Oslo's"]], spans=[LabelledSpan(0, 4, "LOC")])
    (found,) = read_documents(written([document]))
    assert found.words == [["Oslo", "'s"]]
    assert with_spans(found, Scheme.IOB2).spans == document.spans


def test_columns_of_documents_are_chosen_by_number():
    (document,) = read_documents("1 Oslo NNP B-LOC\r\n", tokens_column="1", tags_column=-2)
    assert (document.words, document.tags) == ([["Oslo"]], [["NNP"]])
    with pytest.raises(UsageError, match="`tags_column`: no column 'ner'; its first row"):
        read_documents("a O\n", tags_column="ner")


def test_sentences_are_answered_as_they_come():
    pieces = [b"a O\n", b"b O\n\n", b"c O\n\nd", b" O\n\n", b"-DOCSTART-\n\ne O\n\n", b"f O\n"]

    class Slow(io.BytesIO):
        def read1(self, size):
            return pieces.pop(0) if pieces else b""

    batches = conll.read(Slow(), "x", ReadOptions())
    for left, answer in ((4, "a b"), (3, "c"), (2, "d"), (0, "e\nf")):
        assert [document.text for document in next(batches)] == [answer]
        assert len(pieces) == left
    assert next(batches, None) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": no sentence; expected"),
        ("a O\n\n# document = {\na O\n", ":3: comment of a document: .*truncated; correct"),
        ('# document = {"text": 7}\na O\n', ":1: comment of a document: Expected `str`"),
        ('# document = {"id": 7}\na O\n', ":1: .* no key 'text'; name the key .* `text_column`"),
        ('# document = {"text": "b"}\na O\n', ":1: .* word 'a': not found in the text"),
        ("a O\nb\n", ":2: 1 column, but line 1 has 2"),
    ],
)
def test_bad_documents_end_in_one_line_with_the_place(text, message):
    with pytest.raises(DataError, match=f"^here.conll{message}") as refusal:
        read_documents(text)
    assert "\n" not in str(refusal.value)


def test_what_does_not_fit_columns_is_told_with_its_document():
    spaced = Document("In New York", [["In", "New York"]], [["O", "B-LOC"]])
    with pytest.raises(DataError, match=r"^document 'In New York': 'New York' .* or write JSONL$"):
        written([spaced])
    alike = [LabelledSpan(0, 2, "a_place"), LabelledSpan(3, 7, "a place")]
    with pytest.raises(DataError, match=r"^document 'In Oslo': labels 'a_place' and 'a place' wou"):
        written([Document("In Oslo", spans=alike)])
    with pytest.raises(DataError, match=r"^document 'b': some documents have labels and some"):
        written([Document("a", spans=[]), Document("b")])


def test_empty_sentences_are_left_out():
    document = Document("a b", [[], ["a"], [], ["b"]], [[], ["O"], [], ["O"]])
    assert written([document]).decode().endswith("a\tO\n\nb\tO\n\n")


def test_the_real_corpus_goes_through_documents(conll2003):
    with (conll2003 / "eng.testa").open("rb") as file:
        found = [d for batch in conll.read(file, "eng.testa", ReadOptions()) for d in batch]
    sentences = [tuple(s.tokens) for s in read_conll(conll2003 / "eng.testa")]
    assert [tuple(words) for document in found for words in document.words] == sentences
    assert len(found) == 216
    spans = [with_spans(document, Scheme.IOB1) for document in found]
    again = read_documents(written(spans, scheme=Scheme.IOBES))
    assert [msgspec.structs.replace(with_spans(d, Scheme.IOBES), layout=None) for d in again] == [
        msgspec.structs.replace(document, layout=None) for document in spans
    ]
    assert all(document.text == join_words(document.words) for document in found)
