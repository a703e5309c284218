"""Profiles as tables."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from profiling.profiles import RUNS, Profile


def print_heading(machine: dict[str, Any], versions: dict[str, str], threads: int) -> None:
    """Say what it ran on."""
    console = _console()
    numbers = ", ".join(f"{name} {number}" for name, number in versions.items())
    several = (
        "; a stage's time is the sum over them, and while one waits for the others it counts for "
        "the rest"
    )
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, {machine['date']}\n"
        f"Python {machine['python']}, {numbers}\n"
        f"threads: {threads}{several * (threads > 1)}; the fastest of {RUNS} runs\n"
    )


def print_profiles(title: str, profiles: Sequence[Profile]) -> None:
    """Print the profiles of one kind of work side by side."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("")
    for profile in profiles:
        table.add_column(f"{profile.name}\n%", justify="right", no_wrap=True)
        table.add_column("ns a\ntoken", justify="right")
        table.add_column("\ncalls", justify="right")
    names = list(dict.fromkeys(name for profile in profiles for name in profile.stages))
    for name in names:
        table.add_row(name, *(cell for profile in profiles for cell in _stage(profile, name)))
    table.add_section()
    rows = zip(*map(_totals, profiles), strict=True)
    for name, cells in zip(("together", "tokens/s", "untimed"), rows, strict=True):
        table.add_row(name, *(cell for three in cells for cell in three))
    _console().print(table)


def _console() -> Console:
    return Console(width=None if Console().is_terminal else 120, highlight=False)
