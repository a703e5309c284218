"""Inputs named by file, folder or pattern, and the output of each."""

import os
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.documents.formats.registry import FORMATS, format_of
from windowclf.documents.paths import Input, Output, find_inputs, plan_outputs
from windowclf.errors import DataError, UsageError

FILES = [
    "b.txt",
    "a.jsonl",
    "a.png",
    "README",
    "deep/eng.testa",
    "deep/er/c.csv.gz",
    "deep/er/B.CONLL",
    "deep/d.parquet",
    "deep/z.jsonl.zst",
    "z/[1].txt",
    ".git/x.txt",
    "deep/.a.jsonl.1b2c",
]
KNOWN = [
    ("a.jsonl", "jsonl"),
    ("b.txt", "text"),
    ("deep/d.parquet", "parquet"),
    ("deep/er/B.CONLL", "conll"),
    ("deep/er/c.csv.gz", "csv"),
    ("deep/z.jsonl.zst", "jsonl"),
    ("z/[1].txt", "text"),
]


def null_error():
    """Return what this Python says of a name with a null character."""
    with pytest.raises(ValueError, match="null") as caught:
        Path("a\0b").stat()
    return caught.value


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files in folders; the user stands above them."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(*names, form=None):
    inputs, others = find_inputs(names, form and FORMATS[form])
    return [(given.path, str(given.place), given.form.name) for given in inputs], others


@pytest.mark.parametrize("name", ["data", "data/", "./data", "{folder}/data"])
def test_a_folder_gives_its_files_of_known_formats(folder, name):
    name = name.format(folder=folder)
    wanted = [(str(Path(name, place)), place, form) for place, form in KNOWN]
    assert found(name) == (wanted, 3)
    assert found("data/z") == ([("data/z/[1].txt", "[1].txt", "text")], 0)


def test_a_file_is_taken_whatever_its_name(folder):
    assert found("data/deep/eng.testa", "data/a.png", "data/z/[1].txt", "data/a.jsonl") == (
        [
            ("data/deep/eng.testa", "eng.testa", "text"),
            ("data/a.png", "a.png", "text"),
            ("data/z/[1].txt", "[1].txt", "text"),
            ("data/a.jsonl", "a.jsonl", "jsonl"),
        ],
        0,
    )


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("data/*.jsonl", ["a.jsonl"]),
        ("data/deep/*", ["d.parquet", "eng.testa", "z.jsonl.zst"]),
        ("./data/d*p/[ce]*", ["deep/eng.testa"]),
        ("data/**/?.txt", ["b.txt"]),
        ("data/**/*.gz", ["deep/er/c.csv.gz"]),
        ("**/*.jsonl", ["data/a.jsonl"]),
        ("data/*/*.txt", ["z/[1].txt"]),
    ],
)
def test_a_pattern(folder, pattern, places):
    paths, others = found(pattern)
    assert ([place for _, place, _ in paths], others) == (places, 0)
    for path, place, form in paths:
        assert Path(path).is_file()
        assert Path(path).parts[-len(Path(place).parts) :] == Path(place).parts
        known = format_of(path)
        assert form == (known.name if known else "text")


def test_order_and_stdin(folder):
    paths, _ = found("data/z", "-", "data/deep/d*", "data/a.jsonl", "data/a.jsonl")
    names = ["data/z/[1].txt", "-", "data/deep/d.parquet", "data/a.jsonl", "data/a.jsonl"]
    assert [path for path, _, _ in paths] == names
    assert [given.name for given in find_inputs(["-", "data/a.jsonl"])[0]] == [
        "stdin",
        "data/a.jsonl",
    ]


def test_a_format_that_is_said_holds_for_all(folder):
    paths, others = found("data", "data/deep/eng.testa", "-", form="conll")
    assert {form for _, _, form in paths} == {"conll"}
    assert (len(paths), others) == (len(KNOWN) + 2, 3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "none.txt: cannot be read: No such file or directory"),
        ("", ": cannot be read: No such file or directory"),
        ("a\0b", f"a\0b: cannot be read: {null_error()}"),
        ("data/*.nothing", "data/*.nothing: no such file, and no match for the pattern"),
        ("data/deep/[e]r", "data/deep/[e]r: no such file, and no match for the pattern"),
        (
            "empty",
            "empty: no file of a known format; expected .txt, .jsonl, .conll, .csv, .parquet, "
            ".spacy; for files with other names use a pattern, such as 'empty/*'",
        ),
    ],
)
def test_a_name_without_a_file(folder, name, message):
    (folder / "empty").mkdir()
    (folder / "empty" / "notes.doc").touch()
    with pytest.raises(DataError) as caught:
        find_inputs(["data", name])
    assert str(caught.value) == message


def planned(names, output="-", form=None, read=None):
    inputs, _ = find_inputs(names, read and FORMATS[read])
    outputs = plan_outputs(inputs, output, form and FORMATS[form])
    assert [given for out in outputs for given in out.inputs] == inputs
    return [(out.path, out.form.name, len(out.inputs)) for out in outputs]


@pytest.mark.parametrize("end", ["", ".gz", ".zst"])
@pytest.mark.parametrize("form", list(FORMATS))
def test_a_known_end_is_one_file(folder, form, end):
    for suffix in FORMATS[form].suffixes:
        output = f"out{suffix}{end}"
        assert planned(["data"], output) == [(output, form, 7)]
        assert planned(["data"], output, "text") == [(output, "text", 7)]


