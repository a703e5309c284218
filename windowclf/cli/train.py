"""``windowclf train``."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins
from msgspec.structs import asdict, replace

from windowclf.cli.console import error_console, note, print_table, stderr_is_terminal
from windowclf.cli.groups import (
    CORPORA,
    DATA,
    OF_TRAINING,
    OUTPUT,
    READING,
    RUNNING,
    GroupedCommand,
)
from windowclf.cli.mixture import parse_mixture
from windowclf.cli.options import (
    base_option,
    compress_option,
    config_options,
    corpora_options,
    json_option,
    notes_json,
    read_training_corpus,
    read_unlabelled,
    teaching_options,
    threads_option,
    training_options,
)
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import ModelError, TrainingError

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.cli.resume import TrainOptions
    from windowclf.corpora.corpus import Corpus
    from windowclf.documents.sentence import Sentence
    from windowclf.evaluation.metrics import Scores
    from windowclf.model.model import Model
    from windowclf.model.record import TrainingRecord
    from windowclf.training.checkpoints import Checkpoints


@click.command(
    cls=GroupedCommand,
    groups=(DATA, OUTPUT, *OF_TRAINING, CORPORA, READING, RUNNING),
    short_help="Train a model on a tagged corpus.",
)
@corpora_options
@training_options
@compress_option
@teaching_options
@base_option
@click.option(
    "--keep-labels",
    is_flag=True,
    help="Keep the labels of --from that the corpus does not annotate; the new labels are learned "
    "with additional hidden units, so that the old ones are not forgotten.",
)
@click.option(
    "--output",
    metavar="DIR",
    help="Folder for the model.  [default: models/ and the name of the data]",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Overwrite the finished model of another training in the output folder.",
)
@click.option(
    "--checkpoint",
    "every",
    type=click.FloatRange(min=0.0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Seconds between checkpoints; after an epoch one is saved if 10 seconds have passed; 0: "
    "save after each batch.",
)
@click.option(
    "--resume",
    metavar="DIR",
    help="Resume the stopped training in DIR, with its original options.",
)
@config_options
@threads_option
@json_option
@click.option("--quiet", is_flag=True, help="Do not print a line for each epoch.")
@click.pass_context
def train(
    context: click.Context,
    /,
    output: str | None,
    overwrite: bool,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Train a model on a tagged corpus, and keep its best epoch.

    By default the corpus is the bundled sample and the word vectors are the bundled ones. A report
    of the training, report.html, is written beside the model. Ctrl-C stops the training after the
    current batch and keeps the best epoch so far; --resume continues it. The model of another
    training is overwritten only with --overwrite.

    \b
    windowclf train
    windowclf train --data conll2003 --output models/conll
    windowclf train --data FOLDER --vectors glove.6B.100d.txt --hidden 400 --epochs 20
    windowclf train --data conll2003 --data tweets --map tweets:corporation=ORG --lacks tweets:MISC
    windowclf train --resume models/conll
    """
    from windowclf.cli.resume import TrainOptions, read_options, refuse_others
    from windowclf.training.checkpoints import Checkpoints

    if resume is not None:
        refuse_others(context)
        folder = Path(resume)
        with _output_folder(folder, resume=True):
            checkpoint = _checkpoint(folder)
            checkpoints = Checkpoints(checkpoint.parent, resume=True)
            complaint = f"{checkpoint}: not a checkpoint of 'windowclf train'"
            stored = read_options(checkpoints.options, TrainOptions, complaint)
            stored = replace(stored, threads=options["threads"] or stored.threads)
            return _train(stored, folder, checkpoints, as_json=as_json, quiet=quiet)
    if output == "":
        raise click.UsageError("--output: expected a folder, got an empty name")
    chosen = TrainOptions.from_command_line(options)
    folder = Path(output or Path("models") / _default_name(chosen))
    with _output_folder(folder, resume=False):
        if not overwrite:
            _refuse_other_model(folder, chosen)
        checkpoints = Checkpoints(_checkpoint(folder).parent, to_builtins(chosen))
        return _train(chosen, folder, checkpoints, as_json=as_json, quiet=quiet)


