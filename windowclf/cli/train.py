"""``windowclf train``."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from windowclf.cli.console import note, print_table
from windowclf.cli.options import (
    config_options,
    data_options,
    given_settings,
    json_option,
    read_corpus,
    threads_option,
)
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import TrainingError, UsageError

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.corpora.sources import Corpus


@click.command(short_help="Train a model on a tagged corpus.")
@data_options
@click.option(
    "--vectors",
    default="bundled",
    show_default=True,
    metavar="NAME|FILE",
    help="bundled, glove-6b-50d (an extra), a gensim-data name such as "
    "glove-wiki-gigaword-100, a GloVe or word2vec file, or random.",
)
@click.option(
    "--gazetteer",
    "gazetteers",
    multiple=True,
    metavar="TYPE=FILE",
    help="A list of names of a type, one a line, such as LOC=cities.txt; again for the next.",
)
@click.option(
    "--train-fraction",
    type=float,
    default=1.0,
    show_default=True,
    help="Part of the train split that is used, drawn at random.",
)
@click.option(
    "--output",
    metavar="DIR",
    help="Where the model goes.  [default: models/ and the name of the data]",
)
@click.option("--compress", is_flag=True, help="Write the model in a third of its size.")
@config_options
@threads_option
@json_option
@click.option("--quiet", is_flag=True, help="No line for each epoch.")
def train(
    vectors: str,
    gazetteers: tuple[str, ...],
    train_fraction: float,
    output: str | None,
    compress: bool,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a model on a tagged corpus, and keep its best epoch.

    Without options: on the sample corpus, with the bundled vectors.

    \b
    windowclf train
    windowclf train --data conll2003 --output models/conll
    windowclf train --data FOLDER --vectors glove.6B.100d.txt --hidden 400 --epochs 20
    """
    from windowclf.classifier import WindowClassifier
    from windowclf.lexicon.gazetteer import parse_gazetteer_option
    from windowclf.report.tables import EPOCH_HEADER, epoch_line
    from windowclf.state import remember

    classifier = WindowClassifier(**given_settings(options))
    names = dict(map(parse_gazetteer_option, gazetteers))
    if len(names) < len(gazetteers):
        raise UsageError("--gazetteer: a type has two files: expected one; put both in one file")
    source = options["data"] or options["train_file"] or "sample"
    folder = Path(output or Path("models") / Path(source.removeprefix("hub:")).absolute().name)
    watch = TrainingProgress("reading", EPOCH_HEADER, epoch_line, quiet=quiet)
    with _output_folder(folder), watch as progress:
        corpus = read_corpus(options)
        if train_fraction != 1.0:
            corpus = corpus.with_train_fraction(train_fraction, classifier.config.seed)
        try:
            classifier.fit(
                corpus,
                vectors=vectors,
                gazetteers=names,
                listener=progress,
                begin=progress.note,
                threads=threads,
            )
        except KeyboardInterrupt:
            if not classifier.is_fitted:
                raise
            progress.note("interrupted: keeping the best epoch so far")
        except TrainingError as error:
            if not classifier.is_fitted:
                raise
            classifier.save(folder, compress=compress)
            raise TrainingError(f"{error}; the best epoch before is kept in {folder}") from None
        classifier.save(folder, compress=compress)
    remember(folder)
    note(f"model: {folder}")
    _report(classifier, corpus, folder, as_json=as_json)


@contextmanager
def _output_folder(folder: Path) -> Iterator[None]:
    """Check the folder before any work is done; leave no empty one behind."""
    from windowclf.bundle import check_output

    made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        check_output(folder)
        yield
    finally:
        for path in made:
            with suppress(OSError):  # it is not empty, or was never made
                path.rmdir()


def _report(
    classifier: "WindowClassifier", corpus: "Corpus", folder: Path, *, as_json: bool
) -> None:
    """Print how the kept epoch does on the splits that did not train it."""
    from windowclf.report.tables import scores_table

    scores = {
        split: classifier.evaluate(corpus.splits[split], scheme=corpus.scheme)
        for split in ("dev", "test")
        if split in corpus.splits
    }
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
