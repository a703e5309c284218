import errno
import gzip
import json
from pathlib import Path

import pytest

from windowclf.corpora import hub, sources
from windowclf.corpora.sources import load_corpus
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats.registry import FORMATS, Format, WriteOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.system import resources
from windowclf.system.streams import COMPRESSED, open_output
from windowclf.tags.schemes import Scheme

OSLO = Sentence(["In", "Oslo"], ["O", "B-LOC"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which is also the one that the user stands in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """What the hub is asked for, one call after the other."""
    calls = []

    def load_hub(name, **columns):
        calls.append((name, columns))
        return {"train": [Sentence(["Oslo"], ["I-LOC"])], "test": [OSLO]}

    monkeypatch.setattr(hub, "load_hub", load_hub)
    return calls


def write(path, *tags, token="x"):
    """Write a sentence a split, so that its tags identify each split."""
    text = "".join(f"{token} {tag}\n" for tag in tags)
    data = json.dumps({"tokens": [token] * len(tags), "tags": tags}).encode()
    if ".json" not in path.name.lower():
        data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


LABELLED = {
    "jsonl": Document("In Oslo", spans=[LabelledSpan(3, 7, "A")]),
    "conll": Document("In Oslo", [["In", "Oslo"]], [["O", "B-A"]]),
    "parquet": Document("In Oslo", spans=[LabelledSpan(3, 7, "A")]),
    "docbin": Document("In Oslo", [["In", "Oslo"]], spans=[LabelledSpan(3, 7, "A")]),
}


def tags(corpus):
    return {split: [list(s.tags) for s in found] for split, found in corpus.splits.items()}


@pytest.mark.parametrize(
    "names",
    [
        "eng.train eng.testa eng.testb",
        "eng.train.txt eng.testa.txt ENG.TESTB.TXT",
        "train.txt dev.txt test.txt",
        "TRAIN.CoNLL Valid.bio test.iob.gz",
        "train.iob2 validation.tsv test.jsonl",
        "train.json valid.jsonl.gz test.conll.gz",
    ],
)
def test_splits_are_found_by_the_usual_names(folder, names):
    for name, label in zip(names.split(), "ABC", strict=True):
        write(folder / name, f"B-{label}")
    for other in ("README.txt", "train", "mytrain.txt", "train.txt.bak", "dev.py", "test.tar.gz"):
        (folder / other).write_text("no corpus")
    (folder / "sub.train").mkdir()
    for data in (folder, str(folder), "."):
        corpus = load_corpus(data)
        assert tags(corpus) == {"train": [["B-A"]], "dev": [["B-B"]], "test": [["B-C"]]}
        assert list(corpus.splits) == ["train", "dev", "test"]
        assert corpus.name == str(data)


@pytest.mark.parametrize(
    ("form", "packed"),
    [
        *((form, "") for form in LABELLED),
        *((form, packed) for form in ("jsonl", "conll") for packed in COMPRESSED),
    ],
)
def test_splits_come_in_every_format_that_holds_labels(folder, form, packed):
    name = f"train{FORMATS[form].suffixes[0]}{packed}"
    with open_output(folder / name) as file:
        writer = FORMATS[form].writer(file, WriteOptions())
        writer.write([LABELLED[form]] * 3)
        writer.close()
    for corpus in (load_corpus(folder), load_corpus(train=name)):
        assert [list(s.tokens) for s in corpus.splits["train"]] == [["In", "Oslo"]] * 3
        assert tags(corpus) == {"train": [["O", "B-A"]] * 3}


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([Document("In Oslo")], r"train\.parquet: no tags beside 'In Oslo'; expected a tag"),
        ([], r"train\.parquet: no sentence"),
        (
            [
                Document("a", spans=[]),
                Document(
                    "Oslo",
                    [["Oslo"]],
                    spans=[LabelledSpan(0, 1, "A"), LabelledSpan(2, 3, "A")],
                ),
            ],
            r"train\.parquet, document 2: span 2:3 shares the token 'Oslo'",
        ),
    ],
)
def test_a_file_without_labels_is_told(folder, monkeypatch, documents, message):
    (folder / "train.parquet").write_bytes(b"")
    monkeypatch.setattr(Format, "read", lambda *_: iter([documents]))
    with pytest.raises(DataError, match=message):
        load_corpus(folder)


