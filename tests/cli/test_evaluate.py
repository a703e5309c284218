import json

import pytest

import tiny
import windowclf
from windowclf.evaluation.evaluate import examine
from windowclf.tags.schemes import Scheme, spans


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
    expected = classifier.evaluate(given).to_json()
    # The last bit of a score depends on the words that were seen before.
    error = expected.pop("calibration_error")
    assert scores.pop("calibration_error") == pytest.approx(error, rel=1e-4)
    assert scores == expected
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


@pytest.fixture(scope="module")
def unsure(tiny_data, tmp_path_factory):
    """The folder of a model that is often wrong, and knows what is written in which case."""
    own = {
        "level": "word",
        "loss": "softmax",
        "constrained": False,
        "sentence_mean": False,
        "features": ("shape", "written"),
        "case_augmentation": 0.0,
        "epochs": 2,
        "seed": 3,
    }
    classifier = windowclf.WindowClassifier(**tiny.QUICK | own)
    classifier.fit(windowclf.load_corpus(tiny_data), vectors="random")
    folder = tmp_path_factory.mktemp("unsure") / "model"
    classifier.save(folder)
    return folder


@pytest.mark.parametrize("case", ["upper", "lower"])
def test_a_text_in_another_case(run, unsure, tiny_data, tmp_path, case):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for split in ("dev", "test"):
        lines = (tiny_data / f"{split}.txt").read_text(encoding="utf-8").splitlines()
        rows = [line.split() for line in lines]
        by_hand = [" ".join([getattr(row[0], case)(), *row[1:]]) if row else "" for row in rows]
        (folder / f"{split}.txt").write_text("\n".join(by_hand) + "\n", encoding="utf-8")
    evaluate = ["evaluate", "--model", unsure]
    for split in ("dev", "test"):
        options = ["--split", split, "--json"]
        as_it_is = run(*evaluate, "--data", tiny_data, *options)
        recased = run(*evaluate, "--data", tiny_data, "--case", case, *options)
        assert recased == run(*evaluate, "--data", folder, *options)
        assert recased[0] == 0
        assert json.loads(recased[1])["f1"] != json.loads(as_it_is[1])["f1"]
    code, out, _ = run(*evaluate, "--data", tiny_data, "--case", case)
    assert code == 0
    assert f"{tiny_data}, test in {case} case: " in " ".join(out.split())


def calibration_error(sure, right):
    """The gap between confidence and accuracy in ten bins, weighed by what is in them."""
    error = 0.0
    for low in range(10):
        inside = [i for i, p in enumerate(sure) if low < 10 * p <= low + 1 or (p == 0 == low)]
        error += abs(sum(right[i] for i in inside) - sum(sure[i] for i in inside))
    return error / len(sure)


def test_the_calibration_error_is_that_of_the_scores_of_tag(run, unsure, tiny_data, tmp_path):
    given = windowclf.load_corpus(tiny_data).splits["dev"]
    texts = tmp_path / "texts"
    texts.write_text("".join(f"{' '.join(s.tokens)}\n" for s in given), encoding="utf-8")
    tag = ["tag", "--model", unsure, "--input", texts, "--pretokenized", "--format", "jsonl"]
    sure, right = [], []
    for sentence, line in zip(given, run(*tag)[1].splitlines(), strict=True):
        ends = [len(" ".join(sentence.tokens[: i + 1])) for i in range(len(sentence))]
        true = {
            (ends[start] - len(sentence.tokens[start]), ends[end - 1], label)
            for start, end, label in spans(sentence.tags, Scheme.IOB2)
        }
        for entity in json.loads(line)["entities"]:
            sure.append(entity["score"])
            right.append((entity["start"], entity["end"], entity["label"]) in true)
    assert {*right} == {True, False}
    expected = calibration_error(sure, right)
    assert 0 < expected < 1

    evaluate = ["evaluate", "--model", unsure, "--data", tiny_data, "--split", "dev"]
    found = json.loads(run(*evaluate, "--json")[1])["calibration_error"]
    assert found == pytest.approx(expected, abs=1e-5)
    assert f"expected calibration error {found:.4f}" in run(*evaluate)[1]


def test_nothing_found_has_no_calibration_error(run, model_folder, tmp_path):
    (tmp_path / "test.txt").write_text("They O\nsaw O\nhim O\n. O\n")
    code, out, _ = run("evaluate", "--model", model_folder, "--data", tmp_path, "--json")
    found = json.loads(out)
    assert (code, found["calibration_error"]) == (0, 0)
    assert not found["types"]


def flat(out):
    """The lines of a table without the white space that lays them out."""
    return [" ".join(line.split()) for line in out.splitlines() if line.strip()]


@pytest.fixture
def wrong(unsure, tiny_data):
    """The options that name a model which is often wrong, and a corpus."""
    return ["evaluate", "--model", unsure, "--data", tiny_data, "--split", "dev"]


