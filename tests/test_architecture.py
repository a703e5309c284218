"""Who may import whom, read from the imports themselves."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import windowclf

PACKAGE = Path(windowclf.__file__).parent

# A room is a folder or a module of the package. Beside each stand the rooms that it imports, all of
# which are above it: data flows one way. The table is exact, so a new arrow has to be entered.
ARROWS = """
errors:
nn:
system: errors
config: errors
tags: errors
text: errors system
vectors: errors system
lexicon: errors text vectors
documents: errors system tags text
corpora: errors system tags text vectors lexicon documents
model: errors nn system config tags vectors lexicon
tagging: errors nn system tags text lexicon documents model
evaluation: errors nn tags lexicon documents model tagging
explanation: errors nn system lexicon model tagging
training: errors nn system config tags text vectors lexicon documents model tagging evaluation
pretraining: errors nn system config text vectors lexicon model training
classifier: errors nn system config tags text corpora model tagging evaluation explanation training
experiments: errors system config tags corpora documents evaluation classifier
jobs: errors system config documents tagging classifier
tuning: errors system config lexicon corpora model training classifier
reports: errors nn system config tags lexicon documents corpora model tagging evaluation explanation
service: errors system text tagging explanation classifier reports
annotation: errors nn system tags text lexicon documents corpora model tagging evaluation training
    classifier reports service
integrations: errors nn system config tags text lexicon documents corpora model tagging classifier
cli: errors nn system config tags text lexicon documents corpora vectors model tagging evaluation
    training pretraining classifier experiments jobs tuning reports service annotation
__main__: cli
"""
LINES = ARROWS.replace("\n    ", " ").strip().split("\n")
TABLE = {room: others.split() for room, others in (line.split(":") for line in LINES)}


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
    return name.removeprefix("windowclf").removeprefix(".").partition(".")[0]


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


def test_every_arrow_is_in_the_table():
    found = {room(name): set() for name in MODULES if name != "windowclf"}
    for name, other in EDGES:
        if room(name) != room(other):
            found[room(name)].add(room(other))
    assert found == {name: set(others) for name, others in TABLE.items()}


def test_every_arrow_points_up_in_the_table():
    rooms = list(TABLE)
    for number, name in enumerate(rooms):
        assert set(TABLE[name]) <= set(rooms[:number]), name


def test_the_house_is_small():
    assert len([*PACKAGE.glob("*.py")]) <= 5
    folders = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.glob("*/*.py")}
    assert len(folders) + len([*PACKAGE.glob("*.py")]) <= 27


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
