"""Who may import whom, read from the imports themselves."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import windowclf

PACKAGE = Path(windowclf.__file__).parent

# A room is a module or a folder of the package. It imports only rooms of the lines above its own;
# rooms of one line do not import each other. Integrations are for users to import: nothing here
# does.
LAYERS = [
    "errors",
    "system",
    "config tags",
    "text vectors nn",
    "documents lexicon",
    "corpora model",
    "tagging",
    "evaluation explanation",
    "training",
    "pretraining",
    "classifier",
    "jobs tuning",
    "reports",
    "service",
    "cli integrations",
]
RANKS = {room: rank for rank, line in enumerate(LAYERS) for room in line.split()}
STRANGERS = {("nn", room) for room in RANKS if room != "nn"} | {("text", "nn"), ("lexicon", "nn")}


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


class Imports(ast.NodeVisitor):
    """Collects what a module imports of the package, in functions too."""

    def __init__(self):
        self.found = set()

    def visit_If(self, node):
        if ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in node.orelse:
                self.visit(other)
        else:
            self.generic_visit(node)

    def visit_Import(self, node):
        self.found.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node):
        assert not node.level, "relative imports are not read here"
        for alias in node.names:
            submodule = f"{node.module}.{alias.name}"
            self.found.add(submodule if submodule in MODULES else node.module)


def imports(source):
    visitor = Imports()
    visitor.visit(ast.parse(source))
    return {name for name in visitor.found if name in MODULES}


GRAPH = {name: imports(path.read_text("utf-8")) for name, path in MODULES.items()}
EDGES = sorted((name, other) for name, found in GRAPH.items() for other in found)


def room(name):
    inner = name.removeprefix("windowclf").removeprefix(".")
    return inner if inner in RANKS else inner.partition(".")[0]


def test_imports_are_read():
    source = """
import windowclf.errors, json
from windowclf.documents.formats import conll
from windowclf.documents.formats.conll import read_conll
if TYPE_CHECKING:
    from windowclf.cli import main
else:
    import windowclf.system.files
def later():
    from windowclf.config import config
"""
    assert imports(source) == {
        "windowclf.errors",
        "windowclf.documents.formats.conll",
        "windowclf.system.files",
        "windowclf.config.config",
    }
    assert ("windowclf.cli.options", "windowclf.classifier") in EDGES
    assert ("windowclf.classifier", "windowclf.corpora.coerce") in EDGES


def test_every_room_has_its_place():
    rooms = {room(name) for name in MODULES} - {"", "__main__"}
    assert rooms == set(RANKS)


@pytest.mark.parametrize(
    ("name", "other"), [pytest.param(*edge, id=" imports ".join(edge)) for edge in EDGES]
)
def test_imports_point_to_the_layers_below(name, other):
    here, there = room(name), room(other)
    if name == "windowclf.__main__":
        assert there == "cli"
    elif here != there:
        assert RANKS[there] < RANKS[here]
        assert (here, there) not in STRANGERS


def test_nothing_imports_the_front_door():
    doors = ("windowclf", "windowclf.__main__")
    assert not [edge for edge in EDGES if edge[1] in doors]
    assert not GRAPH["windowclf"]


def test_no_import_goes_round_in_a_circle():
    order = list(TopologicalSorter(GRAPH).static_order())
    assert len(order) == len(MODULES)


def test_the_command_line_starts_without_heavy_imports():
    program = """
import sys, windowclf.cli
heavy = {"gensim", "datasets", "huggingface_hub", "scipy", "rich", "safetensors"}
print(*sorted(heavy & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "\n"
