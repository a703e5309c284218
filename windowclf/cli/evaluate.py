"""``windowclf evaluate``."""

import json
from typing import Any

import click

from windowclf.cli.console import print_table
from windowclf.cli.options import data_options, json_option, model_option, read_corpus
from windowclf.errors import UsageError
from windowclf.text.recase import CASES, recase


@click.command(short_help="Score a model on a tagged corpus.")
@model_option
@data_options
@click.option(
    "--split", default="test", show_default=True, type=click.Choice(["train", "dev", "test"])
)
@click.option(
    "--recase", "case", type=click.Choice(CASES), help="Read the text in capitals or in lower case."
)
@json_option
def evaluate(
    model: str | None, split: str, case: str | None, as_json: bool, **options: Any
) -> None:
    """Score a model on a tagged corpus, by type, with conlleval's rules.

    An entity is right if its first token, its last token and its type are. JSON has fractions
    from 0 to 1.

    \b
    windowclf evaluate --data sample
    windowclf evaluate --model models/conll --data conll2003 --split dev --json
    windowclf evaluate --data sample --recase upper
    """
    from windowclf.classifier import load
    from windowclf.report.tables import scores_table
    from windowclf.state import find_model

    folder, _ = find_model(model)
    classifier = load(folder)
    corpus = read_corpus(options)
    if split not in corpus.splits:
        raise UsageError(
            f"{corpus.name} has no {split} split: expected one of {', '.join(corpus.splits)}"
        )
    sentences = corpus.splits[split]
    if case:
        sentences = [recase(sentence, case) for sentence in sentences]
    scores = classifier.evaluate(sentences, scheme=corpus.scheme)
    if as_json:
        click.echo(json.dumps(scores.to_json()))
    else:
        what = f"{corpus.name}, {split}" + (f" in {case} case" if case else "")
        print_table(scores_table(scores, f"{what}: {scores.tokens:,} tokens"))
