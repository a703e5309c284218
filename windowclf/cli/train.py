"""``windowclf train``."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins
from msgspec.structs import asdict

from windowclf.cli.console import note
from windowclf.cli.options import (
    config_options,
    data_options,
    json_option,
    read_training_corpus,
    threads_option,
    training_options,
)
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import ModelError, TrainingError

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.cli.asked import Asked
    from windowclf.corpora.sources import Corpus
    from windowclf.training.checkpoints import Checkpoints


@click.command(short_help="Train a model on a tagged corpus.")
@data_options
@training_options
@click.option(
    "--output",
    metavar="DIR",
    help="Where the model goes.  [default: models/ and the name of the data]",
)
@click.option(
    "--checkpoint",
    "every",
    type=click.FloatRange(min=0.0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How often the training is kept on the disk besides after each epoch; 0: after each "
    "batch.",
)
@click.option(
    "--resume",
    metavar="DIR",
    help="Go on with a training into DIR that was stopped, by the options that it was given.",
)
@config_options
@threads_option
@json_option
@click.option("--quiet", is_flag=True, help="No line for each epoch.")
@click.pass_context
def train(
    context: click.Context,
    /,
    output: str | None,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Train a model on a tagged corpus, and keep its best epoch.

    Without options: on the sample corpus, with the bundled vectors. report.html beside the model
    shows how it went, and opens in any browser. Ctrl-C ends it after the
    batch, keeps the best epoch so far, and --resume goes on from there.

    \b
    windowclf train
    windowclf train --data conll2003 --output models/conll
    windowclf train --data FOLDER --vectors glove.6B.100d.txt --hidden 400 --epochs 20
    windowclf train --resume models/conll
    """
    from windowclf.cli.asked import make_asked, read_asked, refuse_others
    from windowclf.training.checkpoints import Checkpoints

    if resume is not None:
        refuse_others(context)
        folder = Path(resume)
        with _output_folder(folder, resume=True):
            checkpoints = Checkpoints(_checkpoint(folder).parent, resume=True)
            asked = read_asked(checkpoints)
            run = _Run(asked, folder, checkpoints, options["threads"] or asked.threads)
            return run(as_json=as_json, quiet=quiet)
    asked = make_asked(options)
    source = asked.data or asked.train_file or "sample"
    if output == "":
        raise click.UsageError("--output: expected a folder, got an empty name")
    folder = Path(output or Path("models") / Path(source.removeprefix("hub:")).absolute().name)
    with _output_folder(folder, resume=False):
        checkpoints = Checkpoints(_checkpoint(folder).parent, to_builtins(asked))
        return _Run(asked, folder, checkpoints, asked.threads)(as_json=as_json, quiet=quiet)


@contextmanager
def _output_folder(folder: Path, *, resume: bool) -> Iterator[None]:
    """Check the folder and keep others out, before any work is done; leave no empty one behind."""
    from windowclf.model.folder import check_output, remove_left
    from windowclf.system.locks import exclusive_lock

    checkpoint = _checkpoint(folder)
    if resume and not os.path.lexists(checkpoint):
        raise ModelError(
            f"{folder}: no training to go on with: expected a folder in which 'windowclf train' "
            f"was stopped"
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
                    f"{folder}: holds a training that was stopped: {_how_to_go_on(folder)}, or "
                    f"remove {checkpoint.parent}"
                )
            remove_left(folder)
            yield
        finally:
            _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    for path in folders:
        with suppress(OSError):  # it is not empty, or was never made
            path.rmdir()


def _checkpoint(folder: Path) -> Path:
    from windowclf.model.folder import CHECKPOINT_FOLDER
    from windowclf.training.checkpoint_file import CHECKPOINT

    return folder / CHECKPOINT_FOLDER / CHECKPOINT


def _how_to_go_on(folder: Path) -> str:
    return f"go on with 'windowclf train --resume {shlex.quote(str(folder))}'"


@dataclass(frozen=True, slots=True)
class _Run:
    """A training, from reading to saving."""

    asked: "Asked"
    folder: Path
    checkpoints: "Checkpoints"
    threads: int | None

    def __call__(self, *, as_json: bool, quiet: bool) -> int:
        """Train, and say how it went; return the exit code."""
        from windowclf.classifier import WindowClassifier
        from windowclf.cli.signals import stops
        from windowclf.cli.trained import tell

        self.checkpoints.every = self.asked.every
        classifier = WindowClassifier(**asdict(self.asked.config))
        saved = False
        with stops(self.checkpoints) as signals:
            try:
                corpus = self._read_and_train(classifier, quiet=quiet)
                self._save(classifier)
                self.checkpoints.discard()
            except KeyboardInterrupt:
                # The first signal leaves time to save what there is, the second does not.
                if classifier.is_fitted and not signals.again:
                    with suppress(KeyboardInterrupt):
                        self._save(classifier)
                        saved = True
                facts = [f"the best epoch so far is in {self.folder}"] if saved else []
                if _checkpoint(self.folder).exists():
                    facts.append(_how_to_go_on(self.folder))
                note(": ".join(filter(None, ["interrupted", "; ".join(facts)])))
                return signals.exit_code()
            except TrainingError as error:
                self.checkpoints.discard()  # it would end in the same way
                if not classifier.is_fitted:
                    raise
                self._save(classifier)
                kept = f"the best epoch before is kept in {self.folder}"
                raise TrainingError(f"{error}; {kept}") from None
            except ModelError as error:
                if not self.checkpoints.kept:
                    raise
                raise ModelError(f"{error}; then {_how_to_go_on(self.folder)}") from None
        note(f"model: {self.folder}")
        tell(classifier, corpus, self.folder, as_json=as_json)
        return 0

    def _read_and_train(self, classifier: "WindowClassifier", *, quiet: bool) -> "Corpus":
        from windowclf.reports.terminal.tables import EPOCH_HEADER, epoch_line

        asked = self.asked
        with TrainingProgress("reading", EPOCH_HEADER, epoch_line, quiet=quiet) as progress:
            corpus: Corpus = read_training_corpus(asdict(asked), classifier.config.seed)
            classifier.fit(
                corpus,
                vectors=asked.vectors,
                gazetteers=asked.gazetteers,
                listener=progress,
                begin=progress.note,
                threads=self.threads,
                checkpoints=self.checkpoints,
            )
        return corpus

    def _save(self, classifier: "WindowClassifier") -> None:
        from windowclf.model.default import MARKER, remember

        classifier.save(self.folder, compress=self.asked.compress)
        try:
            remember(self.folder)
        except OSError as error:
            note(
                f"the model is not noted in this folder ({MARKER}: {error.strerror}): name it with "
                f"--model {shlex.quote(str(self.folder))}"
            )
