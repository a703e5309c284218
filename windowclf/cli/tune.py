"""``windowclf tune``."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from windowclf.cli.console import note, print_table
from windowclf.cli.engines import check_engine, cluster, scheduler_option
from windowclf.cli.groups import (
    CORPORA,
    DATA,
    OF_TRAINING,
    OUTPUT,
    READING,
    RUNNING,
    Group,
    GroupedCommand,
)
from windowclf.cli.options import (
    compress_option,
    config_options,
    corpora_options,
    json_option,
    parse_clusters,
    parse_gazetteers,
    parse_names,
    read_training_corpus,
    threads_option,
    training_options,
)
from windowclf.cli.progress import TrainingProgress
from windowclf.cli.resume import TuneOptions, read_options, refuse_others
from windowclf.config.check import option_name
from windowclf.config.config import current_names, make_config
from windowclf.errors import ModelError, UsageError, WindowclfError

if TYPE_CHECKING:
    from windowclf.tuning.study import Search, Trial, Tuning
    from windowclf.tuning.trials import SearchPlan


_SEARCH = Group("Search", ("searched", "number", "minutes", "sampler", "prune"))
_CLUSTER = Group("Cluster", ("engine", "scheduler"))


@click.command(
    cls=GroupedCommand,
    groups=(DATA, OUTPUT, _SEARCH, _CLUSTER, *OF_TRAINING, CORPORA, READING, RUNNING),
    short_help="Search for settings that train a better model.",
)
@click.option(
    "--search",
    "searched",
    multiple=True,
    metavar="NAME=VALUES",
    help="Setting to search, with its range or list of values: rate=0.0005:0.01:log, "
    "dropout=0.1:0.6, epochs=5:20:5, hidden=100,200,300. Repeat for another.  [default: rate, "
    "hidden, dropout, hidden_dropout, word_dropout, window and batch_size]",
)
@click.option(
    "--trials",
    "number",
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of trainings, including those of earlier runs.",
)
@click.option(
    "--time",
    "minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MINUTES",
    help="Start no further trial after this time.",
)
@click.option(
    "--sampler",
    default="tpe",
    show_default=True,
    type=click.Choice(["tpe", "random"]),
    help="tpe: draw settings near those of good trials (tree-structured Parzen estimator); random: "
    "draw them uniformly.",
)
@click.option(
    "--prune/--no-prune",
    default=True,
    help="Stop trials that are worse than the median of the earlier ones.  [default: on]",
)
@click.option(
    "--engine",
    default="local",
    show_default=True,
    type=click.Choice(["local", "dask"]),
    help="local: train one trial after another in this process; dask: as many at the same time as "
    "the workers of a Dask cluster have threads. A parallel search is not reproducible, because "
    "new settings depend on the trials that have finished. A --vectors file must have the same "
    "path on all workers.",
)
@scheduler_option("--threads")
@corpora_options
@training_options
@compress_option
@click.option("--output", metavar="DIR", help="Folder for the search and its best model.")
@click.option(
    "--resume",
    metavar="DIR",
    help="Resume the search in DIR, with its original options.",
)
@config_options
@threads_option
@json_option
@click.option("--quiet", is_flag=True, help="Do not print a line for each trial.")
@click.pass_context
def tune(
    context: click.Context,
    /,
    searched: tuple[str, ...],
    number: int,
    minutes: float | None,
    engine: str,
    scheduler: str | None,
    output: str | None,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Search for settings that train a better model, by the F1 on the dev text.

    Each trial is a training with settings drawn from their ranges. The other settings are fixed by
    the same options as in 'windowclf train', and all trials have the same seed. DIR gets the best
    model in best/ and a report of the search in tuning.html. Ctrl-C keeps all finished trials. The
    same command or --resume DIR continues up to the number of trials; a higher --trials adds some.

    \b
    windowclf tune --data conll2003 --trials 50 --output tuned
    windowclf tune --search rate=0.0005:0.01:log --search hidden=100,200 --epochs 5 --output tuned
    windowclf tune --engine dask --threads 4 --data conll2003 --output tuned
    windowclf tune --resume tuned
    windowclf tag --model tuned/best "Paris is in France"
    """
    from windowclf.cli.signals import stops

    threads = options.pop("threads")
    check_engine(engine, scheduler, threads=threads)
    if resume is not None:
        refuse_others(context)
        folder, minutes = Path(resume), None
        stored = _stored_options(folder)
        if stored is None:
            raise ModelError(
                f"{folder}: no search to resume: expected a folder of 'windowclf tune --output'"
            )
        chosen = stored
    elif output is None:
        raise UsageError("tune needs --output DIR for the search and its best model")
    else:
        folder = Path(output)
        chosen = TuneOptions.from_command_line(options, searched, number)

    from windowclf.reports.html.training import save_page, write_report
    from windowclf.reports.html.tuning import tuning_page
    from windowclf.reports.terminal.tables import trial_line
    from windowclf.tuning.space import parse_space
    from windowclf.tuning.study import PAGE, STUDY
    from windowclf.tuning.trials import Trials

    number = chosen.trials
    space = parse_space(chosen.search, chosen.fixed)
    lists: dict[str, Any] = {
        "gazetteers": parse_gazetteers(chosen.options["gazetteers"]),
        "clusters": parse_clusters(chosen.options["clusters"]),
        "names": parse_names(chosen.options["names"]),
    }
    code = 0
    with (
        _search_folder(folder, chosen),
        TrainingProgress("reading", "", str, quiet=True) as bar,
    ):
        seconds = minutes and 60 * minutes
        search, plan = _begin(folder, chosen, space=space, seconds=seconds, **lists)

        def show(trial: "Trial") -> None:
            bar.update(description=f"{trial.number} of {number} trials")
            if not quiet:
                bar.note(trial_line(trial))

        with stops() as signals:
            try:
                trials = Trials(search, plan, on_trial=show, write_report=write_report)
                left = number - search.done
                if engine == "dask" and left > 0:
                    with cluster(scheduler, threads, left, bar.note) as client:
                        from windowclf.tuning.on_dask import run_on_cluster

                        run_on_cluster(client, trials)
                else:
                    trials.run(threads=threads, listener=bar)
            except KeyboardInterrupt:
                code = signals.exit_code()
            except WindowclfError:
                if not search.done:  # there is nothing to resume
                    (folder / STUDY).unlink(missing_ok=True)
                raise
        tuning = search.result()
        if tuning.trials:
            save_page(folder / PAGE, tuning_page(tuning, plan.corpus.name, number))
        else:
            (folder / STUDY).unlink(missing_ok=True)
    if code:
        _print_interrupted(tuning, folder, number)
    else:
        _print_result(tuning, folder, as_json=as_json)
    return code