def _default_name(options: "TrainOptions") -> str:
    """Return the name of the data as the default name of the model folder."""
    if mixture := parse_mixture(asdict(options)):
        return "+".join(mixture.data)
    source = next(iter(options.data), None) or options.train_file or "sample"
    return Path(source.removeprefix("hub:")).absolute().name


@contextmanager
def _output_folder(folder: Path, *, resume: bool) -> Iterator[None]:
    """Check and lock the output folder before the work; remove it if it stays empty."""
    from windowclf.model.folder import check_output, remove_left
    from windowclf.system.locks import exclusive_lock

    checkpoint = _checkpoint(folder)
    if resume and not os.path.lexists(checkpoint):
        raise ModelError(
            f"{folder}: no training to resume: expected a folder in which 'windowclf train' was "
            f"stopped"
        )
    made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        check_output(folder)
    except ModelError:
        _remove_empty(made)
        raise
    with exclusive_lock(folder, "training"):
        try:
            if not resume and os.path.lexists(checkpoint):
                raise ModelError(
                    f"{folder}: contains a stopped training: {_how_to_resume(folder)}, or "
                    f"remove {checkpoint.parent}"
                )
            remove_left(folder)
            yield
        finally:
            _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    for path in folders:
        with suppress(OSError):  # the folder is not empty, or was never made
            path.rmdir()


def _checkpoint(folder: Path) -> Path:
    from windowclf.model.folder import CHECKPOINT_FOLDER
    from windowclf.training.checkpoint_file import CHECKPOINT

    return folder / CHECKPOINT_FOLDER / CHECKPOINT


def _how_to_resume(folder: Path) -> str:
    return f"continue with 'windowclf train --resume {shlex.quote(str(folder))}'"


def _refuse_other_model(folder: Path, options: "TrainOptions") -> None:
    """Raise an error if the folder has the finished model of a training with other options."""
    from windowclf.model.bundle import load_model
    from windowclf.model.manifest import MANIFEST

    if not (folder / MANIFEST).exists():
        return
    try:
        model = load_model(folder)
    except ModelError:
        reason = "it cannot be read"
    else:
        differing = _differing_options(model, options)
        if not differing:
            return
        reason = f"different {', '.join(differing)}"
    raise ModelError(
        f"{folder}: contains the finished model of another training ({reason}): choose another "
        f"--output, or add --overwrite"
    )


def _differing_options(model: "Model", options: "TrainOptions") -> list[str]:
    """Return the options that differ from those in a model's training record."""
    from windowclf.config.check import option_name
    from windowclf.config.config import make_config
    from windowclf.corpora.coerce import as_clusters, as_gazetteers, as_names
    from windowclf.lexicon.lexicon import GAZETTEER
    from windowclf.training.fit import utf8_name
    from windowclf.training.transfer import AUTO, STRUCTURE
    from windowclf.vectors.load import BUNDLED

    lists = {kind: found.names for kind, found in as_gazetteers(options.gazetteers).items()}
    of_model = {
        name.removeprefix(GAZETTEER): names
        for name, names in model.lexicon.values.items()
        if name.startswith(GAZETTEER)
    }
    counts = {kind: len(found) for kind, found in as_names(options.names_by_type()).items()}
    record, before = model.record, asdict(model.config)
    given = make_config(options.settings)
    followed = {*((record and record.chosen) or {})}
    base = (record and record.base) or None
    clusters, own = as_clusters(options.clusters), model.lexicon.clusters
    if base:  # the base model may have added lists and clusters
        followed |= {*STRUCTURE}
        of_model = {kind: names for kind, names in of_model.items() if kind in lists}
        own = {name: found for name, found in own.items() if name in clusters}
    same = {
        **_same_corpora(record, options),
        "--vectors": record is not None and record.vectors == utf8_name(options.vectors),
        "--gazetteer": of_model == lists,
        "--clusters": own == clusters,
        "--names": record is not None and record.names == counts,
        "--unlabelled": record is not None
        and (record.unlabelled or []) == [*map(utf8_name, options.unlabelled)],
        "--teacher": record is not None
        and (record.teachers or []) == [*map(utf8_name, options.trained_teachers)],
        "--keep-labels": options.keep_labels == bool(record and record.kept),
        "--from": base in (None, BUNDLED)
        if options.base_model == AUTO
        else base == options.base_model,
        **{
            option_name(name): before[name] == value
            or (name in followed and name not in options.settings)
            for name, value in asdict(given).items()
        },
    }
    return [name for name, is_same in same.items() if not is_same]


