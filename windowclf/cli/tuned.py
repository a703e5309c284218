"""What ``windowclf tune`` says at its end."""

import json
import shlex
from pathlib import Path

import click

from windowclf.cli.console import note, print_table
from windowclf.reports.terminal.tables import in_a_line, trials_table
from windowclf.tuning.result import Tuning
from windowclf.tuning.study import BEST, PAGE


def tell(tuning: Tuning, folder: Path, *, as_json: bool) -> None:
    """Print what was found."""
    if tuning.best:
        note(f"model: {folder / BEST}\npage: {folder / PAGE}")
    if as_json:
        click.echo(json.dumps({"model": str(folder / BEST), **tuning.to_json()}))
        return
    print_table(trials_table(tuning))
    best = tuning.best_trial
    if best:
        click.echo(f"best: F1 {100 * best.f1:.2f} with {in_a_line(best.settings)}")


def tell_interrupted(tuning: Tuning, folder: Path, trials: int) -> None:
    """Say how many trials are done, and how to go on."""
    if not tuning.trials:
        note("interrupted: no trial was done")
        return
    again = f"windowclf tune --resume {shlex.quote(str(folder))}"
    note(f"interrupted: {len(tuning.trials)} of {trials} trials done; go on with '{again}'")
