"""What ``windowclf train`` tells of a training that has ended."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from windowclf.cli.console import error_console, note, print_table, stderr_is_terminal
from windowclf.errors import ModelError

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.corpora.sources import Corpus
    from windowclf.evaluation.metrics import Scores


def tell(classifier: "WindowClassifier", corpus: "Corpus", folder: Path, *, as_json: bool) -> None:
    """Leave a report beside the model, and print how its epoch does on what did not train it."""
    from windowclf.reports.terminal.tables import scores_table

    scores = _write_report(classifier, corpus, folder)
    if "test" in corpus.splits:
        scores["test"] = classifier.evaluate(corpus.splits["test"], scheme=corpus.scheme)
    if as_json:
        facts: dict[str, object] = {
            "model": str(folder),
            **{split: found.to_json() for split, found in scores.items()},
            "training": to_builtins(classifier.model.record),
        }
        click.echo(json.dumps(facts))
        return
    for split, found in scores.items():
        print_table(scores_table(found, f"{corpus.name}, {split}"))


def _write_report(
    classifier: "WindowClassifier", corpus: "Corpus", folder: Path
) -> "dict[str, Scores]":
    """Write the report; return the scores on the dev text that it shows."""
    from windowclf.model.folder import REPORT
    from windowclf.reports.html.training import save_page, training_page
    from windowclf.reports.training import examine_training

    path = folder / REPORT
    with ExitStack() as stack:
        if stderr_is_terminal():
            stack.enter_context(error_console().status("writing the report"))
        report = examine_training(classifier, corpus)
        try:
            save_page(path, training_page(report, folder.absolute().name))
            told = f"report: {path}"
        except ModelError as error:  # the model, which took the time, is whole
            told = f"no report: {error}"
    note(told)
    return {"dev": report.dev.scores} if report.dev else {}
