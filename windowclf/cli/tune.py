"""``windowclf tune``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from windowclf.cli.engines import check_engine, cluster, scheduler_option
from windowclf.cli.options import (
    config_options,
    data_options,
    json_option,
    parse_gazetteers,
    read_training_corpus,
    threads_option,
    training_options,
)
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import UsageError, WindowclfError

if TYPE_CHECKING:
    from windowclf.cli.tune_folder import Asked
    from windowclf.corpora.sources import Corpus
    from windowclf.tuning.result import Trial
    from windowclf.tuning.space import Searched
    from windowclf.tuning.study import Search


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
@click.option(
    "--engine",
    default="local",
    show_default=True,
    type=click.Choice(["local", "dask"]),
    help="Train one trial after another in this process, or on a Dask cluster as many at the same "
    "time as its workers have threads. Which of them ends first has a say in what is drawn next: "
    "such a search is not the same another time. A file of --vectors must have the same path on "
    "all workers.",
)
@scheduler_option
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
    engine: str,
    scheduler: str | None,
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
    windowclf tune --engine dask --threads 4 --data conll2003 --output tuned
    windowclf tune --resume tuned
    windowclf tag --model tuned/best "Paris is in France"
    """
    from windowclf.cli.asked import refuse_others
    from windowclf.cli.tune_folder import make_asked, read_asked

    threads = options.pop("threads")
    check_engine(engine, scheduler, threads)
    if resume is not None:
        refuse_others(context)
        folder, minutes = Path(resume), None
        asked = read_asked(folder)
    elif output is None:
        raise UsageError("tune needs --output DIR, where the search and its best model go")
    else:
        folder = Path(output)
        asked = make_asked(options, searched, trials)
    run = _Run(asked, folder, minutes, engine, scheduler, threads)
    return run(as_json=as_json, quiet=quiet)


@dataclass(frozen=True, slots=True)
class _Run:
    """A search, from reading to telling."""

    asked: "Asked"
    folder: Path
    minutes: float | None
    engine: str
    scheduler: str | None
    threads: int | None

    def __call__(self, *, as_json: bool, quiet: bool) -> int:
        """Search, and say what was found; return the exit code."""
        from windowclf.cli.signals import stops
        from windowclf.cli.tune_folder import search_folder
        from windowclf.cli.tuned import tell, tell_interrupted
        from windowclf.config.config import make_config
        from windowclf.reports.html.training import save_page
        from windowclf.reports.html.tuning import tuning_page
        from windowclf.tuning.space import parse_space
        from windowclf.tuning.study import PAGE, STUDY, Search, told_plainly, write_asked

        folder, asked, options = self.folder, self.asked, self.asked.options
        space = parse_space(asked.search, asked.given)
        seed = int(asked.given.get("seed", make_config({}).seed))
        gazetteers = parse_gazetteers(options["gazetteers"])
        code = 0
        with (
            search_folder(folder, asked),
            TrainingProgress("reading", "", str, quiet=True) as bar,
        ):
            corpus = read_training_corpus(options, seed)
            search = Search(folder, sampler=options["sampler"], seed=seed, prune=options["prune"])
            write_asked(search, to_builtins(asked))
            with stops() as signals:
                try:
                    self._train(search, corpus, space, gazetteers, bar, quiet=quiet)
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
        if code:
            tell_interrupted(tuning, folder, asked.trials)
        else:
            tell(tuning, folder, as_json=as_json)
        return code

    def _train(
        self,
        search: "Search",
        corpus: "Corpus",
        space: "list[Searched]",
        gazetteers: dict[str, Path],
        bar: TrainingProgress,
        *,
        quiet: bool,
    ) -> None:
        """Do the trials that are left, on the engine that was asked for."""
        from windowclf.reports.terminal.tables import trial_line

        asked = self.asked

        def told(trial: "Trial") -> None:
            bar.bar.update(bar.task, description=f"{trial.number} of {asked.trials} trials")
            if not quiet:
                bar.note(trial_line(trial))

        common: dict[str, Any] = {
            "trials": asked.trials,
            "seconds": self.minutes and 60 * self.minutes,
            "vectors": asked.options["vectors"],
            "gazetteers": gazetteers,
            "compress": asked.options["compress"],
            "told": told,
        }
        left = asked.trials - search.done
        if self.engine == "dask" and left > 0:
            with cluster(self.scheduler, self.threads, left, bar.note) as client:
                from windowclf.tuning.on_dask import run_on_cluster

                run_on_cluster(client, search, corpus, space, asked.given, **common)
        else:
            from windowclf.tuning.search import run_trials

            run_trials(
                search, corpus, space, asked.given, threads=self.threads, listener=bar, **common
            )