def test_a_table_of_texts_has_no_labels(folder):
    (folder / "train.csv").write_text("text\nIn Oslo\n")
    with pytest.raises(DataError, match=r"train\.csv: no tags beside 'In Oslo'"):
        load_corpus(folder)


def test_a_folder_may_lack_splits(folder):
    write(folder / "test.txt", "B-A")
    assert tags(load_corpus(folder)) == {"test": [["B-A"]]}


def test_single_files_override_and_complete(folder):
    write(folder / "train.txt", "B-A")
    write(folder / "dev.txt", "B-B")
    write(folder / "other.data", "B-C")
    corpus = load_corpus(folder, dev="other.data", test=folder / "other.data")
    assert tags(corpus) == {"train": [["B-A"]], "dev": [["B-C"]], "test": [["B-C"]]}
    assert tags(load_corpus(train="train.txt", test="dev.txt")) == {
        "train": [["B-A"]],
        "test": [["B-B"]],
    }


def test_two_files_for_a_split_are_refused_unless_one_is_named(folder):
    write(folder / "dev.txt", "B-A")
    write(folder / "valid.conll", "B-B")
    with pytest.raises(DataError, match=r"dev\.txt and valid\.conll could each be the dev split"):
        load_corpus(folder)
    assert tags(load_corpus(folder, dev="dev.txt")) == {"dev": [["B-A"]]}


@pytest.mark.parametrize(
    ("spelt", "scheme"),
    [
        ("O I-X I-X B-X", Scheme.IOB1),
        ("O B-X I-X B-X", Scheme.IOB2),
        ("O B-X E-X S-X", Scheme.IOBES),
    ],
)
def test_every_scheme_becomes_iob2(folder, spelt, scheme):
    write(folder / "train.txt", *spelt.split())
    for asked in ("auto", scheme.value):
        corpus = load_corpus(folder, scheme=asked)
        assert tags(corpus) == {"train": [["O", "B-X", "I-X", "B-X"]]}
        assert (corpus.scheme, corpus.original_scheme) == (Scheme.IOB2, scheme)


def test_the_scheme_is_told_by_all_splits_together(folder):
    write(folder / "train.txt", "B-X", "I-X")
    write(folder / "test.txt", "I-X", "O")
    assert load_corpus(folder).original_scheme is Scheme.IOB1


def test_plain_labels_stay(folder):
    write(folder / "train.txt", "NN", "I-X", "O")
    corpus = load_corpus(folder, scheme="plain")
    assert tags(corpus) == {"train": [["NN", "I-X", "O"]]}
    assert (corpus.scheme, corpus.original_scheme) == (Scheme.PLAIN, Scheme.PLAIN)


def test_columns_are_numbers_in_files(folder):
    (folder / "train.txt").write_text("1 Oslo B-LOC NNP\n")
    for tokens, labels in ((1, 2), ("1", "-2")):
        corpus = load_corpus(folder, tokens_column=tokens, tags_column=labels)
        assert corpus.splits == {"train": [Sentence(["Oslo"], ["B-LOC"])]}
    with pytest.raises(UsageError, match="`tags_column`: no column 'ner'"):
        load_corpus(folder, tags_column="ner")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("conll2003", "conll2003"),
        ("owner/some.name", "owner/some.name"),
        ("owner/name:en@refs/convert/parquet", "owner/name:en@refs/convert/parquet"),
        ("hub:here/there", "here/there"),
        ("hub:wnut_17", "wnut_17"),
    ],
)
def test_names_of_the_hub_go_there(folder, asked, data, name):
    (folder / "here" / "there").mkdir(parents=True)
    write(folder / "mine.txt", "I-A")
    corpus = load_corpus(data, test="mine.txt", tags_column=None, tokens_column=0)
    assert asked == [(name, {"tokens_column": "0", "tags_column": None})]
    assert tags(corpus) == {"train": [["B-LOC"]], "test": [["B-A"]]}
    assert corpus.original_scheme is Scheme.IOB1


