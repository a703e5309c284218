"""Run the notebooks of examples/ and store their outputs in them.

Run by scripts/notebooks. tests/test_notebooks.py runs the notebooks with the same function and
compares what they show with what is stored.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbclient
import nbformat
from nbformat import NotebookNode

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
DATA = EXAMPLES / "cooking"
TIMEOUT = 300
"""Seconds that a cell may take."""


def run(path: Path, folder: Path) -> NotebookNode:
    """Run a notebook from top to bottom, without changing its file.

    Parameters
    ----------
    folder : Path
        An empty folder, which gets the data and is the working directory of the notebook.
    """
    shutil.copytree(DATA, folder / DATA.name)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=TIMEOUT, resources=resources).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces of each stream, and keep only the last state of a progress bar."""
    kept: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        kept.append(output)
    for stream in streams.values():
        lines = stream.text.rstrip("\n").split("\n")
        stream.text = "".join(line.rstrip("\r").rpartition("\r")[2] + "\n" for line in lines)
    return kept


def main() -> None:
    """Run all notebooks, or those whose names are arguments."""
    for path in NOTEBOOKS:
        if sys.argv[1:] and path.stem not in sys.argv[1:]:
            continue
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(path, Path(folder))
        nbformat.write(notebook, path)
        print(f"{path.name}: {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
