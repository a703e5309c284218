"""Commands read and write URLs of stores as they do files."""

import gzip
import json
import subprocess
import sys
from uuid import uuid4

import fsspec
import pytest

import tiny

TEXT = tiny.unmarked(tiny.PAIR)


@pytest.fixture
def place():
    """A folder in memory; the store of all of them."""
    return f"memory://{uuid4().hex}"


def put(url, data):
    with fsspec.open(url, "wb") as file:
        file.write(data)


def get(url):
    with fsspec.open(url) as file:
        return file.read()


def test_tag_reads_and_writes_a_store(run, model_folder, place):
    put(f"{place}/in/a.txt", f"{TEXT}\n".encode())
    put(f"{place}/in/deep/b.jsonl.gz", gzip.compress(json.dumps({"text": TEXT}).encode()))
    put(f"{place}/in/.hidden.txt", b"x\n")
    put(f"{place}/in/c.png", b"x")
    tag = ["tag", "--model", model_folder, "--input"]
    found = run(*tag, f"{place}/in", "--output", f"{place}/out")
    assert found == (0, "", "skipped files of unknown format: 1\n")
    assert get(f"{place}/out/a.txt").decode() == f"{tiny.PAIR}\n"
    packed = get(f"{place}/out/deep/b.jsonl.gz")
    assert len(json.loads(gzip.decompress(packed))["entities"]) == 2
    assert run(*tag, f"{place}/in/*.txt") == (0, f"{tiny.PAIR}\n", "")
    assert run(*tag, f"{place}/in/a.txt", "--output", f"{place}/one.txt") == (0, "", "")
    assert get(f"{place}/one.txt").decode() == f"{tiny.PAIR}\n"
    written = fsspec.url_to_fs(place)[0].find(f"{place}/out")
    assert [path.partition("/out/")[2] for path in written] == ["a.txt", "deep/b.jsonl.gz"]


@pytest.mark.parametrize(
    ("names", "output", "message"),
    [
        (["{0}/none.txt"], "-", "{0}/none.txt: no such file or folder"),
        (["{0}/none/*"], "-", "{0}/none/*: no such file, and no match for the pattern"),
        (["nothing://a/b.txt"], "-", "nothing://a/b.txt: cannot be opened: Protocol not known"),
        (["{0}/empty"], "-", "such as '{0}/empty/*'"),
        (["{0}/a.txt"], "{0}/a.txt", "{0}/a.txt is both an input and an output"),
        (
            ["{0}/a.txt", "{0}/*.txt"],
            "{0}/out",
            "{0}/out/a.txt would be the output of both {0}/a.txt",
        ),
        (["{0}/bad.txt.gz"], "-", "{0}/bad.txt.gz: cannot be read: Not a gzipped file"),
        (["{0}/a.txt"], "nothing://a", "nothing://a/a.txt: cannot be opened: Protocol not known"),
    ],
)
def test_what_a_store_has_not_is_one_line(run, model_folder, place, names, output, message):
    put(f"{place}/a.txt", b"x\n")
    put(f"{place}/bad.txt.gz", b"x\n")
    put(f"{place}/empty/notes.doc", b"x\n")
    options = [part for name in names for part in ("--input", name.format(place))]
    code, out, err = run("tag", "--model", model_folder, *options, "--output", output.format(place))
    assert (bool(code), out, err.count("\n")) == (True, "", 1)
    assert message.format(place) in err


def test_the_other_commands(run, model_folder, tiny_data, tmp_path, place):
    tagged = (tiny_data / "test.txt").read_bytes()
    put(f"{place}/test.txt", tagged)
    assert run("convert", f"{place}/test.txt", f"{place}/test.jsonl.zst")[0] == 0
    assert run("convert", f"{place}/test.jsonl.zst", tmp_path / "test.conll")[0] == 0
    score = ["evaluate", "--model", model_folder, "--json"]
    wanted = run(*score, "--data", tiny_data)
    assert wanted[0] == 0
    for test in (f"{place}/test.txt", f"{place}/test.jsonl.zst", tmp_path / "test.conll"):
        assert run(*score, "--test", test) == wanted
    of_file = ["evaluate", "--data", tiny_data, "--json", "--predictions", f"{place}/test.txt"]
    assert json.loads(run(*of_file)[1])["f1"] == 1
    put(f"{place}/text.txt", TEXT.encode())
    explain = ["explain", "--model", model_folder, "--json"]
    assert run(*explain, "--input", f"{place}/text.txt") == run(*explain, TEXT)
    same = run("convert", f"{place}/test.txt", f"{place}/test.txt")
    assert "is also the input" in same[2]


def test_files_of_this_machine_need_no_fsspec(model_folder, tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    program = (
        "import sys; sys.modules['fsspec'] = None; from windowclf.cli import main; "
        f"sys.exit(main(['tag', '--model', {str(model_folder)!r}, '--input', 'a.txt']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"{tiny.PAIR}\n")
