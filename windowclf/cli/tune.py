"""``windowclf tune``."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from windowclf.cli.console import note, print_table
from windowclf.cli.options import (
    config_options,
    data_options,
    given_settings,
    json_option,
    parse_gazetteers,
    read_training_corpus,
    threads_option,
    training_options,
)
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import ModelError, UsageError, WindowclfError


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a search the same search."""

    options: dict[str, Any]
    given: dict[str, Any]
    search: list[str]
    trials: int


@click.command(short_help="Search for settings that train a better model.")
@click.option(
    "--search",
    "searched",
    multiple=True,
    metavar="NAME=VALUES",
    help="A setting and its values: rate=0.0005:0.01:log, dropout=0.1:0.6, epochs=5:20:5, or a "
    "list such as hidden=100,200,300; again for the next.  [default: rate, hidden, dropout, "
    "hidden_dropout, word_dropout, window and batch_size]",
)
@click.option(
    "--trials",
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many trainings, those of earlier runs counted.",
)
@click.option(
    "--time",
    "minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MINUTES",
    help="Begin no further trial after so long.",
)
@click.option(
    "--sampler",
    default="tpe",
    show_default=True,
    type=click.Choice(["tpe", "random"]),
    help="Draw trials near the good ones, as a tree-structured Parzen estimator does, or anywhere.",
)
@click.option(
    "--prune/--no-prune",
    default=True,
    help="End trials that are worse than the median of those before.  [default: on]",
)
@data_options
@training_options
@click.option("--output", metavar="DIR", help="Where the search lies, and the best model.")
@click.option(
    "--resume",
    metavar="DIR",
    help="Go on with the search in DIR, by the options that it was given.",
)
@config_options
@threads_option
@json_option
@click.option("--quiet", is_flag=True, help="No line for each trial.")
@click.pass_context
def tune(
    context: click.Context,
    /,
    searched: tuple[str, ...],
    trials: int,
    minutes: float | None,
    output: str | None,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Search for settings that train a better model, by the F1 on the dev text.

    Each trial is a training with settings drawn from a range. The options of train fix the
    others, and all trials have one seed. DIR has the best model in best/ and the account of the
    search in tuning.html. Ctrl-C keeps all trials that are done; the same command again, or
    --resume DIR, goes on to the number of trials, and with more --trials further.

    \b
    windowclf tune --data conll2003 --trials 50 --output tuned
    windowclf tune --search rate=0.0005:0.01:log --search hidden=100,200 --epochs 5 --output tuned
    windowclf tune --resume tuned
    windowclf tag --model tuned/best "Paris is in France"
    """
    from windowclf.cli.asked import refuse_others
    from windowclf.tuning.study import read_asked

    threads = options.pop("threads")
    if resume is not None:
        refuse_others(context)
        folder = Path(resume)
        asked = _read(read_asked(folder), folder)
        return _search(asked, folder, None, threads, as_json=as_json, quiet=quiet)
    if output is None:
        raise UsageError("tune needs --output DIR, where the search and its best model go")
    given = given_settings(options)
    names = {"preset", *_config_fields()}
    rest = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if name not in names
    }
    asked = _Asked(options=rest, given=given, search=list(searched), trials=trials)
    return _search(asked, Path(output), minutes, threads, as_json=as_json, quiet=quiet)


def _config_fields() -> tuple[str, ...]:
    from windowclf.config import Config

    return Config.__struct_fields__


def _read(found: Any, folder: Path) -> _Asked:
    if found is None:
        raise ModelError(
            f"{folder}: no search to go on with: expected a folder of 'windowclf tune --output'"
        )
    try:
        return msgspec.convert(found, _Asked)
    except msgspec.ValidationError as error:
        raise ModelError(f"{folder}: not a search of 'windowclf tune': {error}") from None


def _search(
    asked: _Asked,
    folder: Path,
    minutes: float | None,
    threads: int | None,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Search, and say what was found; return the exit code."""
    from windowclf.cli.signals import stops
    from windowclf.config import make_config
    from windowclf.pages.training import save_page
    from windowclf.pages.tuning import tuning_page
    from windowclf.report.tuning import in_a_line, trial_line, trials_table
    from windowclf.training.checkpoints import Checkpoints
    from windowclf.tuning.search import run_trials
    from windowclf.tuning.space import parse_space
    from windowclf.tuning.study import BEST, PAGE, STUDY, Search, told_plainly, write_asked

    options = asked.options
    space = parse_space(asked.search, asked.given)
    seed = int(asked.given.get("seed", make_config({}).seed))
    gazetteers = parse_gazetteers(options["gazetteers"])
    code = 0
    with _output_folder(folder, asked), TrainingProgress("reading", "", str, quiet=True) as bar:
        corpus = read_training_corpus(options, seed)
        search = Search(folder, sampler=options["sampler"], seed=seed, prune=options["prune"])
        write_asked(search, msgspec.to_builtins(asked))
        with stops(Checkpoints(folder)) as signals:  # never under way: a signal ends it at once
            try:
                run_trials(
                    search,
                    corpus,
                    space,
                    asked.given,
                    trials=asked.trials,
                    seconds=minutes and 60 * minutes,
                    vectors=options["vectors"],
                    gazetteers=gazetteers,
                    compress=options["compress"],
                    threads=threads,
                    listener=bar,
                    told=None if quiet else lambda trial: bar.note(trial_line(trial)),
                )
            except KeyboardInterrupt:
                code = signals.exit_code()
            except WindowclfError:
                if not search.done:  # nothing to go on with
                    (folder / STUDY).unlink(missing_ok=True)
                raise
        with told_plainly(folder):
            tuning = search.result()
        if tuning.trials:
            save_page(folder / PAGE, tuning_page(tuning, corpus.name, asked.trials))
        else:
            (folder / STUDY).unlink(missing_ok=True)
    if code and not tuning.trials:
        note("interrupted: no trial was done")
        return code
    if code:
        again = f"windowclf tune --resume {shlex.quote(str(folder))}"
        note(
            f"interrupted: {len(tuning.trials)} of {asked.trials} trials done; go on with '{again}'"
        )
        return code
    if tuning.best:
        note(f"model: {folder / BEST}\npage: {folder / PAGE}")
    if as_json:
        click.echo(json.dumps({"model": str(folder / BEST), **tuning.to_json()}))
        return 0
    print_table(trials_table(tuning))
    best = tuning.best_trial
    if best:
        click.echo(f"best: F1 {100 * best.f1:.2f} with {in_a_line(best.settings)}")
    return 0


@contextmanager
def _output_folder(folder: Path, asked: _Asked) -> Iterator[None]:
    """Keep other searches out of the folder, and those of other options; leave no empty one."""
    from windowclf.training.folder import only_training
    from windowclf.tuning.study import STUDY, read_asked

    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise ModelError(f"{folder}: cannot search there: {error.strerror}") from None
    with only_training(folder):
        if there and STUDY not in there:
            raise ModelError(f"{folder}: holds files but no search: give a new or an empty folder")
        before = read_asked(folder)
        if before is not None:
            earlier = msgspec.structs.replace(_read(before, folder), trials=asked.trials)
            if msgspec.to_builtins(earlier) != msgspec.to_builtins(asked):
                raise UsageError(
                    f"{folder}: holds a search with other options: {_differing(earlier, asked)}; "
                    f"go on with --resume {shlex.quote(str(folder))}, or give another --output"
                )
        try:
            yield
        finally:
            if not any(folder.iterdir()):
                folder.rmdir()


def _differing(earlier: _Asked, asked: _Asked) -> str:
    """Name the options that are not the same."""
    pairs = [(one.options | one.given | {"search": one.search}) for one in (earlier, asked)]
    names = sorted(pairs[0].keys() | pairs[1].keys())
    return ", ".join(
        f"--{name.replace('_', '-')}" for name in names if pairs[0].get(name) != pairs[1].get(name)
    )