def test_errors_in_json(run, wrong, unsure, tiny_data):
    code, out, err = run(*wrong, "--errors", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    errors, confusion = found.pop("errors"), found.pop("confusion")
    alone = json.loads(run(*wrong, "--json")[1])
    assert found.pop("calibration_error") == pytest.approx(alone.pop("calibration_error"), rel=1e-4)
    assert found == alone

    classifier = windowclf.load(unsure)
    given = windowclf.load_corpus(tiny_data).splits["dev"]
    gold = [classifier.model.gold_tags(s.tags, Scheme.IOB2) for s in given]
    expected = [error.to_json() for error in examine(classifier.tagger, given, gold).errors]
    assert len(errors) > 20  # all of them
    for mine, theirs in zip(errors, expected, strict=True):
        assert mine.pop("score") == pytest.approx(theirs.pop("score"), rel=1e-4)
    in_order = sorted(expected, key=str)
    assert sorted(errors, key=str) == in_order

    assert confusion["labels"] == ["LOC", "PER", None]
    counts = confusion["counts"]
    for i, label in enumerate(("LOC", "PER")):
        assert sum(counts[i]) == found["types"][label]["gold"]
        assert sum(row[i] for row in counts) == found["types"][label]["predicted"]
    wrong_types = sum(sum(row) for row in counts) - counts[0][0] - counts[1][1]
    borders = [error for error in errors if error["kind"] == "wrong border"]
    same = [error for error in borders if error["gold"]["label"] == error["predicted"]["label"]]
    assert wrong_types == len(errors) - len(same)
    assert json.loads(run(*wrong, "--errors", "3", "--json")[1])["errors"][3:]


def test_errors_on_a_terminal(run, wrong):
    errors = json.loads(run(*wrong, "--errors", "--json")[1])["errors"]
    code, out, err = run(*wrong, "--errors")
    assert (code, err) == (0, "")
    lines = flat(out)
    assert lines[: lines.index("confusion")] == flat(run(*wrong)[1])
    head = "score kind gold predicted [gold] {predicted}"
    rows = lines[lines.index(head) + 2 :]
    assert len(rows) == 21
    assert rows[-1] == f"and {len(errors) - 20} more, with --errors {len(errors)}"
    for row, error in zip(rows, errors[:20], strict=False):
        sides = (error["gold"], error["predicted"])
        labels = " ".join(side["label"] for side in sides if side)
        assert row.startswith(f"{error['score']:.2f} {error['kind']} {labels} ")
        for side, (left, right) in zip(sides, ("[]", "{}"), strict=True):
            assert not side or left in row or error["kind"] == "wrong type", right
    for options in (["--errors", "3"], ["--errors=3"]):
        lines = flat(run(*wrong, *options)[1])
        assert lines[lines.index(head) + 2 :][:3] == rows[:3]
        assert lines[-1] == f"and {len(errors) - 3} more, with --errors {len(errors)}"


def test_nothing_is_wrong(run, tiny_data):
    options = ["--data", tiny_data, "--predictions", tiny_data / "test.txt", "--errors"]
    assert "no wrong entity" in run("evaluate", *options)[1]
    assert json.loads(run("evaluate", *options, "--json")[1])["errors"] == []


@pytest.mark.parametrize("form", ["conll", "jsonl"])
def test_the_output_of_tag_is_as_good_as_the_model(run, wrong, unsure, tiny_data, tmp_path, form):
    given = windowclf.load_corpus(tiny_data).splits["dev"]
    texts = tmp_path / "texts"
    texts.write_text("".join(f"{' '.join(s.tokens)}\n" for s in given), encoding="utf-8")
    tag = ["tag", "--model", unsure, "--input", texts, "--pretokenized", "--format", form]
    said = tmp_path / f"said.{form}"
    said.write_text(run(*tag)[1], encoding="utf-8")

    predictions = ["evaluate", "--data", tiny_data, "--split", "dev", "--predictions", said]
    of_file = json.loads(run(*predictions, "--errors", "--json")[1])
    of_model = json.loads(run(*wrong, "--errors", "--json")[1])
    del of_model["calibration_error"]
    del of_file["accuracy"], of_model["accuracy"]  # of tags: IOB2 in the file, IOBES in the model
    places = [error["sentence"] for error in of_file["errors"]]
    assert places == sorted(places)
    for found in (of_file, of_model):
        for error in found["errors"]:
            assert (error.pop("score") is None) == (found is of_file)
        found["errors"].sort(key=str)
    assert of_file == of_model

    out = run(*predictions, "--errors")[1]
    title = f"{said} on {tiny_data}, dev: {sum(map(len, given)):,} tokens"
    assert "".join(title.split()) in "".join(out.split())  # it is broken into lines
    assert "score kind" not in " ".join(out.split())
    assert "kind gold predicted [gold] {predicted}" in flat(out)


def test_predictions_from_stdin(run, stdin, tiny_data):
    data = (tiny_data / "test.txt").read_bytes().replace(b"-LOC", b"-PER")
    stdin(data)
    code, out, err = run("evaluate", "--data", tiny_data, "--predictions", "-", "--json")
    assert (code, err) == (0, "")
    scores = json.loads(out)
    assert scores["types"]["LOC"]["predicted"] == 0
    assert scores["types"]["PER"]["recall"] == 1
    assert scores["types"]["PER"]["precision"] < 1
    assert "errors" not in scores
    assert "confusion" not in scores


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            ["--predictions", "{0}/test.txt", "--model", "x"],
            2,
            "--predictions or --model, not both",
        ),
        (["--predictions", "{0}/none.txt"], 1, "none.txt: cannot be read: No such file"),
        (["--predictions", "{0}/dev.txt"], 1, "expected the same tokens in both, found "),
        (["--errors", "0"], 2, "0 is not in the range x>=1"),
        (["--errors", "x"], 2, "'x' is not a valid integer"),
    ],
)
def test_errors_of_the_user(run, tiny_data, options, code, message):
    given = [option.format(tiny_data) for option in options]
    found, out, err = run("evaluate", "--data", tiny_data, *given)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert message in err


def test_the_former_name_of_case_still_works_but_not_beside_it(run, model_folder, tiny_data):
    evaluate = ["evaluate", "--model", model_folder, "--data", tiny_data, "--json"]
    assert run(*evaluate, "--recase", "upper") == run(*evaluate, "--case", "upper")
    reason = "--recase is the former name of --case: give one of them"
    both = run(*evaluate, "--recase", "upper", "--case", "lower")
    assert both == (2, "", f"windowclf: error: {reason}\n")
