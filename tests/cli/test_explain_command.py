import json

import msgspec
import pytest

from windowclf.explanation.result import Explanation

TEXT = "Tom met Ada. She lives in Paris ."


@pytest.fixture
def explain(run, model_folder):
    return lambda *arguments: run("explain", "--model", model_folder, *arguments)


@pytest.mark.parametrize(
    ("token", "number"), [("1", 0), ("3", 2), ("Ada", 2), ("Paris", 7), ("8", 7)]
)
def test_the_json_is_what_the_library_gives(explain, classifier, token, number):
    code, out, err = explain(TEXT, "--token", token, "--json")
    assert (code, err) == (0, "")
    found = msgspec.json.decode(out, type=Explanation, strict=True)
    expected = classifier.explain(TEXT, number)
    assert (found.tokens, found.token, found.tag) == (expected.tokens, expected.token, expected.tag)
    assert found.scores == pytest.approx(expected.scores)
    assert set(json.loads(out)) == set(Explanation.__struct_fields__)


def test_without_a_token_the_surest_entity_is_meant(explain, classifier):
    surest = max(classifier.tag(TEXT), key=lambda entity: entity.score)
    code, out, _ = explain(TEXT, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["tokens"][found["token"]] == surest.text.split()[0]


def test_the_first_word_where_there_is_no_entity(explain, classifier):
    text = "in is in ."
    assert classifier.tag(text) == []
    found = json.loads(explain(text, "--json")[1])
    assert found["token"] == 0


def test_a_number_beyond_the_text_may_be_a_word(explain):
    found = json.loads(explain("Tom met 1996", "--token", "1996", "--json")[1])
    assert found["token"] == 2


def test_on_the_terminal(explain):
    code, out, err = explain(TEXT, "--token", "Paris")
    assert (code, err) == (0, "")
    assert "[Paris]" in out
    assert "together" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_page(explain, tmp_path, form):
    path = tmp_path / "new" / "page.html"
    code, out, err = explain(TEXT, "--token", "Paris", "--html", path, *form)
    assert (code, err) == (0, f"page: {path}\n")
    assert bool(out) == bool(form)
    assert "Why “Paris” is" in path.read_text("utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_text_of_files_and_stdin(explain, tmp_path, stdin):
    expected = explain(TEXT, "--json", "--token", "Paris")[1]
    path = tmp_path / "text.txt"
    path.write_text(TEXT, "utf-8")
    assert explain("--input", path, "--json", "--token", "Paris")[1] == expected
    stdin(b"\xef\xbb\xbf" + TEXT.encode())
    assert explain("--json", "--token", "Paris")[1] == expected
    stdin(TEXT.encode())
    assert explain("--input", "-", "--json", "--token", "Paris")[1] == expected


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["Tom met", "--token", "9"],
            2,
            "--token '9' is not a token of the text; its tokens: 1 Tom, 2 met",
        ),
        (["Tom met", "--token", "0"], 2, "--token '0' is not a token"),
        (["Tom met", "--token", "tom"], 2, "--token 'tom' is not a token"),
        (["Tom met", "--token", "9" * 5000], 2, "is not a token of the text"),
        (["Tom met", "--token", "²"], 2, "--token '²' is not a token"),
        (["Tom \x1b[1m", "--token", "x"], 2, "1 Tom"),
        (["x " * 100, "--token", "y"], 2, "20 x, and 80 more"),
        ([""], 2, "the text has no word to explain"),
        (["Tom", "--input", "x"], 2, "give a text or --input, not both"),
        (["--input", "missing.txt"], 1, "missing.txt: cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_one_line(explain, arguments, code, message):
    found, out, err = explain(*arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_bytes_that_are_no_text(explain, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"Tom\nZ\xfcrich")
    code, _, err = explain("--input", path)
    assert code == 1
    assert f"{path}:2: byte 0xfc is not UTF-8; it seems to be Windows-1252" in err


def test_an_argument_that_is_no_text(explain):
    code, out, _ = explain("Tom met \udcff", "--json", "--token", "Tom")
    assert code == 0
    assert json.loads(out)["tokens"][-1] == "\ufffd"


def test_a_page_that_cannot_be_written(explain, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = explain("Tom", "--html", tmp_path / "file" / "page.html")
    assert code == 1
    assert err.count("\n") == 1
