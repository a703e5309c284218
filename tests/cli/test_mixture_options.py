"""Several corpora in one training: --data more than once, --weight, --map and --lacks."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest
from huggingface_hub import ModelCardData

import tiny
import windowclf
from windowclf.cli import mixture
from windowclf.cli.mixture import Mixture, parse_mixture
from windowclf.cli.resume import TrainOptions, TuneOptions, read_options
from windowclf.cli.train import _refuse_other_model, train
from windowclf.documents.formats.conll import write_conll
from windowclf.errors import ModelError, UsageError
from windowclf.integrations.model_card import make_card
from windowclf.model.folder import REPORT

QUICK = ["--vectors", "random", *tiny.options(tiny.QUICK), "--quiet"]
MARKED = {
    "train": ["[corp Acme] lives in [LOC Oslo] .", "[prod Pads] saw [LOC Rome]"] * 5,
    "dev": ["[corp Acme] saw [LOC Paris]"],
    "test": ["[corp Acme] saw [LOC Paris]", "[LOC Rome] !"],
}


def write(path, marked):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        write_conll([tiny.parse(text) for text in marked], file)


@pytest.fixture
def folder(tiny_data, tmp_path, monkeypatch):
    """The user is in a folder with corpora in it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shutil.copytree(tiny_data, "names")
    for split, marked in MARKED.items():
        write(Path("firms", f"{split}.conll"), marked)
    write(Path("file.conll"), MARKED["train"])
    return Path()


MAPS = ["--map", "firms:corp=ORG", "--map", "firms:prod="]
START = ["train", "--data", "names", "--data", "firms", *MAPS, "--weight", "firms=0.5", *QUICK]
LACKS = ["--lacks", "firms:PER"]


def test_a_training_on_two_corpora(run, folder):
    code, out, err = run(*START, *LACKS, "--output", "out", "--json")
    assert code == 0
    facts = json.loads(out)
    left_out, *notes, model, _ = err.splitlines()
    assert "training sentences are left out" in left_out
    assert notes == [
        "names: has no ORG, unlike other corpora: training takes its words for non-entities of "
        "these types; if it does not annotate them, use --lacks",
        "firms: its dev and test splits are not used: it does not annotate PER",
    ]
    assert model == "model: out"
    assert [note.replace("`lacks`", "--lacks") for note in facts["notes"]] == [left_out, *notes]
    assert "test_by_corpus" not in facts
    first, second = facts["training"]["corpora"]
    assert (first["name"], first["data"], first["weight"]) == ("names", "names", 1.0)
    assert (second["name"], second["sentences"], second["weight"]) == ("firms", 10, 0.5)
    assert (second["mapped"], second["lacks"]) == ({"corp": "ORG", "prod": ""}, ["PER"])
    described = "firms: 10 sentences, 40 tokens; weight 0.5; corp is ORG; prod is O; lacks PER"
    classifier = windowclf.load("out")
    assert classifier.labels == ["LOC", "ORG", "PER"]
    assert classifier.model.record.corpora[1].describe() == described
    assert described in run("info", "--model", "out")[1]
    name, _, rest = described.partition(": ")
    report = Path("out", REPORT).read_text("utf-8")
    assert f'<th scope="row">Corpus {name}</th><td>{rest}</td>' in report
    card = str(make_card(classifier.model, classifier.labels, "a/b", ModelCardData()))
    assert re.search(rf"\| Corpora \| names: [^|]*<br>{re.escape(described)} \|", card)
    assert_others_are_refused(run, [*START, *LACKS, "--output", "out"])


def assert_others_are_refused(run, start):
    same = train.make_context("train", [str(part) for part in start[1:]]).params
    _refuse_other_model(Path("out"), TrainOptions.from_command_line(same))  # it may be repeated
    for more, differing in (
        (["--data", "third=file.conll"], "--data"),
        (["--weight", "names=2"], "--weight"),
        (["--map", "names:PER="], "--map"),
        (["--lacks", "firms:LOC"], "--lacks"),
    ):
        code, _, err = run(*start, *more)
        assert (code, f"another training (different {differing})" in err) == (1, True)
    single = [part for part in start if part not in (*LACKS, *MAPS, "--weight", "firms=0.5")]
    code, _, err = run(*single)
    assert (code, "(different --weight, --map, --lacks)" in err) == (1, True)
    code, _, err = run("train", "--data", "names", *QUICK, "--output", "out")
    assert (code, "(different --data)" in err) == (1, True)