def test_a_folder_comes_before_the_hub(folder, asked):
    for data in ("conll2003", "owner/name"):
        (folder / data).mkdir(parents=True)
        write(folder / data / "train.txt", "B-A")
        assert tags(load_corpus(data)) == {"train": [["B-A"]]}
    assert asked == []


def test_the_sample_is_the_default_and_no_folder_hides_it(folder, monkeypatch):
    write(folder / "train.txt", "B-A")
    (folder / "sample").mkdir()
    write(folder / "sample" / "train.txt", "B-B")
    monkeypatch.setattr(sources, "data_path", {"sample": folder}.get)
    assert tags(load_corpus()) == tags(load_corpus("sample")) == {"train": [["B-A"]]}
    assert load_corpus().name == "sample"
    assert tags(load_corpus("./sample")) == {"train": [["B-B"]]}


def test_the_projects_data_lie_in_the_wheel_or_beside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "windowclf"
    package.mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.data_path("sample", "a") == tmp_path / "data" / "sample" / "a"
    (package / "data").mkdir()
    assert resources.data_path("sample", "a") == package / "data" / "sample" / "a"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("conll2002", r"unknown data set 'conll2002'; expected sample, conll2003, owner/name"),
        ("", r"unknown data set ''"),
        ("./corpora", r"no folder \./corpora; expected"),
        ("~/no/such", r"no folder ~/no/such; expected"),
        ("/no/such", r"no folder /no/such; expected"),
        ("a/b/c", r"no folder a/b/c; expected"),
        ("data/train.txt", r"no folder data/train\.txt"),
        ("eng.train", r"no folder eng\.train"),
        ("data/x.conll.gz", r"no folder data/x\.conll\.gz"),
        (Path("owner/name"), r"no folder owner/name"),
        ("~nobody-of-that-name/x", "cannot be found"),
        ("x" * 5000, "cannot be found"),
        ("a\0b", "cannot be found"),
        ("here.txt", r"here\.txt is a file, not a folder; give it with `train`"),
    ],
)
def test_unknown_names_end_in_one_line(folder, asked, data, message):
    write(folder / "here.txt", "O")
    with pytest.raises(UsageError, match=message) as refusal:
        load_corpus(data)
    assert "\n" not in str(refusal.value)
    assert asked == []


def test_an_unknown_scheme_names_the_known_ones(folder):
    with pytest.raises(UsageError, match="'bilo': expected auto, iob1, iob2, iobes, bilou,"):
        load_corpus(folder, scheme="bilo")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a X-Y\n",
            r"^here/train\.txt:1: tag 'X-Y' belongs to no known scheme: expected O, or a l",
        ),
        ("a B-X\nb\n", r"train\.txt:2: 1 column"),
        ("a\nb\n", r"train\.txt: no tags beside 'a b'; expected a tag for each"),
        ("", r"train\.txt: no sentence"),
        (
            None,
            r"^here: no file of a split; expected eng\.train, .* \.sqlite; \.gz or \.zst may",
        ),
    ],
)
def test_bad_folders_end_in_one_line(folder, content, message):
    (folder / "here").mkdir()
    if content is not None:
        (folder / "here" / "train.txt").write_text(content)
    with pytest.raises(DataError, match=message) as refusal:
        load_corpus("here")
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_named(folder):
    with pytest.raises(DataError, match=r"no\.txt: cannot be read: No such file"):
        load_corpus(train="no.txt")


def test_a_locked_folder_is_named(folder, monkeypatch):
    def iterdir(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        load_corpus(folder)


def test_the_real_corpus(conll2003):
    corpus = load_corpus(conll2003)
    sizes = {split: (len(x), sum(map(len, x))) for split, x in corpus.splits.items()}
    assert sizes == {"train": (14_041, 203_621), "dev": (3_250, 51_362), "test": (3_453, 46_435)}
    assert (corpus.scheme, corpus.original_scheme) == (Scheme.IOB2, Scheme.IOB1)
    labels = {tag for found in corpus.splits.values() for s in found for tag in s.tags}
    assert labels == {"O", *(f"{p}-{x}" for p in "BI" for x in ("PER", "LOC", "ORG", "MISC"))}