def _same_corpora(record: "TrainingRecord | None", options: "TrainOptions") -> dict[str, bool]:
    """Compare each option for the corpora with the record of a training."""
    from windowclf.corpora.sources import SAMPLE
    from windowclf.training.fit import utf8_name

    mixture = parse_mixture(asdict(options))
    corpora = (record.corpora if record else None) or []
    if mixture is None:
        data = next(iter(options.data), None)
        if data is None:
            data = str(Path(options.train_file).expanduser()) if options.train_file else SAMPLE
        is_same = record is not None and record.data == utf8_name(data)
        # A project has several parts if labels were added while it was annotated.
        plain = all(
            part.data == utf8_name(data) and part.weight == 1 and not part.mapped
            for part in corpora
        )
        return {"--data": is_same and plain}
    names = {name: utf8_name(name) for name in mixture.data}
    sources = [(names[name], utf8_name(source)) for name, source in mixture.data.items()]
    lacks: dict[str, list[str]] = {}  # those of all parts of a corpus: others are its own
    for part in corpora:
        known = lacks.setdefault(part.name, part.lacks)
        lacks[part.name] = [label for label in known if label in part.lacks]
    return {
        "--data": [*dict.fromkeys((part.name, part.data) for part in corpora)] == sources,
        "--weight": {part.name: part.weight for part in corpora if part.weight != 1}
        == {names[name]: weight for name, weight in mixture.weights.items() if weight != 1},
        "--map": {part.name: part.mapped for part in corpora if part.mapped}
        == {names[name]: mapped for name, mapped in mixture.maps.items()},
        "--lacks": {name: found for name, found in lacks.items() if found}
        == {names[name]: lacks for name, lacks in mixture.lacks.items()},
    }


