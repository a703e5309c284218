"""``windowclf evaluate``."""

import json
from typing import Any

import click

from windowclf.cli.console import note, print_table
from windowclf.cli.groups import DATA, READING, RUNNING, Group, GroupedCommand
from windowclf.cli.options import (
    data_options,
    json_option,
    load_classifier,
    model_option,
    notes_json,
    processes_option,
    read_split,
    split_option,
)
from windowclf.documents.case import CASES, in_case
from windowclf.errors import UsageError
from windowclf.system.packages import require

SHOWN = 20
"""Number of wrong entities that --errors shows without a value."""


@click.command(
    cls=GroupedCommand,
    groups=(
        Group("Predictions", ("model", "predictions", "case", "shown")),
        DATA,
        READING,
        RUNNING,
    ),
    short_help="Score a model, or another program's tags, on a tagged corpus.",
)
@model_option
@data_options
@split_option
@click.option("--case", type=click.Choice(CASES), help="Read the text in capitals or lower case.")
@click.option("--recase", "former_case", type=click.Choice(CASES), hidden=True)
@click.option(
    "--predictions",
    metavar="FILE",
    help="Score the tags in FILE rather than a model's. FILE is JSONL, Parquet or DocBin by its "
    "extension, else CoNLL with the token first and the tag last; - is stdin. Its tokens must be "
    "those of the split.",
)
@click.option(
    "--errors",
    "shown",
    is_flag=False,
    flag_value=SHOWN,
    type=click.IntRange(min=1),
    metavar="[N]",
    help="Show which types were confused, and the N wrong entities with the highest scores. "
    f"Without N: {SHOWN}; with --json: all.",
)
@processes_option
@json_option
def evaluate(
    model: str | None,
    split: str,
    case: str | None,
    former_case: str | None,
    predictions: str | None,
    shown: int | None,
    processes: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score a model on a tagged corpus, by type, with conlleval's rules.

    An entity is correct if its first token, its last token and its type are correct. JSON output
    has fractions from 0 to 1.

    \b
    windowclf evaluate --data sample
    windowclf evaluate --model models/conll --data conll2003 --split dev --json
    windowclf evaluate --data sample --case upper
    windowclf evaluate --data sample --errors 50
    windowclf evaluate --data conll2003 --predictions theirs.conll
    """
    from windowclf.evaluation.entity_errors import confusion, confusion_json
    from windowclf.evaluation.evaluate import compare, examine, gold_tags
    from windowclf.evaluation.metrics import score
    from windowclf.system.shared_work import process_count

    if case and former_case:
        raise UsageError("--recase is the former name of --case: give one of them")
    if predictions and model:
        raise UsageError("give --predictions or --model, not both: --predictions needs no model")
    if not as_json:
        require("a table of scores, which --json does without,", "rich")
    classifier = None if predictions else load_classifier(model)[0]
    corpus, sentences = read_split(options, split)
    if case := case or former_case:
        sentences = [in_case(sentence, case) for sentence in sentences]
    what = f"{corpus.name}, {split}" + (f" in {case} case" if case else "")
    if classifier:
        gold = gold_tags(classifier.model, sentences, corpus.scheme)
        scores, errors, *_ = examine(
            classifier.tagger, sentences, gold, processes=process_count(processes)
        )
    else:
        from windowclf.corpora.predictions import read_predictions

        predicted, notes = read_predictions(str(predictions), sentences, corpus.scheme)
        for line in notes:
            note(line)
        tags = [sentence.tags or () for sentence in sentences]
        scores = score(tags, predicted, corpus.scheme)
        errors = compare(sentences, tags, predicted, corpus.scheme)
        what = f"{predictions} on {what}"
    taken = confusion(errors, {label: counts.correct for label, counts in scores.types.items()})
    if as_json:
        found = {**scores.to_json(), **notes_json(corpus)}
        if shown:
            found["confusion"] = confusion_json(taken)
            found["errors"] = [error.to_json() for error in errors]
        click.echo(json.dumps(found))
        return
    from windowclf.reports.terminal.errors import confusion_table, errors_table
    from windowclf.reports.terminal.tables import scores_table

    print_table(scores_table(scores, f"{what}: {scores.tokens:,} tokens"))
    if shown:
        print_table(confusion_table(taken))
        print_table(errors_table(errors, shown))
