"""The words and phrases that scripts/prose reports, and the places where it reads."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def prose(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("prose")


@pytest.fixture
def find(prose):
    """The lines and the words that are reported in a text."""
    rules = prose.read_rules()
    return lambda text: [(hit.line, hit.words) for hit in prose.find(text, rules)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a row that is no text", "is no"),
        ("an index that\nis\n  no number", "is no"),
        ("each refusal is told", "told"),
        ("imported here, for to tag needs no thread", "for to tag"),
        ('    """Give the words."""', '"""Give'),
        ("    tokens : sequence of str\n        Of the sentence.", "tokens : sequence of str Of"),
        ("the search is gone on with", "gone on with"),
        ("stop after so many epochs", "after so many"),
    ],
)
def test_a_phrase_is_reported_with_the_line_where_it_ends(find, text, words):
    assert find(text) == [(text.count("\n") + 1, words)]


@pytest.mark.parametrize(
    "text",
    [
        "there is no dev text",
        "a setting of which there is no trace",
        "it is no longer read",
        "the mean is no larger",
        "so many that it fills the memory",
        "    tokens : sequence of str\n        Words of the sentence.",
        "the intelligence of a storyteller",
    ],
)
def test_what_is_right_is_left(find, text):
    assert find(text) == []


def test_of_python_comments_and_docstrings_are_read(prose, find):
    source = '''"""It is told."""
told = is_no = "told"
call(
    told,  # is told
)
# a comment that is
# no sentence
'''
    assert find(prose.python_prose(source, strings=False)) == [
        (1, "told"),
        (4, "told"),
        (7, "is no"),
    ]
    strings = prose.python_prose(source, strings=True)
    assert find(strings) == [(1, "told"), (2, "told"), (4, "told"), (7, "is no")]


def test_a_message_in_pieces_is_one_text(prose, find):
    source = 'raise ValueError(f"{name!r} is "\n    "no folder")\n'
    assert find(prose.python_prose(source, strings=True)) == [(2, "is no")]


def test_code_in_markdown_and_words_in_backticks_are_not_read(prose, tmp_path):
    path = tmp_path / "a.md"
    path.write_text("`told`\n\n    it is told\n\n```\ntold\n```\n\nIt is told.\n")
    rules = prose.read_rules()
    assert [hit.line for hit in prose.find(prose.prose(path), rules)] == [9]


def test_of_a_script_comments_and_strings_are_read(prose, find):
    source = 'const told = "is told";\n// heed\ncall(told);\n'
    assert find(prose.script_prose(source)) == [(1, "told"), (2, "heed")]


@pytest.mark.parametrize(("text", "code"), [("It is told.\n", 1), ("It is reported.\n", 0)])
def test_the_program_fails_where_it_finds_something(text, code, tmp_path):
    path = tmp_path / "a.md"
    path.write_text(text)
    program = [sys.executable, SCRIPTS / "prose.py", path]
    ran = subprocess.run(program, capture_output=True, text=True)
    assert ran.returncode == code, ran.stderr
    assert (f"{path}:1: 'told'" in ran.stdout) == bool(code)
    counted = subprocess.run([*program, "--count"], capture_output=True, text=True)
    assert counted.returncode == 0
    assert f"{code:5}  in all" in counted.stdout
