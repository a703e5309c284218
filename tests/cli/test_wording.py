"""Messages name parameters in Python, and options on the command line."""

import ast
import re
from pathlib import Path

import click
import pytest

import windowclf
from windowclf import UsageError, WindowClassifier
from windowclf.cli import main
from windowclf.cli.console import note
from windowclf.cli.wording import with_options

COMMAND = click.Command(
    "train",
    params=[
        click.Option(["--loss"]),
        click.Option(["--batch-of"]),
        click.Option(["--gazetteer", "gazetteers"]),
        click.Option(["--feature", "features"]),
        click.Option(["--train", "train_file"]),
        click.Option(["--sentence-mean/--no-sentence-mean"]),
    ],
)

PACKAGE = Path(windowclf.__file__).parent
# Rooms that only the command line leads to, and files with options of other programs.
OF_COMMANDS = ("cli", "jobs", "tuning", "documents/paths.py", "reports/terminal", "service")
QUOTED = {
    "vectors/load.py": 1,  # pip install --force-reinstall
    "system/dask.py": 1,
    "system/locks.py": 1,
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("`loss='ranking'` needs `batch_of`", "--loss ranking needs --batch-of"),
        ("`features`: and `gazetteers`", "--feature: and --gazetteer"),
        ("name it with `train`, `dev` or `test`", "name it with --train, `dev` or `test`"),
        ("`sentence_mean=True` is", "--sentence-mean is"),
        ("the text has `loss` and ``loss``", "the text has --loss and `--loss`"),
        ("nothing `to do` with 'loss' or train", "nothing `to do` with 'loss' or train"),
        ("`epochs=3`", "`epochs=3`"),
    ],
)
def test_parameters_become_the_options_of_the_command(message, expected):
    assert with_options(message, COMMAND) == expected


def test_the_same_fault_in_python_and_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        WindowClassifier(window=4)
    assert str(caught.value) == "`window`: expected an odd number, got 4"
    assert main(["train", "--window", "4"]) == 2
    assert capsys.readouterr().err == (
        "windowclf: error: --window: expected an odd number, got 4\n"
    )
    (tmp_path / "here.txt").write_text("a O\n")
    assert main(["train", "--data", "here.txt"]) == 2
    assert "give it with --train, --dev or --test" in capsys.readouterr().err


def test_notes_name_options(capsys):
    with click.Context(COMMAND):
        note("see `loss`")
    note("see `loss`")
    assert capsys.readouterr().err == "see --loss\nsee `loss`\n"


def test_the_library_names_no_option():
    """Except in the packages and files above, and in docstrings."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(OF_COMMANDS):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        raised = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
        texts = [
            part.value
            for node in raised
            for part in ast.walk(node)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        count = sum(bool(re.search(r"(^|\s|')--[a-z]", text)) for text in texts)
        if count:
            found[name] = count
    assert found == QUOTED
