"""The documentation is complete: names, options, settings and sources; and its code runs.

None of this builds the site, as `scripts/docs` does.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import getsource
from pathlib import Path

import click
import numpy as np
import pytest
from msgspec.structs import fields

import windowclf
from windowclf.cli import windowclf as group
from windowclf.config.config import RENAMED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
PAGES = {path.stem: path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md")}
DOCUMENTED = [name for text in PAGES.values() for name in DIRECTIVE.findall(text)]

PARTS = {"Model", "Tagger", "TaggedChunk", "Count", "Probability"}
"""Types in public signatures that callers neither make nor take apart."""

FORMER = {"--" + old.replace("_", "-") for old in RENAMED}
"""Names of options that are accepted and not listed."""


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


def nav():
    """The entries of the navigation, as mkdocs.yml writes them."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    return re.findall(r"- (?:[^:\n]+: )?(\S+(?:\.md|/))$", text, re.MULTILINE)


# Python


@pytest.mark.parametrize("name", windowclf.__all__)
def test_the_reference_has_each_public_name(name):
    assert DOCUMENTED.count(f"windowclf.{name}") == 1


def test_each_page_of_the_reference_is_in_the_navigation():
    assert {f"reference/{name}.md" for name in PAGES} <= {*nav()}


def test_the_reference_has_each_integration():
    modules = {path.stem for path in (ROOT / "windowclf" / "integrations").glob("*.py")}
    named = {name.split(".")[2] for name in DOCUMENTED if name.startswith("windowclf.integ")}
    assert named == modules - {"__init__", "model_card"}


def resolved(path):
    """Import what a dotted path names."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except AttributeError:
        return import_module(path)


def home(path):
    """The module that defines what a dotted path names, and its name there."""
    found = resolved(path)
    name = path.rpartition(".")[2]
    return f"{found.__module__}.{name}" if isinstance(found, type) else path


@cache
def imports(module):
    """Where the names of a module come from, those for the type checker among them."""
    tree = ast.parse(getsource(import_module(module)))
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def annotations(node: ast.AST) -> Iterator[ast.expr]:
    """The annotations of a function or of the public members of a class."""
    if isinstance(node, ast.ClassDef):
        for member in node.body:
            name = getattr(member, "name", "")
            if isinstance(member, ast.AnnAssign):
                yield member.annotation
            elif name == "__init__" or not name.startswith("_"):
                yield from annotations(member)
    elif isinstance(node, ast.FunctionDef):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        yield from (argument.annotation for argument in every if argument.annotation)
        if node.returns:
            yield node.returns


def types_of(path):
    """The classes of the project in the signatures of what a dotted path names."""
    module, _, name = home(path).rpartition(".")
    for node in ast.parse(getsource(import_module(module))).body:
        if getattr(node, "name", "") != name:
            continue
        for annotation in annotations(node):
            written = ast.unparse(annotation)
            if isinstance(annotation, ast.Constant):
                written = annotation.value or ""
            for used in re.findall(r"[A-Z]\w+", written):
                origin = imports(module).get(used, "")
                if origin.startswith("windowclf.") and not origin.startswith("windowclf.nn"):
                    yield origin


@pytest.mark.parametrize("name", windowclf.__all__)
def test_the_reference_has_the_classes_in_public_signatures(name):
    known = {home(path) for path in DOCUMENTED}
    used = set(types_of(f"windowclf.{name}"))
    assert {o for o in used - known if o.rpartition(".")[2] not in PARTS} == set()


def test_the_reference_has_each_setting():
    tables = import_module("website.tables")
    page = tables.fill_in(PAGES["settings"])
    for field in fields(windowclf.Config):
        entry = re.search(rf'<dt id="{field.name}">.*\n<dd>(.*?)<br>', page)
        assert entry, field.name
        assert len(entry[1]) > 10, field.name


# Commands


@pytest.mark.parametrize("name", group.list_commands(click.Context(group)))
def test_the_reference_has_each_option(name):
    commands = import_module("website.commands")
    page = commands.pages()[f"reference/commands/{name}.md"]
    command = group.get_command(click.Context(group), name)
    written = " ".join(re.findall(r"<dt[^>]*><code>(.*?)</code>", page))
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            assert parameter.make_metavar(click.Context(command)) in page
            continue
        options = {*parameter.opts, *parameter.secondary_opts}
        for option in options - FORMER - {f"--no-{name[2:]}" for name in FORMER}:
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", written), option
    assert "<dd></dd>" not in page


def test_the_navigation_has_the_commands():
    navigation, commands = (import_module(f"website.{n}") for n in ("navigation", "commands"))
    assert "reference/commands/" in nav()
    made = {*commands.pages()}
    whole = [*navigation.places(navigation.complete(["reference/commands/"], DOCS, made))]
    assert whole == ["reference/commands/"]  # only a title's folder is spelled out
    whole = [*navigation.places(navigation.complete([{"C": "reference/commands/"}], DOCS, made))]
    assert whole[0] == "reference/commands/index.md"
    assert {*whole} == made


def test_a_file_that_is_not_there_yet_is_left_out():
    complete = import_module("website.navigation").complete
    assert complete(["start.md", "project/release.md"], DOCS, set()) == ["start.md"]
    assert complete(["project/release.md"], DOCS, {"project/release.md"}) == ["project/release.md"]


# Links


@pytest.mark.parametrize(
    ("page", "link", "mended"),
    [
        ("guides/tag.md", "../start.md#x", "../start.md#x"),
        ("guides/tag.md", "../../SECURITY.md#x", "../project/security.md#x"),
        ("guides/tag.md", "../../scripts/docs", "REPO/scripts/docs"),
        ("guides/tag.md", "../../no-such-file", "../../no-such-file"),
        ("guides/tag.md", "https://example.org/a", "https://example.org/a"),
        ("project/changelog.md", "docs/start.md", "../start.md"),
        ("project/changelog.md", "SECURITY.md", "security.md"),
    ],
)
def test_links_lead_to_pages_or_to_the_repository(page, link, mended):
    mend_links = import_module("website.included").mend_links
    assert mend_links(f"[a]({link})", page, repository="REPO") == f"[a]({mended})"


# The tutorial


@pytest.fixture(scope="module")
def tutorial():
    """The program of the tutorial after all chapters, and what each became."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        program = import_module("website.execution").Program()
    chapters = [place for place in nav() if place.startswith("tutorial/")]
    return program, {
        place: program.run((DOCS / place).read_text("utf-8"), place) for place in chapters
    }


