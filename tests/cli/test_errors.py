"""Every bad input: one line on stderr, the right exit code, and nothing left behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tiny
from windowclf.model.manifest import MANIFEST

TRAIN = ["train", "--vectors", "random", *tiny.options(tiny.QUICK), "--output", "out"]
MODEL = ["--model", "model"]
TAG, EVALUATE = ["tag", *MODEL], ["evaluate", *MODEL]


def options(text):
    return [*TRAIN, *text.split()]


@pytest.fixture
def folder(tmp_path, monkeypatch, tiny_data, model_folder):
    """Where the user stands: some files of each kind, good and bad."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_data, "tiny")
    shutil.copytree(model_folder, "model")
    shutil.copytree(model_folder, "damaged")
    parameters = next(Path("damaged").glob("parameters-*"))
    parameters.write_bytes(parameters.read_bytes()[:-1])
    shutil.copytree(model_folder, "newer")
    (tmp_path / "newer" / MANIFEST).write_text('{"format": 99}')
    for name, data in {
        "good.txt": b"Oslo B-LOC\nis O\n",
        "short.txt": b"Oslo B-LOC\nis O\nhere\n",
        "scheme.txt": b"Oslo B-LOC\nTom X-PER\n",
        "latin.txt": "is O\nOrléans B-LOC\n".encode("latin-1"),
        "empty.txt": b"",
        "bare.txt": b"Oslo\nis\n",
        "mixed.vec": b"a 1 2 3\nb 1 2\n",
        "word.vec": b"a 1 2\nb 1 x\n",
        "broken.jsonl": b'{"tokens": ["a"], "tags": ["O"]}\n{"tokens"\n',
    }.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "test").mkdir()
    shutil.copy("tiny/test.txt", "test")
    return tmp_path


def files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