def _train(
    options: "TrainOptions",
    folder: Path,
    checkpoints: "Checkpoints",
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train from reading to saving, print the result, and return the exit code."""
    from windowclf.classifier import WindowClassifier
    from windowclf.cli.signals import stops
    from windowclf.reports.terminal.epochs import EPOCH_HEADER, epoch_line

    checkpoints.every = options.every
    classifier = WindowClassifier(**options.settings)
    with stops(checkpoints) as signals:
        try:
            with TrainingProgress("reading", EPOCH_HEADER, epoch_line, quiet=quiet) as progress:
                corpus: Corpus = read_training_corpus(asdict(options), classifier.config.seed)
                unlabelled = read_unlabelled(asdict(options))
                classifier.fit(
                    corpus,
                    vectors=options.vectors,
                    gazetteers=options.gazetteers,
                    clusters=options.clusters,
                    names=options.names_by_type(),
                    unlabelled=unlabelled,
                    trained_teachers=options.trained_teachers,
                    base_model=options.base_model,
                    keep_labels=options.keep_labels,
                    listener=progress,
                    threads=options.threads,
                    checkpoints=checkpoints,
                )
            _save(classifier, folder, options)
            checkpoints.discard()
        except KeyboardInterrupt:
            facts = []
            # After the first signal there is time to save the model; a second one stops that too.
            if classifier.is_fitted and not signals.again:
                with suppress(KeyboardInterrupt):
                    _save(classifier, folder, options)
                    facts.append(f"the best epoch so far is in {folder}")
            if _checkpoint(folder).exists():
                facts.append(_how_to_resume(folder))
            note(": ".join(filter(None, ["interrupted", "; ".join(facts)])))
            return signals.exit_code()
        except TrainingError as error:
            checkpoints.discard()  # a resumed training would fail in the same way
            if not classifier.is_fitted:
                raise
            _save(classifier, folder, options)
            raise TrainingError(f"{error}; the best epoch so far is in {folder}") from None
        except ModelError as error:
            if not checkpoints.kept:
                raise
            raise ModelError(f"{error}; then {_how_to_resume(folder)}") from None
    if added := classifier.model.record and classifier.model.record.augmentation:
        note(f"added by augmentation: {added}")
    if kept := classifier.model.record and classifier.model.record.kept:
        note(f"kept from {options.base_model}: {kept.describe()}")
    note(f"model: {folder}")
    print_result(classifier, corpus, folder, as_json=as_json)
    return 0


def _save(classifier: "WindowClassifier", folder: Path, options: "TrainOptions") -> None:
    from windowclf.model.default import MARKER, remember

    classifier.save(folder, compress=options.compress)
    try:
        remember(folder)
    except OSError as error:
        note(
            f"the model is not the default here, because {MARKER} cannot be written "
            f"({error.strerror}): name it with --model {shlex.quote(str(folder))}"
        )


def print_result(
    classifier: "WindowClassifier", corpus: "Corpus", folder: Path, *, as_json: bool
) -> None:
    """Write a report beside the model, and print its scores on the dev and the test text."""
    from windowclf.reports.terminal.tables import scores_table

    scores = _write_report(classifier, corpus, folder)
    if "test" in corpus.splits:
        scores["test"] = _score(classifier, corpus.splits["test"], corpus)
    of_parts = _test_parts(classifier, corpus)
    if as_json:
        by_corpus = {name: found.to_json() for name, found in of_parts.items()}
        facts: dict[str, object] = {
            "model": str(folder),
            **{split: found.to_json() for split, found in scores.items()},
            **({"test_by_corpus": by_corpus} if by_corpus else {}),
            "training": to_builtins(classifier.model.record),
            **notes_json(corpus),
        }
        click.echo(json.dumps(facts))
        return
    if classifier.model.record and (expected := classifier.model.record.expected):
        click.echo(f"expected F1 on new text: {expected.describe()}")
    for split, found in scores.items():
        print_table(scores_table(found, f"{corpus.name}, {split}"))
    for name, found in of_parts.items():
        print_table(scores_table(found, f"{name}, test"))


def _test_parts(classifier: "WindowClassifier", corpus: "Corpus") -> "dict[str, Scores]":
    """Score the test split of each corpus separately, if there are several."""
    ends = accumulate(part.test_sentences for part in corpus.parts)
    found = {
        part.name: corpus.splits["test"][end - part.test_sentences : end]
        for part, end in zip(corpus.parts, ends, strict=True)
        if part.test_sentences
    }
    if len(found) < 2:
        return {}
    return {name: _score(classifier, sentences, corpus) for name, sentences in found.items()}


def _score(
    classifier: "WindowClassifier", sentences: "Sequence[Sentence]", corpus: "Corpus"
) -> "Scores":
    """Score a test text, ignoring the labels that the training text does not annotate."""
    record = classifier.model.record
    lacks = record.lacked if record else ()
    return classifier.evaluate(sentences, scheme=corpus.scheme, lacks=lacks)


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
            outcome = f"report: {path}"
        except ModelError as error:  # the model is already saved
            outcome = f"no report: {error}"
    note(outcome)
    return {"dev": report.dev.scores} if report.dev else {}