def test_the_navigation_has_the_chapters(tutorial):
    written = {path.relative_to(DOCS).as_posix() for path in (DOCS / "tutorial").glob("*.md")}
    assert {*tutorial[1]} == written


def test_no_expression_of_a_chapter_is_left(tutorial):
    for place, chapter in tutorial[1].items():
        assert "{{ " not in chapter, place


def test_the_pictures_are_text_on_one_line(tutorial):
    drawn = re.findall(r"<figure.*", "".join(tutorial[1].values()))
    assert len(drawn) > 6
    for picture in drawn:
        assert picture.endswith("</figure>")
        assert "nan" not in picture


def test_the_chapters_say_what_is_so(tutorial):
    names = tutorial[0].names
    assert names["losses"][0] > 10 * names["final"]
    assert (names["scores"].argmax(axis=1) == [1, 0, 1, 0, 2]).all()
    assert names["error"] > 0.05  # of the gradient that is wrong on purpose
    assert names["relative"](names["L"], names["fast"].tables["word"].value) < 1e-12
    np.testing.assert_allclose(names["dW_shared"], names["dW"], rtol=1e-9, atol=1e-12)
    assert "WRONG\n" not in tutorial[1]["tutorial/both.md"]


# Sources

_NAME = r"[A-Z][a-z][\w-]*"
_YEAR = r",? \(?((?:19|20)\d\d)"
_CITED = [
    re.compile(rf"({_NAME}(?:, {_NAME})* and {_NAME}){_YEAR}"),
    re.compile(rf"({_NAME} et al\.){_YEAR}"),
    re.compile(rf"(?<=\()({_NAME}) ((?:19|20)\d\d)"),
    re.compile(rf"(?<!and )\b({_NAME}) \(((?:19|20)\d\d)\)"),
]


def test_the_sources_have_what_the_code_cites():
    page = DOCS / "explanation" / "sources.md"
    sources = page.read_text("utf-8")
    cited = {}
    for path in {*(ROOT / "windowclf").rglob("*.py"), *DOCS.rglob("*.md")} - {page}:
        text = " ".join(path.read_text("utf-8").split())
        for form in _CITED:
            cited |= {f"{author} {year}": path for author, year in form.findall(text)}
    assert len(cited) > 20, cited
    assert {c: p for c, p in cited.items() if f"\n{c}\n" not in sources} == {}