def test_stdout_takes_the_format_of_the_inputs(folder):
    assert planned(["data/b.txt", "-"]) == [("-", "text", 2)]
    assert planned(["data/a.jsonl", "data/deep/z.jsonl.zst"]) == [("-", "jsonl", 2)]
    assert planned(["-"], read="conll") == [("-", "conll", 1)]
    assert planned(["data"], form="csv") == [("-", "csv", 7)]
    with pytest.raises(
        UsageError, match=r"several formats \(jsonl, text, parquet, .*choose one with --format"
    ):
        planned(["data"])


def test_a_device_is_one_file(folder):
    assert planned(["data/b.txt"], os.devnull) == [(os.devnull, "text", 1)]
    assert planned(["data"], os.devnull, "jsonl") == [(os.devnull, "jsonl", 7)]


def test_a_folder_mirrors_the_inputs(folder):
    wanted = [(str(PurePath("out", place)), form, 1) for place, form in KNOWN]
    assert planned(["data"], "out") == wanted
    (folder / "out.txt").mkdir()
    assert planned(["data/b.txt"], "out.txt") == [("out.txt/b.txt", "text", 1)]


@pytest.mark.parametrize(
    ("form", "read", "names"),
    [
        (
            "jsonl",
            None,
            "a.jsonl b.jsonl deep/d.jsonl deep/er/B.jsonl deep/er/c.jsonl.gz deep/z.jsonl.zst "
            "z/[1].jsonl",
        ),
        (
            "parquet",
            None,
            "a.parquet b.parquet deep/d.parquet deep/er/B.parquet deep/er/c.parquet "
            "deep/z.parquet z/[1].parquet",
        ),
        ("conll", "conll", " ".join(place for place, _ in KNOWN)),
    ],
)
def test_another_format_changes_the_end(folder, form, read, names):
    outputs = planned(["data"], "out", form, read)
    assert [path for path, _, _ in outputs] == [f"out/{name}" for name in names.split()]
    assert {written for _, written, _ in outputs} == {form}


def test_an_end_that_tells_nothing_stays(folder):
    assert planned(["data/deep/*.testa"], "out", "jsonl") == [("out/eng.testa.jsonl", "jsonl", 1)]
    assert planned(["data/deep/*.testa"], "out") == [("out/eng.testa", "text", 1)]


REFUSED = [
    (
        ["data/a.jsonl", "data/*.jsonl"],
        "out",
        None,
        "out/a.jsonl would be the output of both data/a",
    ),
    (["data/a.jsonl", "data/b.txt"], "data", None, "data/a.jsonl is both an input and an output"),
    (["data"], "data", "jsonl", "data/a.jsonl is both an input and an output"),
    (["data"], "data/a.jsonl", None, "data/a.jsonl is both an input and an output"),
    (["data"], "./data/deep/../a.jsonl", None, "a.jsonl is both an input and an output"),
    (["data"], "link.jsonl", None, "link.jsonl is both an input and an output"),
    (["data"], "hard.jsonl", None, "hard.jsonl is both an input and an output"),
    (["-"], "out", None, "out: texts from stdin have no file name for a folder; name an --output"),
    (["data/b.txt"], "data/README", None, "data/README is a file; expected a folder, or a name"),
]


@pytest.mark.parametrize(("names", "output", "form", "message"), REFUSED)
def test_what_is_refused(folder, names, output, form, message):
    (folder / "link.jsonl").symlink_to(folder / "data" / "a.jsonl")
    (folder / "hard.jsonl").hardlink_to(folder / "data" / "a.jsonl")
    with pytest.raises(UsageError) as caught:
        planned(names, output, form)
    assert message in str(caught.value)


def test_two_inputs_that_only_become_one(folder):
    (folder / "data" / "a.txt").touch()
    with pytest.raises(UsageError, match=r"out/a.csv would be .* data/a.jsonl and data/a.txt"):
        planned(["data"], "out", "csv")


NAMES = st.sampled_from(["a", "b"])
PLACES = st.builds(
    lambda parts, name, end, packed: PurePath(*parts, f"{name}{end}{packed}"),
    st.lists(NAMES, max_size=2),
    NAMES,
    st.sampled_from([".txt", ".JSONL", ".csv", ".parquet", ".testa", ""]),
    st.sampled_from(["", ".gz", ".zst"]),
)


@given(st.lists(PLACES, min_size=1, max_size=4), st.sampled_from([None, *FORMATS.values()]))
def test_no_file_is_written_twice_and_no_name_gets_lost(places, form):
    inputs = [
        Input(f"in{i}/{place}", place, format_of(place) or FORMATS["text"])
        for i, place in enumerate(places)
    ]
    try:
        outputs = plan_outputs(inputs, "out", form)
    except UsageError:  # refused, as two are of one name
        assert len({place.parent / place.name[0] for place in places}) < len(places)
        return
    assert len({out.path for out in outputs}) == len(places)
    for place, source, out in zip(places, inputs, outputs, strict=True):
        path = PurePath(out.path)
        assert path.parent == PurePath("out") / place.parent
        assert path.name[0] == place.name[0]
        if form is None or form is source.form:
            assert out == Output(f"out/{place}", source.form, [source])
        else:
            assert out == Output(out.path, form, [source])
            assert format_of(path) is (form if form.suffixes else FORMATS["jsonl"])
