import gzip
import io
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError, UsageError
from windowclf.formats.conll import read_conll, write_conll
from windowclf.text.sentence import Sentence

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
    return list(read_conll(path, **columns))


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
        (b"a O\nM\xfcller O\n", ":2: byte 0xfc is not UTF-8; convert .* iconv .* -t utf-8"),
        ("a O\n".encode("utf-16"), ":1: byte 0xff is not UTF-8"),
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
        ({"tags_column": 0}, "both token and tag"),
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
