import json
import shutil

import pytest

import tiny
import windowclf
from windowclf.evaluation.comparison import compare
from windowclf.tags.schemes import Scheme


@pytest.fixture(scope="module")
def weak(tiny_data, tmp_path_factory):
    """The folder of a model that is often wrong."""
    own = {"level": "word", "constrained": False, "sentence_mean": False, "case_augmentation": 0.0}
    classifier = windowclf.WindowClassifier(**tiny.QUICK | own | {"epochs": 2, "seed": 3})
    classifier.fit(windowclf.load_corpus(tiny_data), vectors="random")
    folder = tmp_path_factory.mktemp("weak") / "weak"
    classifier.save(folder)
    return folder


@pytest.fixture
def command(model_folder, weak, tiny_data):
    """A comparison of two models on a text."""
    return ["compare", model_folder, weak, "--data", tiny_data, "--split", "dev"]


def test_json_is_what_the_library_finds(run, command, classifier, weak, tiny_data):
    code, out, err = run(*command, "--json", "--samples", 500, "--seed", 4)
    assert (code, err) == (0, "")
    facts = json.loads(out)
    models = {"model": classifier.model, "weak": windowclf.load(weak).model}
    given = windowclf.load_corpus(tiny_data).splits["dev"]
    expected = compare(models, given, Scheme.IOB2, samples=500, seed=4).to_json()
    assert facts == {
        "data": str(tiny_data),
        "split": "dev",
        **json.loads(json.dumps(expected)),
    }
    [against] = facts["against"]
    assert against["name"] == "weak"
    assert against["total"]["f1"] < -0.1
    assert against["significant"]


def test_scores_are_those_of_evaluate(run, command, model_folder, weak, tiny_data):
    facts = json.loads(run(*command, "--json", "--samples", 100)[1])
    for found, folder in zip(facts["runs"], (model_folder, weak), strict=True):
        evaluate = ["evaluate", "--model", folder, "--data", tiny_data, "--split", "dev", "--json"]
        scores = json.loads(run(*evaluate)[1])
        assert found["types"] == scores["types"]
        assert found["total"]["f1"] == scores["f1"]


def flat(out):
    return [" ".join(line.split()) for line in out.splitlines() if line.strip()]


def test_tables(run, command):
    options = ["--samples", 500]
    facts = json.loads(run(*command, *options, "--json")[1])
    code, out, err = run(*command, *options)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    lines = flat(out)
    assert lines[0] == "settings that differ"
    assert "setting model weak" in lines
    for setting in ("level sentence word", "constrained on off", "hidden 16 4", "recase 0.05 0.0"):
        assert setting in lines
    assert not [line for line in lines if line.startswith("momentum")]

    epochs = [run["epochs"] for run in facts["runs"]]
    assert [len(its) for its in epochs] == [6, 2]
    at = lines.index("epoch model: loss F1 weak: loss F1") + 2
    for number, line in enumerate(lines[at : at + 6]):
        cells = [str(number + 1)]
        for its, run_facts in zip(epochs, facts["runs"], strict=True):
            for epoch in its[number : number + 1]:
                cells += [f"{epoch['loss']:.4f}", f"{100 * epoch['f1']:.2f}"]
                cells += ["*"] * (epoch["epoch"] == run_facts["best_epoch"])
        assert line.split() == cells

    one, two = facts["runs"]
    [against] = facts["against"]
    for kind, *found in (
        ("all", one["total"], two["total"], against["total"]),
        *((t, one["types"][t], two["types"][t], against["types"][t]) for t in ("LOC", "PER")),
    ):
        f1 = " ".join(f"{100 * each['f1']:.2f}" for each in found[:2])
        assert f"{kind} {f1} {100 * found[2]['f1']:+.2f}".replace("-", "−") in lines
    assert lines[-2].startswith(
        f"weak against model: F1 differs by −{-100 * against['total']['f1']:.2f} (95 % "
    )
    assert lines[-2].endswith("p = 0.0020: significant.")
    assert lines[-1].startswith("Paired bootstrap: 500 samples of 66 sentences, drawn with seed 1.")


def test_a_model_and_its_copy(run, model_folder, tiny_data, tmp_path):
    copy = shutil.copytree(model_folder, tmp_path / "model")
    code, out, err = run("compare", model_folder, copy, "--data", tiny_data, "--samples", 100)
    assert (code, err) == (0, "")
    lines = flat(out)
    assert lines[0] == "all settings are the same"
    assert "".join(lines).count(str(copy)) >= 1  # two of one name have their folders for names
    assert lines[-2].endswith(
        "F1 differs by 0.00 (95 % interval 0.00 to 0.00), p = 1.0000: not significant."
    )


def test_several_runs(run, command, folder, tiny_data):
    third = folder.rename(folder.with_name("third"))
    code, out, err = run(*command[:3], third, *command[3:], "--samples", 500)
    assert (code, err) == (0, "")
    lines = flat(out)
    at = lines.index("against model")
    assert lines[at + 1] == "run F1 differs by 95 % interval p"
    assert lines[at + 3].startswith("weak −")
    assert lines[at + 3].endswith("0.0040 significant")
    assert lines[at + 4] == "third 0.00 0.00 to 0.00 1.0000 not significant"
    assert "(Holm's correction): significant" in lines[-3]


def test_a_page(run, command, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = run(*command, "--samples", 100, "--html", page)
    assert (code, err) == (0, f"page: {page}\n")
    assert out == run(*command, "--samples", 100)[1]
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "<h1>model and weak compared</h1>" in html
    assert run(*command, "--samples", 100, "--html", "-") == (0, html, "")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, "compare needs at least two model folders: RUN RUN..."),
        (["{model}"], 2, "compare needs at least two model folders"),
        (["{model}", "{model}/../model"], 2, "is named twice: expected each model once"),
        (["{model}", "{model}x"], 1, "modelx/model.json: cannot read the model: No such file"),
        (["{model}", "{weak}", "--data", "nowhere"], 2, "unknown data set 'nowhere'"),
        (
            ["{model}", "{weak}", "--test", "{data}/test.txt", "--split", "dev"],
            2,
            "has no dev split: expected one of test",
        ),
        (["{model}", "{weak}", "--samples", "99"], 2, "Invalid value for '--samples'"),
        (["{model}", "{weak}", "--html", "-", "--json"], 2, "both write to stdout"),
        (
            ["{model}", "{weak}", "--data", "{data}", "--samples", "100", "--html", "no/page.html"],
            1,
            "no/page.html: cannot be written: No such file or directory",
        ),
    ],
)
def test_bad_input(
    run, model_folder, weak, tiny_data, monkeypatch, tmp_path, options, code, message
):
    monkeypatch.chdir(tmp_path)
    places = {"model": model_folder, "weak": weak, "data": tiny_data}
    found, out, err = run("compare", *(option.format(**places) for option in options))
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
    assert not [*tmp_path.iterdir()]
