import json

import pytest

import tiny

SMALL = {**tiny.QUICK, "hidden": 10}


@pytest.fixture
def command(tiny_data):
    return [
        *("learning-curve", "--data", tiny_data, "--vectors", tiny_data / "vectors.vec"),
        *tiny.options(SMALL),
        *("--sizes", "10,20,40", "--repeats", "2"),
    ]


def test_a_table_a_page_and_the_forecast(run, command, tmp_path):
    page = tmp_path / "curve.html"
    code, out, err = run(*command, "--html", page)
    assert (code, err) == (0, f"page: {page}\n")
    facts = json.loads(run(*command, "--json")[1])
    assert facts["scored_on"] == "test"
    assert [point["sentences"] for point in facts["points"]] == [10, 20, 40]
    lines = [" ".join(line.split()) for line in out.splitlines() if line.strip()]
    assert "sentences tokens spans F1 95 % interval of each repeat" in lines
    for point in facts["points"]:
        repeats = " ".join(f"{100 * f1:.2f}" for f1 in point["f1"])
        [line] = [line for line in lines if line.startswith(f"{point['sentences']} ")]
        assert line.endswith(repeats)
        assert f" {100 * point['mean']:.2f} {100 * point['low']:.2f} to " in line
    assert "F1 on the test split" in lines
    gain, f1 = (100 * facts["forecast"][name] for name in ("gain", "f1"))
    said = f"twice the sentences (80) would bring about {gain:.1f} points: F1 {f1:.1f} ("
    assert lines[-1].startswith(said)
    html = page.read_text(encoding="utf-8")
    assert "<strong>Twice the sentences (80)" in html
    drawn = html.partition('id="figures">')[2].partition("</script>")[0]
    names = [trace["name"] for trace in json.loads(drawn)["curve"]["data"]]
    assert names == ["95 % interval of the mean", "trainings", "mean", "law", "forecast"]


def test_two_sizes_have_no_forecast(run, command, tmp_path):
    page = tmp_path / "curve.html"
    command[-3] = "10,20"
    code, out, _ = run(*command, "--html", page)
    assert code == 0
    assert out.splitlines()[-1].startswith("no forecast: expected 3 sizes or more, got 2")
    assert '"forecast"' not in page.read_text(encoding="utf-8").partition('id="figures">')[2]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--sizes", "a,b"], 2, "--sizes: expected numbers of sentences, such as 25,50,100, got"),
        (["--sizes", "20,10"], 2, "--sizes: expected numbers of sentences in ascending order"),
        (["--sizes", "10,9999"], 2, "--sizes: expected at most"),
        (["--sizes", "-5"], 2, "sizes: expected at least 1, got -5"),
        (["--repeats", "0"], 2, "Invalid value for '--repeats'"),
        (["--train-fraction", "0.1"], 1, "training sentences: expected at least 10"),
        (["--html", "-", "--json"], 2, "both write to stdout"),
    ],
)
def test_bad_input(run, command, options, code, message):
    found, out, err = run(*command, *options)
    assert (found, out) == (code, "")
    assert message in err
    errors = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert len(errors) == 1
