"""``windowclf info``."""

import json
from typing import Any

import click
from msgspec import to_builtins

from windowclf.cli.options import json_option, load_classifier, model_option


@click.command(short_help="Show what a model is made of and how it was trained.")
@model_option
@click.option("--norms", is_flag=True, help="Show the norms of δ and of the gradients, by epoch.")
@json_option
def info(model: str | None, norms: bool, as_json: bool) -> None:
    """Show what a model is made of and how it was trained.

    \b
    windowclf info
    windowclf info --model models/conll --norms
    windowclf info --json
    """
    from windowclf.reports.terminal.epochs import EPOCH_HEADER, epoch_line, norm_lines

    classifier, chosen = load_classifier(model)
    parts = classifier.model
    record = parts.record
    parameters = parts.parameters()
    facts: dict[str, Any] = {
        "model": str(chosen.folder),
        "labels": classifier.labels,
        "settings": to_builtins(classifier.config),
        "parameters": {name: list(p.shape) for name, p in parameters.items()},
        "training": to_builtins(record),
    }
    if as_json:
        click.echo(json.dumps(facts))
        return
    rows: dict[str, str] = {
        "model": str(chosen),
        "labels": ", ".join(classifier.labels),
        **{name.replace("_", " "): _plain(value) for name, value in facts["settings"].items()},
        **{name: " × ".join(map(str, p.shape)) for name, p in parameters.items()},
    }
    if record:
        time = "" if record.seconds is None else f" in {record.seconds:.0f} s"
        rows |= {
            "trained on": f"{record.data}: {record.tokens['train']:,} tokens{time}, vectors "
            f"{record.vectors}",
            **{f"corpus {i}": c.describe() for i, c in enumerate(record.corpora or (), 1)},
            **({"augmentation": record.augmentation} if record.augmented else {}),
            **{name.lower(): value for name, value in record.sources().items()},
            "best epoch": f"{record.best_epoch} of {len(record.epochs)}",
            **({"expected F1": record.expected.describe()} if record.expected else {}),
            "vectors moved": f"{100 * record.vectors_moved:.2f} % of their length on average",
        }
    width = max(map(len, rows))
    for name, fact in rows.items():
        click.echo(f"{name:{width}}  {fact}")
    if record:
        click.echo("\n".join([EPOCH_HEADER, *map(epoch_line, record.epochs)]))
        if norms:
            click.echo("\n".join(norm_lines(record.epochs)))


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
