"""``windowclf train --names``, with what it is for."""

import gzip
import json
from pathlib import Path

import msgspec
import pytest

import tiny
import windowclf
from windowclf.cli.resume import TrainOptions, read_options

LISTS = {"LOC": ["Nuuk", "Rio de Janeiro"], "PER": ["Priya Sharma", "Jürgen Klopp"]}
OWN = ["--names", "LOC=LOC.txt", "--names", "PER=more.txt.gz", "--names", "PER=PER.txt"]
SHARES = {"name_augmentation": 0.5, "template_augmentation": 0.25}


@pytest.fixture
def train(run, tiny_data, tmp_path, monkeypatch):
    """Return a function that trains shortly; the user stands in a folder with files of names."""
    monkeypatch.chdir(tmp_path)
    for kind, names in LISTS.items():
        Path(f"{kind}.txt").write_text("# names\n" + "\n".join(names), encoding="utf-8")
    Path("more.txt.gz").write_bytes(gzip.compress(b"Yoko Ono\n"))

    def train(*options):
        data = ["--data", tiny_data, "--vectors", "random", *tiny.options(tiny.QUICK)]
        return run("train", *data, "--quiet", "--output", "out", *options)

    return train


def test_the_command_is_the_call(run, train, tiny_data):
    code, out, err = train("--json", *OWN, *tiny.options(SHARES))
    record = json.loads(out)["training"]
    names, templates = (record["augmented"][kind] for kind in ("names", "templates"))
    assert names > templates > 5
    text = f"{names} sentences with other names, {templates} from templates"
    assert (code, err.splitlines()[0]) == (0, f"added by augmentation: {text}")
    assert record["names"] == {"LOC": 2, "PER": 3}
    info = run("info", "--model", "out")[1]
    assert [line.split(None, 1)[1] for line in info.splitlines() if line.startswith("augm")] == [
        text
    ]
    assert text in Path("out/report.html").read_text("utf-8")

    called = windowclf.WindowClassifier(**tiny.QUICK | SHARES)
    given = {"LOC": LISTS["LOC"], "PER": [Path("more.txt.gz"), *LISTS["PER"]]}
    called.fit(windowclf.load_corpus(tiny_data), vectors="random", names=given).save("called")
    [trained], [own] = (list(Path(name).glob("parameters-*")) for name in ("out", "called"))
    assert trained.read_bytes() == own.read_bytes()

    assert train(*OWN, *tiny.options(SHARES))[0] == 0
    code, _, err = train(*OWN[2:], *tiny.options(SHARES))
    assert (code, "of another training (different --names)" in err) == (1, True)


def test_nothing_is_said_without_it(train):
    assert train()[2] == "model: out\nreport: out/report.html\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            ["--name-augmentation", "0.3"],
            2,
            "--name-augmentation 0.3 needs names by their type: give lists with --names, or",
        ),
        (["--names", "LOC"], 2, "names 'LOC': expected TYPE=FILE"),
        (["--names", "LOC=none.txt"], 1, "none.txt: cannot be read"),
        (
            ["--names", "LOCATION=LOC.txt", "--name-augmentation", "1"],
            2,
            "--names: the training text has names of LOC, PER, lists are of LOCATION: give",
        ),
        (["--template-augmentation", "2"], 2, "--template-augmentation: expected float <= 1.0"),
    ],
)
def test_errors(train, options, code, message):
    found, out, err = train(*options)
    assert (found, out) == (code, "")
    assert f"windowclf: error: {message}" in err.splitlines()[-1]


def test_lists_without_a_setting_are_reported(train, caplog):
    assert train(*OWN)[0] == 0
    assert [message.partition(":")[0] for message in caplog.messages] == ["names"]


def test_options_that_were_stored_without_names():
    fields = {"config": {}, "data": None, "train_file": None, "dev_file": None, "test_file": None}
    fields |= {"scheme": "auto", "reading": {}, "train_fraction": 1.0, "vectors": "random"}
    fields |= {"gazetteers": {}, "compress": False, "every": 60.0, "threads": None}
    stored = read_options(fields, TrainOptions, "complaint")
    assert stored.names == stored.names_by_type() == {}
    again = msgspec.structs.replace(stored, names={"LOC": ["LOC.txt"]})
    assert read_options(msgspec.to_builtins(again), TrainOptions, "") == again
