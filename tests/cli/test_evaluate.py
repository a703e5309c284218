import json

import pytest

import windowclf


@pytest.fixture
def evaluate(run, model_folder, tiny_data):
    def evaluate(*options):
        code, out, err = run("evaluate", "--model", model_folder, "--data", tiny_data, *options)
        assert (code, err) == (0, "")
        return out

    return evaluate


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_json(evaluate, classifier, tiny_data, split):
    scores = json.loads(evaluate("--split", split, "--json"))
    given = windowclf.load_corpus(tiny_data).splits[split]
    assert {"precision", "recall", "f1", "tokens", "types"} <= set(scores)
    assert scores == classifier.evaluate(given).to_json()
    assert scores["tokens"] == sum(map(len, given))
    assert list(scores["types"]) == ["LOC", "PER"]
    for counts in (scores, *scores["types"].values()):
        assert all(0.9 < counts[ratio] <= 1 for ratio in ("precision", "recall", "f1"))


def test_the_test_split_is_the_default(evaluate):
    assert evaluate("--json") == evaluate("--split", "test", "--json")
    assert evaluate("--json") != evaluate("--split", "dev", "--json")


def test_wrong_tags_count(run, model_folder, tmp_path):
    (tmp_path / "test.txt").write_text("Oslo B-PER\nis O\nin O\nFrance B-LOC\n")
    _, out, _ = run("evaluate", "--model", model_folder, "--data", tmp_path, "--json")
    scores = json.loads(out)
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0.5, 0.5, 0.5)
    assert scores["types"]["PER"]["recall"] == 0
    assert scores["types"]["LOC"] == {
        "precision": 0.5,
        "recall": 1,
        "f1": pytest.approx(2 / 3),
        "gold": 1,
        "predicted": 2,
        "correct": 1,
    }


def test_the_table_has_a_row_per_type(evaluate, classifier, tiny_data):
    out = evaluate()
    tokens = sum(map(len, windowclf.load_corpus(tiny_data).splits["test"]))
    assert f"{tiny_data}, test: {tokens:,} tokens" in out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.split()}
    scores = json.loads(evaluate("--json"))
    assert rows["type"] == ["precision", "recall", "F1", "gold", "predicted", "correct"]
    for label, counts in scores["types"].items():
        ratios = [f"{100 * counts[ratio]:.2f}" for ratio in ("precision", "recall", "f1")]
        numbers = [str(counts[number]) for number in ("gold", "predicted", "correct")]
        assert rows[label] == ratios + numbers
    assert rows["all"][2] == f"{100 * scores['f1']:.2f}"
    assert "\x1b" not in out


def test_other_schemes_and_single_files(run, model_folder, tmp_path):
    path = tmp_path / "mine.bio"
    path.write_text("Mary I-PER\nPoppins I-PER\nmet O\nAda I-PER\n")
    options = ["--model", model_folder, "--test", path, "--json"]
    for scheme in ("auto", "iob1"):
        code, out, _ = run("evaluate", *options, "--scheme", scheme)
        assert code == 0
        assert json.loads(out)["types"]["PER"]["gold"] == 2