def _begin(folder: Path, chosen: TuneOptions, **rest: Any) -> "tuple[Search, SearchPlan]":
    """Read the corpus, and open the study of a new or resumed search."""
    from windowclf.tuning.study import Search
    from windowclf.tuning.trials import SearchPlan

    options = chosen.options
    seed = int(chosen.fixed.get("seed", make_config({}).seed))
    plan = SearchPlan(
        corpus=read_training_corpus(options, seed, expects_dev=False),
        fixed=chosen.fixed,
        trials=chosen.trials,
        vectors=options["vectors"],
        compress=options["compress"],
        **rest,
    )
    search = Search(folder, sampler=options["sampler"], seed=seed, prune=options["prune"])
    search.write_options(msgspec.to_builtins(chosen))
    return search, plan


def _stored_options(folder: Path) -> TuneOptions | None:
    """Read the options of the search in a folder; None if there is no search."""
    from windowclf.tuning.study import stored_options

    stored = stored_options(folder)
    if stored is None:
        return None
    chosen = read_options(stored, TuneOptions, f"{folder}: not a search of 'windowclf tune'")
    # 0.1.0 had neither option.
    options = {"clusters": [], "names": [], **chosen.options}
    return msgspec.structs.replace(chosen, options=options, fixed=current_names(chosen.fixed))


@contextmanager
def _search_folder(folder: Path, chosen: TuneOptions) -> Iterator[None]:
    """Make, check and lock the folder of a search; remove it if it stays empty.

    Raises
    ------
    ModelError
        If the folder contains other files, or another process is searching there.
    UsageError
        If the folder contains a search with other options.
    """
    from windowclf.system.locks import exclusive_lock
    from windowclf.tuning.study import STUDY

    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise ModelError(f"{folder}: cannot search there: {error.strerror}") from None
    with exclusive_lock(folder, "search"):
        if there and STUDY not in there:
            raise ModelError(f"{folder}: contains files but no search: give a new or empty folder")
        before = _stored_options(folder)
        if before is not None:
            earlier = msgspec.structs.replace(before, trials=chosen.trials)
            if msgspec.to_builtins(earlier) != msgspec.to_builtins(chosen):
                raise UsageError(
                    f"{folder}: contains a search with other options: "
                    f"{_differing(earlier, chosen)}; continue it with --resume "
                    f"{shlex.quote(str(folder))}, or choose another --output"
                )
        try:
            yield
        finally:
            if not any(folder.iterdir()):
                folder.rmdir()


def _differing(*both: TuneOptions) -> str:
    """List the options that differ."""
    one, other = (chosen.options | chosen.fixed | {"search": chosen.search} for chosen in both)
    names = sorted(name for name in one | other if one.get(name) != other.get(name))
    return ", ".join(map(option_name, names))


def _print_result(tuning: "Tuning", folder: Path, *, as_json: bool) -> None:
    from windowclf.reports.terminal.tables import in_a_line, trials_table
    from windowclf.tuning.study import BEST, PAGE

    if tuning.best:
        note(f"model: {folder / BEST}\npage: {folder / PAGE}")
    if as_json:
        click.echo(json.dumps({"model": str(folder / BEST), **tuning.to_json()}))
        return
    print_table(trials_table(tuning))
    best = tuning.best_trial
    if best:
        click.echo(f"best: F1 {100 * best.f1:.2f} with {in_a_line(best.settings)}")


def _print_interrupted(tuning: "Tuning", folder: Path, trials: int) -> None:
    if not tuning.trials:
        note("interrupted: no trial was finished")
        return
    again = f"windowclf tune --resume {shlex.quote(str(folder))}"
    note(f"interrupted: {len(tuning.trials)} of {trials} trials done; continue with '{again}'")