def assert_one_line(err):
    assert err.startswith("windowclf: error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err


KNOWN = "expected sample, conll2003, owner/name of the Hugging Face hub, or a folder"

CASES = [
    # what is asked for, the exit code, and what the message must say
    (options("--train none.txt"), 1, "none.txt: cannot be read: No such file or directory"),
    (options("--train good.txt --dev none.txt"), 1, "none.txt: cannot be read"),
    ([*TRAIN, "--train", "n\x1b[2J.txt"], 1, "n\N{REPLACEMENT CHARACTER}[2J.txt: no such file"),
    ([*TRAIN, "--output", ""], 2, "--output: expected a folder, got an empty name"),
    (options("--data nosuch"), 2, f"unknown data set 'nosuch'; {KNOWN}"),
    (options("--data ./nosuch"), 2, f"no folder ./nosuch; {KNOWN}"),
    (options("--data good.txt"), 2, "good.txt is a file, not a folder; give it with --train"),
    (options("--data nothing"), 1, "nothing: no file of a split; expected eng.train"),
    (options("--data test"), 1, "test: has no train split: name the file with --train"),
    (options("--train short.txt"), 1, "short.txt:3: 1 column, but line 1 has 2"),
    (options("--train scheme.txt"), 1, "scheme.txt:2: tag 'X-PER' does not fit the"),
    *(
        (options(f"--data tiny --gazetteer {value}"), code, message)
        for value, code, message in (
            ("LOC", 2, "gazetteer 'LOC': expected TYPE=FILE, a type without white space and a"),
            ("=good.txt", 2, "gazetteer '=good.txt': expected TYPE=FILE"),
            ("LOC=", 2, "gazetteer 'LOC=': expected TYPE=FILE"),
            ("LOC=none.txt", 1, "none.txt: cannot be read: No such file or directory"),
            ("LOC=nothing", 1, "nothing: cannot be read: Is a directory"),
            ("LOC=empty.txt", 1, "empty.txt: no name; expected one per line"),
            (
                "LOC=latin.txt",
                1,
                "latin.txt:2: byte 0xe9 is not UTF-8; it seems",
            ),
            (
                "LOC=bare.txt --gazetteer PER=bare.txt --gazetteer LOC=good.txt",
                2,
                "--gazetteer: a type has two files: expected one; join them into one file",
            ),
            ("LOC=bare.txt --gazetteer LOC=bare.txt", 2, "--gazetteer: a type has two files"),
        )
    ),
    (options("--train good.txt --scheme bilo"), 2, "'bilo' is not one of 'auto', 'iob1'"),
    (
        options("--train latin.txt"),
        1,
        "latin.txt:2: byte 0xe9 is not UTF-8; it seems",
    ),
    (options("--train empty.txt"), 1, "empty.txt: no sentence; expected a token and its tag"),
    (options("--train bare.txt"), 1, "bare.txt: no tags beside 'Oslo is'"),
    (options("--train good.txt --tags-column 7"), 2, "good.txt: --tags-column: no column 7"),
    (options("--train good.txt --tags-column ner"), 2, "good.txt: --tags-column: no column 'ner'"),
    (options("--train broken.jsonl"), 1, "broken.jsonl:2"),
    (options("--data tiny --vectors mixed.vec"), 1, "mixed.vec:2: 2 numbers after the word"),
    (options("--data tiny --vectors word.vec"), 1, "word.vec:2: 'x' is not a finite number"),
    (options("--data tiny --vectors none.vec"), 1, "none.vec: no such file of word vectors"),
    (options("--data tiny --vectors empty.txt"), 1, "empty.txt: empty file; expected GloVe"),
    (
        options("--data tiny --vectors glov"),
        2,
        "unknown vectors 'glov': expected bundled",
    ),
    (options("--window -1"), 2, "--window: expected int >= 1, got -1"),
    (options("--window 4"), 2, "--window: expected an odd number, got 4"),
    (options("--window five"), 2, "'five' is not a valid int"),
    (options("--hidden 0"), 2, "--hidden: expected int >= 1"),
    (options("--rate abc"), 2, "Invalid value for '--rate': 'abc' is not a valid"),
    (options("--rate 0"), 2, "--rate: expected float > 0.0, got 0.0"),
    (options("--rate nan"), 2, "--rate: expected float > 0.0, got nan"),
    (options("--dropout 1"), 2, "--dropout: expected float < 1.0, got 1.0"),
    (
        options("--case-augmentation 0.51"),
        2,
        "--case-augmentation: expected float <= 0.5, got 0.51",
    ),
    (
        options("--case-augmentation -0.1"),
        2,
        "--case-augmentation: expected float >= 0.0, got -0.1",
    ),
    (options("--loss hinge"), 2, "'hinge' is not one of 'softmax'"),
    (options("--rate"), 2, "Option '--rate' requires an argument"),
    (options("--data tiny --output good.txt"), 1, "good.txt: is a file: expected a folder"),
    (options("--data tiny --output good.txt/model"), 1, "good.txt/model: cannot write the model"),
    (options("--data tiny --output test"), 1, "test: holds files but no model: give a new"),
    (options("--data tiny --output /proc/none"), 1, "/proc/none: cannot write the model there"),
    (options("--wndow 5"), 2, "No such option"),
    (["trian"], 2, "No such command 'trian'"),
    (["train", "tiny"], 2, "unexpected extra argument"),
    (["info", "model"], 2, "unexpected extra argument"),
    (["tag", "--format", "xml", "x"], 2, "'xml' is not one of 'text', 'jsonl', 'conll'"),
    ([*TAG, "--input", "good.txt", "Oslo"], 2, "give texts or --input, not both"),
    ([*TAG, "--input", "none.txt"], 1, "none.txt: cannot be read: No such file or directory"),
    ([*TAG, "--input", "nothing"], 1, "nothing: no file of a known format; expected .txt, "),
    (TAG, 1, "stdin:1: byte 0xff is not UTF-8, and the encoding cannot be detected; convert"),
    ([*EVALUATE, "--data", "tiny", "--split", "eval"], 2, "'eval' is not one of 'train', 'dev'"),
    ([*EVALUATE, "--data", "test", "--split", "dev"], 2, "test has no dev split: expected one of"),
    ([*EVALUATE, "--data", "nosuch"], 2, KNOWN),
    ([*EVALUATE, "--data", "tiny", "--case", "title"], 2, "'title' is not one of 'upper', 'low"),
    ([*EVALUATE, "--data", "tiny", "--case"], 2, "Option '--case' requires an argument"),
    ([*EVALUATE, "--test", "short.txt"], 1, "short.txt:3: 1 column"),
    ([*EVALUATE, "--test", "good.txt", "--scheme", "plain"], 2, "cannot convert plain tags"),
    *(
        ([command, *rest, *more], 1, message)
        for command, *rest in (["tag", "Oslo"], ["evaluate", "--data", "tiny"], ["info"])
        for more, message in (
            ([], "no model yet: train one with 'windowclf train', or name one with --model"),
            (["--model", "none"], f"none/{MANIFEST}: cannot read the model: No such file"),
            (["--model", "test"], f"test/{MANIFEST}: cannot read the model: No such file"),
            (["--model", "good.txt"], f"good.txt/{MANIFEST}: cannot read the model: Not a dir"),
            (
                ["--model", "damaged"],
                "damaged model: the file is not the one that",
            ),
            (["--model", "newer"], "written in model format 99"),
        )
    ),
    (options("--data tiny --rate inf"), 2, "--rate: "),
    (options("--feature colour"), 2, "'colour' is not one of"),
]


def name_of(value):
    """Name a case by its arguments, without those that every training has."""
    return " ".join(value).replace(" ".join(TRAIN), "train") if isinstance(value, list) else ""


@pytest.mark.parametrize(("arguments", "code", "message"), CASES, ids=name_of)
def test_bad_input(run, folder, no_model, stdin, arguments, code, message):
    stdin(b"\xff\n")
    before = files(folder)
    found, out, err = run(*arguments)
    assert_one_line(err)
    assert message in err
    assert (found, out) == (code, "")
    assert files(folder) == before


def test_the_default_output_folder_is_not_left_behind(run, folder, no_model):
    before = files(folder)
    assert run("train", "--data", "nosuch")[0] == 2
    assert files(folder) == before


def program(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "windowclf", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_network(folder):
    before = files(folder)
    hub = {
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HOME": str(folder / "hub"),
        "HF_HUB_OFFLINE": "0",
    }
    ran = program(*options("--data conll2003"), **hub, NO_PROXY="127.0.0.1")
    assert_one_line(ran.stderr)
    assert "could not be reached (http://127.0.0.1:9" in ran.stderr
    assert "check the network, set HF_ENDPOINT to a mirror" in ran.stderr
    assert "give the files: --data FOLDER" in ran.stderr
    assert (ran.returncode, ran.stdout) == (1, "")
    assert [path for path in files(folder) if path.parts[0] != "hub"] == before


def test_a_program_of_its_own(folder):
    for arguments, code in ((options("--window -1"), 2), (["info", "--model", "damaged"], 1)):
        ran = program(*arguments)
        assert_one_line(ran.stderr)
        assert (ran.returncode, ran.stdout) == (code, "")


@pytest.mark.parametrize("given", [["--input", "late.txt"], []], ids=["file", "stdin"])
def test_lines_before_a_bad_one_are_answered(run, folder, stdin, given):
    content = f"{tiny.unmarked(tiny.PAIR)}\n\xe9\nOslo\n".encode("latin-1")
    Path("late.txt").write_bytes(content)
    stdin(content)
    code, out, err = run(*TAG, *given)
    assert_one_line(err)
    assert f"{'late.txt' if given else 'stdin'}:2: byte 0xe9 is not UTF-8; it seems" in err
    assert (code, out) == (1, f"{tiny.PAIR}\n")