def test_each_test_split_is_scored_by_itself(run, folder):
    code, out, _ = run(*START, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["model"] == "models/names+firms"
    model = windowclf.load("models/names+firms")
    names = windowclf.load_corpus("names").splits["test"]
    firms = [tiny.parse(text.replace("corp", "ORG")) for text in MARKED["test"]]
    expected = {"names": names, "firms": firms}
    assert facts["test_by_corpus"] == {
        name: model.evaluate(test).to_json() for name, test in expected.items()
    }
    assert facts["test"] == model.evaluate(names + firms).to_json()


def test_a_training_is_resumed_with_its_corpora(run, folder, monkeypatch):
    monkeypatch.setattr("windowclf.training.checkpoints.EPOCH_SECONDS", 0.0)
    assert run(*START, "--output", "whole")[0] == 0
    with monkeypatch.context() as patch:

        def stop(*_):
            raise KeyboardInterrupt

        patch.setattr("windowclf.cli.train._save", stop)
        assert run(*START, "--output", "out")[0] == 130
    code, _, err = run("train", "--resume", "out", "--weight", "firms=2")
    assert (code, "leave out --weight" in err) == (2, True)
    code, out, _ = run("train", "--resume", "out", "--quiet")
    assert code == 0
    assert [f"{name}, test" in out for name in ("names+firms", "names", "firms")] == [True] * 3
    whole, out = (next(Path(model).glob("parameters-*")).read_bytes() for model in ("whole", "out"))
    assert whole == out


def test_files_beside_corpora(run, folder):
    shutil.copytree("firms", "small")
    write(Path("small/test.conll"), MARKED["train"])
    corpora = ["--data", "names", "--data", "all=file.conll", *QUICK, "--output", "out", "--json"]
    files = ["--dev", "firms/dev.conll", "--test", "small/test.conll"]
    code, out, _ = run("train", *corpora, *files)
    assert code == 0
    facts = json.loads(out)
    assert facts["training"]["sentences"]["dev"] == 1
    assert facts["test"]["tokens"] == 40
    code, _, err = run("train", *corpora, "--train", "file.conll")
    assert code == 2
    assert err == (
        "windowclf: error: --train: the corpora of --data have train splits of their own: give "
        "the file as one of them, such as --data NAME=FILE\n"
    )


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_other_commands_read_one_corpus(run, folder, model_folder, command):
    second = shutil.copytree(model_folder, "second")
    models = {"evaluate": ["--model", model_folder], "compare": [model_folder, second]}[command]
    code, _, err = run(command, *models, "--data", "names", "--data", "firms")
    assert (code, err) == (
        2,
        "windowclf: error: --data: expected one corpus, got several; "
        "run the command once for each\n",
    )


def parse(data=(), train=None, **options):
    given = {"data": data, "train_file": train, "weights": (), "maps": (), "lacks": ()}
    return parse_mixture(given | options)


def test_a_single_corpus_as_it_is_is_no_mixture(folder):
    assert parse() is None
    assert parse(["names"]) is None
    assert parse(["a/b=c"]) is None  # a path
    Path("x=y").mkdir()
    assert parse(["x=y"]) is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"data": ["x=names"]}, Mixture({"x": "names"}, {}, {}, {})),
        ({"weights": ["sample=2"]}, Mixture({"sample": "sample"}, {"sample": 2.0}, {}, {})),
        (
            {"train": "./firms/train.conll", "maps": ["train:corp="]},
            Mixture({"train": "firms/train.conll"}, {}, {"train": {"corp": ""}}, {}),
        ),
        (
            {
                "data": [
                    "conll2003",
                    "./firms",
                    "hub:tner/btc:x",
                    "o/wnut@main",
                    "b=names",
                    "b:c=x",
                ],
                "weights": ["firms=.5", "b:c=3", "b:c=3"],
                "maps": ["btc:a=b=c", "firms:x=", "firms:y=O", "b:c:d:e=f"],
                "lacks": ["b:c:LOC", "wnut:A", "wnut:B", "wnut:A"],
            },
            Mixture(
                {
                    "conll2003": "conll2003",
                    "firms": "./firms",
                    "btc": "hub:tner/btc:x",
                    "wnut": "o/wnut@main",
                    "b": "names",
                    "b:c": "x",
                },
                {"firms": 0.5, "b:c": 3.0},
                {"btc": {"a=b": "c"}, "firms": {"x": "", "y": "O"}, "b:c": {"d:e": "f"}},
                {"b:c": ["LOC"], "wnut": ["A", "B"]},
            ),
        ),
    ],
)
def test_options_name_the_corpora(folder, options, expected):
    assert parse(**options) == expected


