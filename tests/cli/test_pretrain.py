import json
import subprocess
import sys
from pathlib import Path

import pytest

import tiny
import windowclf

TEXT = [*tiny.MARKED, "They can't.", "They can't."]
SETTINGS = {
    "dimensions": 6, "hidden": 8, "window": 3, "batch_size": 16, "epochs": 2, "rate": 0.01
}  # fmt: skip
QUICK = tiny.options(SETTINGS)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The user stands beside a text."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("".join(f"{tiny.unmarked(line)}\n" for line in TEXT))
    return tmp_path


def words_of(path):
    return windowclf.load_vectors(path).index_to_key


def test_vectors_are_learnt_told_and_written(run, here):
    code, out, err = run("pretrain", "text.txt", "--output", "v.txt", *QUICK)
    assert code == 0
    header, first, second, written = err.splitlines()
    assert header.split() == ["epoch", "loss", "held-out", "tokens/s"]
    assert [first.split()[0], second.split()[0]] == ["1", "2"]
    assert first.split()[2] == "-"
    assert written == f"vectors: v.txt, {len(words_of('v.txt'))} words of 6 numbers"
    assert out.split()[:3] == ["word", "before", "after"]
    assert "held-out" not in out
    assert sorted(path.name for path in here.iterdir()) == ["text.txt", "v.txt"]


def test_a_held_out_text_and_words_to_show(run, here):
    code, out, err = run(
        *["pretrain", "text.txt", "--output", "v.txt", *QUICK, "--held-out", "text.txt"],
        *["--show", "Paris,ada,rome", "--neighbours", "2"],
    )
    assert code == 0
    assert "no vector to show: rome\n" in err
    share, *table = out.splitlines()
    assert share.startswith("held-out windows above their corrupted twins: ")
    assert f"{float(err.splitlines()[2].split()[2]):.2f} %" in share
    shown = [line.split() for line in table if line.strip() and "─" not in line][1:]
    assert [line[0] for line in shown] == ["paris", "ada"]
    assert all(len(line) == 5 for line in shown)


def test_json_alone_is_on_stdout(run, here):
    options = ["--held-out", "text.txt", "--show", "paris", "--json", "--quiet"]
    code, out, err = run("pretrain", "text.txt", "--output", "v.txt", *QUICK, *options)
    facts = json.loads(out)
    found = windowclf.pretrain(
        ["text.txt"],
        held_out="text.txt",
        **SETTINGS,
    )
    assert (code, err.count("\n")) == (0, 1)
    assert facts["vectors"] == "v.txt"
    assert (facts["words"], facts["dimensions"]) == (len(found.words), 6)
    assert facts["held_out"]["before"] == found.held_out_first
    assert facts["held_out"]["after"] == found.epochs[-1].held_out
    first, last = found.neighbours(["paris"])["paris"]
    assert facts["neighbours"] == {"paris": {"before": first, "after": last}}
    assert len(facts["epochs"]) == 2
    assert (windowclf.load_vectors("v.txt").vectors == found.last).all()


def test_settings_reach_the_training(run, here):
    def vectors(*options):
        code, *_ = run("pretrain", "text.txt", "--output", "v.txt", *QUICK, *options)
        assert code == 0
        return windowclf.load_vectors("v.txt")

    plain = vectors()
    assert len(vectors("--vocabulary", "4").index_to_key) == 4
    assert len(vectors("--min-count", "20").index_to_key) < len(plain.index_to_key)
    for option in (
        "--seed=2", "--activation=tanh", "--optimizer=adagrad", "--dropout=0.5", "--hidden=9",
        "--window=5", "--epochs=3", "--batch-size=17", "--rate=0.02", "--pretokenized",
        "--vectors=v.txt",
    ):  # fmt: skip
        changed = vectors(option)
        assert (
            changed.vectors.shape != plain.vectors.shape or (changed.vectors != plain.vectors).any()
        ), option


def test_the_vectors_serve_a_training(run, here, tiny_data):
    assert run("pretrain", "text.txt", "--output", "v.txt", *QUICK)[0] == 0
    options = ["--vectors", "v.txt", *tiny.options(tiny.QUICK), "--output", "model"]
    assert run("train", "--data", tiny_data, *options)[0] == 0
    assert windowclf.load("model").model.network.tables["word"].value.shape[1] == 6


BAD = [
    ("none.txt --output v.txt", 1, "none.txt: cannot be read: No such file or directory"),
    (". --output v.txt", 1, ".: cannot be read: Is a directory"),
    ("empty.txt --output v.txt", 1, "empty.txt: no word; expected a sentence or paragraph"),
    (
        "latin.txt --output v.txt",
        1,
        "latin.txt:2: byte 0xe9 is not UTF-8; it seems to be Windows-1252 or Latin-1: convert",
    ),
    ("text.txt empty.txt.gz --output v.txt", 1, "empty.txt.gz: cannot be read: Not a gzipped"),
    ("text.txt", 2, "Missing option '--output'"),
    ("--output v.txt", 2, "Missing argument 'TEXT...'"),
    ("text.txt --output .", 2, "--output .: is a folder; expected a file"),
    ("text.txt --output none/v.txt", 2, "--output none/v.txt: no folder none; make it first"),
    ("text.txt --output /proc/v.txt", 2, "--output /proc/v.txt: cannot write there"),
    ("text.txt --output v.gz", 2, "--output v.gz: the file is not zipped; leave out .gz"),
    ("text.txt --output text.txt", 2, "--output text.txt: would overwrite a text"),
    ("text.txt --output v.txt --window 4", 2, "--window: expected an odd number, got 4"),
    ("text.txt --output v.txt --batch-size 0", 2, "--batch-size: expected int >= 1, got 0"),
    ("text.txt --output v.txt --dimensions two", 2, "'two' is not a valid int"),
    ("text.txt --output v.txt --activation sine", 2, "'sine' is not one of 'relu'"),
    ("text.txt --output v.txt --neighbours 0", 2, "'--neighbours': 0 is not in the range"),
    ("text.txt --output v.txt --vectors none.vec", 1, "none.vec: no such file of word vectors"),
    ("text.txt --output v.txt --held-out none.txt", 1, "none.txt: cannot be read"),
    ("text.txt --output v.txt --min-count 999", 1, "no two words with 999 or more occurrences"),
    ("text.txt --output v.txt --rate 1e300 --optimizer sgd", 1, "try a learning rate under"),
    ("text.txt --output v.txt --rate inf", 2, "--rate: expected float <= 1e+300"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[case[0] for case in BAD])
def test_bad_input(run, here, arguments, code, message):
    Path("empty.txt").write_bytes(b"\n")
    Path("empty.txt.gz").write_bytes(b"\n")
    Path("latin.txt").write_bytes("is\nOrléans\n".encode("latin-1"))
    before = {path: path.read_bytes() for path in here.iterdir()}
    found, out, err = run("pretrain", *arguments.split(), "--quiet")
    assert err.startswith("windowclf: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert (found, out) == (code, "")
    assert {path: path.read_bytes() for path in here.iterdir()} == before


def test_a_program_of_its_own(here):
    command = [sys.executable, "-m", "windowclf", "pretrain", "text.txt", "--output", "v.txt"]
    ran = subprocess.run([*command, *QUICK, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["words"] == len(words_of("v.txt"))
    assert "\x1b" not in ran.stdout + ran.stderr
