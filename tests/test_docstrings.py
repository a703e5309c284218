"""The examples in the docstrings of windowclf print what they say."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

import windowclf

PACKAGE = Path(windowclf.__file__).parent
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        if re.search(r"^ *>>> ", path.read_text("utf-8"), re.MULTILINE):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = [*modules()]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some of them write files
    module = import_module(name)
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    found = [test for test in doctest.DocTestFinder().find(module, name) if test.examples]
    assert found
    report = []
    for test in found:
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


def test_there_are_examples_to_run():
    assert len(MODULES) > 15
