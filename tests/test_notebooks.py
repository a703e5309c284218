"""The notebooks of examples/ run from top to bottom and show what is stored in them."""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell):
    """The kinds of a cell's outputs, without warnings and progress bars."""
    return [
        sorted(output.data) if "data" in output else [output.output_type, output.get("name")]
        for output in cell.outputs
        if output.get("name") != "stderr"
    ]


def shown(cell):
    """The text and the HTML of a cell's outputs, without warnings and progress bars."""
    return [
        dict(output.data) if "data" in output else output.text
        for output in cell.outputs
        if output.get("name") != "stderr"
    ]


def text_of(cell):
    """All that a cell shows as plain text, with warnings and progress bars."""
    texts = [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    return "\n".join(texts)


@pytest.fixture(scope="module")
def execute(tmp_path_factory):
    """Run a notebook by its name, each one once."""
    done = {}

    def run_once(name):
        if name not in done:
            with pytest.MonkeyPatch.context() as patch:
                patch.syspath_prepend(str(ROOT / "scripts"))
                from notebooks import run
            [path] = [path for path in NOTEBOOKS if path.stem == name]
            done[name] = run(path, tmp_path_factory.mktemp(name))
        return done[name]

    return run_once


@pytest.fixture
def cell_with(execute):
    """Return the only cell of a notebook, after it ran, that contains a piece of source."""

    def find(name, source):
        [found] = [cell for cell in code_cells(execute(name)) if source in cell.source]
        return found

    return find


# Running them


@pytest.mark.processes
@pytest.mark.parametrize("name", NAMES)
def test_each_cell_shows_what_is_stored(execute, name):
    stored = nbformat.read(ROOT / "examples" / f"{name}.ipynb", as_version=4)
    for before, after in zip(code_cells(stored), code_cells(execute(name)), strict=True):
        varies = "varies" in before.metadata.get("tags", ())
        compared = kinds if varies else shown
        assert compared(after) == compared(before), before.source


@pytest.mark.processes
def test_names_are_marked(cell_with):
    [output] = cell_with("tag_and_show", "classifier.tag_text(text)").outputs
    marked = output.data["text/html"]
    assert re.findall(r"<bdi>(.*?)</bdi>", marked)[:3] == ["Ada Okafor", "Oslo", "Lima"]
    assert "Nordbank &amp; Sons" in marked


@pytest.mark.processes
def test_a_training_shows_its_progress_and_its_warnings(cell_with):
    bar = text_of(cell_with("what_the_network_learned", "classifier.fit(corpus"))
    assert "epoch 10 of 10" in bar
    assert "dev F1=" in bar
    # Without a bar, warnings are shown all the same.
    warning, _ = text_of(cell_with("train_on_your_labels", "progress=False")).split("\n", 1)
    assert warning.startswith("the train split has 2 sentences: expected some hundreds")


@pytest.mark.processes
def test_the_labels_are_learned_as_well_as_expected(cell_with):
    expected = text_of(cell_with("train_on_your_labels", "expected.describe()"))
    f1, low, high = map(int, re.search(r"F1: (\d+) \((\d+) to (\d+)\)", expected).groups())
    assert 80 < f1 < 97
    measured = text_of(cell_with("train_on_your_labels", "classifier.evaluate"))
    assert low < float(re.search(r"F1 ([\d.]+) %", measured)[1]) < high


@pytest.mark.processes
def test_vectors_are_closer_to_words_of_their_label_after_the_training(cell_with):
    [output] = cell_with("what_the_network_learned", "same_label(alone.model").outputs
    shares = re.findall(r"vectors +([\d.]+) +([\d.]+)", output.data["text/plain"])
    (before, after), (first, last) = [tuple(map(float, row)) for row in shares]
    assert after > before > 0.5
    assert last > first + 0.15


# What is stored


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_of_one_run_from_top_to_bottom(name):
    cells = code_cells(nbformat.read(ROOT / "examples" / f"{name}.ipynb", as_version=4))
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    assert all(output.output_type != "error" for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_a_machine_is_stored(name):
    text = (ROOT / "examples" / f"{name}.ipynb").read_text("utf-8")
    assert not re.search(r"/(home|Users|root|tmp|work|var)/|site-packages|[A-Z]:\\\\", text)
    assert len(text) < 100_000


@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_is_described(name):
    page = (ROOT / "docs" / "guides" / "notebooks.md").read_text("utf-8")
    assert f"(../../examples/{name}.ipynb)" in page


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files(name):
    notebook = nbformat.read(ROOT / "examples" / f"{name}.ipynb", as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", prose):
        assert (ROOT / "examples" / link).exists(), link
