"""``windowclf learning-curve``."""

import json
from contextlib import suppress
from typing import Any

import click

from windowclf.cli.console import note, print_table
from windowclf.cli.groups import CORPORA, DATA, OF_TRAINING, READING, RUNNING, Group, GroupedCommand
from windowclf.cli.options import (
    base_option,
    corpora_options,
    current_config_options,
    given_settings,
    json_option,
    notes_json,
    parse_clusters,
    parse_gazetteers,
    parse_names,
    read_training_corpus,
    threads_option,
    training_options,
)
from windowclf.cli.progress import CurveProgress
from windowclf.config.config import make_config
from windowclf.errors import UsageError

_CURVE = Group("Learning curve", ("sizes", "repeats", "html"))


@click.command(
    "learning-curve",
    cls=GroupedCommand,
    groups=(DATA, _CURVE, *OF_TRAINING, CORPORA, READING, RUNNING),
    short_help="Forecast the F1 that more labelled sentences would bring.",
)
@corpora_options
@training_options
@base_option
@click.option(
    "--sizes",
    metavar="N,N,...",
    help="Numbers of training sentences, in ascending order.  [default: all, a half, a quarter "
    "and so on down to about 20, at most six sizes]",
)
@click.option(
    "--repeats",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of trainings for each size, each with its own seed and random subset.",
)
@click.option(
    "--html", metavar="FILE", help="Also write an HTML page with the curve and all numbers."
)
@current_config_options
@threads_option
@json_option
def learning_curve(
    sizes: str | None, repeats: int, html: str | None, as_json: bool, **options: Any
) -> None:
    """Measure F1 against the number of training sentences, and forecast it for twice as many.

    The training that the options describe runs on random subsets of the train split; no model is
    kept. F1 is measured on the test split. Without a test split it is measured on the dev split,
    which then does not choose the epoch; without both, on a fifth of the training sentences, a
    different one in each repeat. With the default sizes the command takes up to 2 × --repeats times
    as long as one training. The forecast needs three sizes, and an F1 of 5 at the largest one.

    \b
    windowclf learning-curve --data FOLDER
    windowclf learning-curve --train labelled.jsonl --sizes 25,50,100,200 --repeats 5
    windowclf learning-curve --data conll2003 --sizes 100,200,400,800 --html curve.html
    windowclf learning-curve --data FOLDER --json
    """
    from windowclf.experiments.learning_curve import learning_curve as measure
    from windowclf.experiments.learning_curve import plan_trainings
    from windowclf.reports.wording import forecast_in_words

    if html == "-" and as_json:
        raise UsageError("--html - and --json both write to stdout: give --html a file")
    wanted = None if sizes is None else _parse_sizes(sizes)
    settings = given_settings(options)
    seed = make_config(settings).seed
    corpus = read_training_corpus(options, seed, expects_dev=False)
    plan = plan_trainings(corpus, wanted)
    with CurveProgress(plan.sizes, repeats) as progress:
        curve = measure(
            corpus,
            sizes=plan.sizes,
            repeats=repeats,
            settings=settings,
            on_training=progress.add,
            listener=progress,
            **_training_arguments(options),
        )
    if html:
        from windowclf.reports.html.learning_curve import learning_curve_page
        from windowclf.system.streams import open_output

        with open_output(html) as file:
            file.write(learning_curve_page(curve, corpus.name).encode())
        if html == "-":
            return
        note(f"page: {html}")
    if as_json:
        click.echo(json.dumps({"data": corpus.name, **curve.to_json(), **notes_json(corpus)}))
        return
    from windowclf.reports.terminal.learning_curve import curve_table

    print_table(curve_table(curve, corpus.name))
    click.echo(forecast_in_words(curve))


def _training_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `WindowClassifier.fit` besides the text, from a command's options."""
    return {
        "vectors": options["vectors"],
        "gazetteers": parse_gazetteers(options["gazetteers"]),
        "clusters": parse_clusters(options["clusters"]),
        "names": parse_names(options["names"]),
        "base_model": options["base_model"],
        "threads": options["threads"],
    }


def _parse_sizes(text: str) -> list[int]:
    """Read the value of --sizes; the order of the numbers is checked later, with the corpus."""
    with suppress(ValueError):
        return [int(part) for part in text.split(",")]
    raise UsageError(f"--sizes: expected numbers of sentences, such as 25,50,100, got {text!r}")
