"""The notebook of examples/ runs from top to bottom, and shows what it says."""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOK = Path(__file__).parent.parent / "examples" / "first_steps.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell of code shows: the source, and its outputs by type."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = tmp_path_factory.mktemp("notebook")
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}
    ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = {}
    for cell in cells:
        data = {"stderr": ""}
        for output in cell.outputs:
            data |= output.get("data", {})
            data["stderr"] += output.get("text", "")
        shown[cell.source] = data
    return shown


def shown_by(outputs, source):
    [found] = [data for cell, data in outputs.items() if source in cell]
    return found


@pytest.mark.processes
def test_the_notebook_shows_marked_text_tables_and_progress(outputs):
    tagged = shown_by(outputs, "classifier.tag_text(text)")["text/html"]
    assert re.findall(r"<bdi>(.*?)</bdi>", tagged)[:3] == ["Ada Okafor", "Oslo", "Lima"]
    assert "Lima</bdi>" in tagged
    assert "Nordbank &amp; Sons" in tagged
    frame = shown_by(outputs, "to_dataframe")["text/html"]
    assert "<th>document</th>" in frame
    assert "New York" in frame
    corpus = shown_by(outputs, 'load_corpus("sample")')
    assert len(corpus["text/plain"]) < 120
    assert ">643</td>" in corpus["text/html"]
    trained = shown_by(outputs, "own.fit(corpus)")
    assert "WindowClassifier(LOC, MISC, ORG, PER; " in trained["text/plain"]
    bar = trained["stderr"] + str(trained)
    assert "epoch 5 of 5" in bar
    assert "dev F1=" in bar
    assert shown_by(outputs, "evaluate")["text/plain"].startswith("Scores(precision ")
    # Where no bar is wanted, warnings are shown all the same.
    (warning,) = shown_by(outputs, "progress=False")["stderr"].splitlines()
    assert warning.startswith("the train split has 2 sentences: expected some hundreds")


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
