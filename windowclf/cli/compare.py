"""``windowclf compare``."""

import json
from pathlib import Path
from typing import Any

import click

from windowclf.cli.console import note, print_table
from windowclf.cli.groups import DATA, READING, RUNNING, Group, GroupedCommand
from windowclf.cli.options import data_options, json_option, read_split, split_option
from windowclf.errors import UsageError
from windowclf.evaluation.bootstrap import SAMPLES


@click.command(
    cls=GroupedCommand,
    groups=(DATA, Group("Comparison", ("samples", "seed", "html")), READING, RUNNING),
    short_help="Compare trained models.",
)
@click.argument("runs", metavar="RUN RUN...", nargs=-1)
@data_options
@split_option
@click.option(
    "--samples",
    default=SAMPLES,
    show_default=True,
    type=click.IntRange(min=100, max=1_000_000),
    help="Number of bootstrap resamples of the text.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(min=0),
    help="Seed of the bootstrap; the same seed gives the same intervals and p-values.",
)
@click.option(
    "--html", metavar="FILE", help="Also write an HTML page with the curves and all numbers."
)
@json_option
def compare(
    runs: tuple[str, ...],
    split: str,
    samples: int,
    seed: int,
    html: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare trained models with the first one: settings, curves, F1.

    Each RUN is a model folder. A paired bootstrap tests whether the F1 scores on a tagged corpus
    differ by more than chance. It resamples documents, or sentences if the corpus does not mark
    documents. "Significant" means p < 0.05, with Holm's correction for more than two runs. The
    result is about these models on similar text; it does not cover the variation between training
    seeds. To measure that, train several models.

    \b
    windowclf compare models/word models/sentence --data conll2003
    windowclf compare models/a models/b models/c --data FOLDER --split dev --html compare.html
    windowclf compare models/a models/b --json
    """
    from windowclf.classifier import load
    from windowclf.evaluation.comparison import compare as compare_models
    from windowclf.reports.wording import in_words, method

    if html == "-" and as_json:
        raise UsageError("--html - and --json both write to stdout: give --html a file")
    models = {name: load(folder).model for name, folder in _names(runs).items()}
    corpus, sentences = read_split(options, split)
    comparison = compare_models(models, sentences, corpus.scheme, samples=samples, seed=seed)
    what = f"{corpus.name}, {split}"
    if html:
        from windowclf.reports.html.comparison import comparison_page
        from windowclf.system.streams import open_output

        with open_output(html) as file:
            file.write(comparison_page(comparison, what).encode())
        if html == "-":
            return
        note(f"page: {html}")
    if as_json:
        click.echo(json.dumps({"data": corpus.name, "split": split, **comparison.to_json()}))
        return
    from windowclf.reports.terminal.comparison import (
        curves_table,
        differences_table,
        f1_table,
        settings_table,
    )

    if comparison.settings:
        print_table(settings_table(comparison))
    else:
        click.echo("all settings are the same")
    if any(run.epochs for run in comparison.runs):
        print_table(curves_table(comparison))
    print_table(f1_table(comparison, what))
    if len(comparison.against) > 1:
        print_table(differences_table(comparison))
    for against in comparison.against:
        said = in_words(against, len(comparison.against))
        click.echo(f"{against.name} against {comparison.runs[0].name}: {said}.")
    click.echo(method(comparison))


def _names(runs: tuple[str, ...]) -> dict[str, str]:
    """Name each folder by its last part, or by its full path if that part is not unique."""
    if len(runs) < 2:
        raise UsageError("compare needs at least two model folders: RUN RUN...")
    where = [Path(run).resolve() for run in runs]
    for number, path in enumerate(where):
        if path in where[:number]:
            raise UsageError(f"{runs[number]} is named twice: expected each model once")
    last = [path.name for path in where]
    return {
        run if last.count(name) > 1 else name: run for run, name in zip(runs, last, strict=True)
    }