def test_a_file_is_named_without_its_ends(folder):
    Path("a.jsonl.gz").touch()
    assert parse(["names", "a.jsonl.gz"]).data == {"names": "names", "a": "a.jsonl.gz"}


TWO = ["names", "firms"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"data": ["names", "./names"]},
            "--data: two corpora have the name 'names': name one of them yourself, such as "
            "--data names2=./names",
        ),
        ({"data": ["a=names", "a=firms"]}, "--data: two corpora have the name 'a'"),
        ({"data": ["=names"]}, "--data =names: expected a corpus, or NAME=CORPUS"),
        ({"data": ["a b=names"]}, "--data a b=names: expected a corpus, or NAME=CORPUS"),
        ({"data": ["a="]}, "--data a=: expected a corpus, or NAME=CORPUS"),
        ({"data": TWO, "weights": ["firm=2"]}, "--weight firm=2: expected one of .* names, firms"),
        ({"data": TWO, "weights": ["2"]}, "--weight 2: expected one of the corpora"),
        ({"data": TWO, "weights": ["firms=x"]}, "--weight firms=x: expected NAME=NUMBER, such as"),
        ({"data": TWO, "weights": ["firms=1", "firms=2"]}, "--weight: firms has two weights"),
        ({"data": TWO, "maps": ["corp=ORG"]}, "--map corp=ORG: expected one of the corpora"),
        ({"data": TWO, "maps": ["firms:corp"]}, "--map firms:corp: expected NAME:LABEL=LABEL"),
        ({"data": TWO, "maps": ["firms:=ORG"]}, "--map firms:=ORG: expected NAME:LABEL=LABEL"),
        ({"data": TWO, "maps": ["firms:a=b", "firms:a="]}, "--map: a of firms has two new names"),
        ({"data": TWO, "lacks": ["MISC"]}, "--lacks MISC: expected one of the corpora"),
        ({"data": TWO, "lacks": ["firms:"]}, "--lacks firms:: expected NAME:LABEL, such as"),
        ({"data": TWO, "train": "x"}, "`train_file`: the corpora of --data have train splits"),
        ({"data": ["a=file.conll"], "train": "x"}, "`train_file`: the corpora of --data have"),
    ],
)
def test_what_is_refused(folder, options, message):
    with pytest.raises(UsageError, match=f"^{message}"):
        parse(**options)


def test_library_errors_name_options(run, folder):
    code, _, err = run(*START, "--lacks", "firms:MISC")
    assert (code, err) == (
        2,
        "windowclf: error: --lacks of firms: no other corpus has the label 'MISC'; expected one "
        "of PER\n",
    )
    code, _, err = run(*START, "--map", "firms:corps=ORG")
    assert (code, err.startswith("windowclf: error: --map of firms: it has no label")) == (2, True)
    code, _, err = run(*START, *LACKS, "--level", "word", "--loss", "squared-error")
    assert (code, "windowclf: error: --lacks needs --loss softmax" in err) == (2, True)
    assert not Path("models").exists()


def test_options_that_an_earlier_version_stored(folder):
    given = train.make_context("train", ["--data", "names"]).params
    stored = msgspec.to_builtins(TrainOptions.from_command_line(given))
    for name in mixture.MIXING:
        del stored[name]
    for data, expected in (("names", ["names"]), (None, [])):
        found = read_options(stored | {"data": data}, TrainOptions, "x")
        assert (found.data, found.weights, found.maps, found.lacks) == (expected, [], [], [])
    with pytest.raises(ModelError, match=r"^x: Expected `str`, got `int`"):
        read_options(stored | {"data": [3]}, TrainOptions, "x")
    search = {"given": {}, "search": [], "trials": 2}
    before = {"options": {"data": "names", "vectors": "random"}, **search}
    found = read_options(before, TuneOptions, "x")
    assert found.options == {
        "data": ["names"],
        "vectors": "random",
        "weights": [],
        "maps": [],
        "lacks": [],
    }
    assert read_options(msgspec.to_builtins(found), TuneOptions, "x") == found


def test_tune_on_two_corpora(run, folder):
    fixed = [part for part in QUICK if part != "--quiet"]
    options = ["--data", "names", "--data", "firms", *MAPS, *LACKS, "--trials", 1]
    code, *_ = run("tune", *options, *fixed, "--search", "window=3,5", "--output", "tuned")
    assert code == 0
    record = windowclf.load("tuned/best").model.record
    assert [corpus.lacks for corpus in record.corpora] == [[], ["PER"]]
    code, _, err = run("tune", *options, "--weight", "firms=2", *fixed, "--output", "tuned")
    assert (code, "other options: lacks" in err or "weights" in err) == (2, True)
