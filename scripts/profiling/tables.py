"""Profiles as tables."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from profiling.profiles import RUNS, Profile


def print_heading(machine: dict[str, Any], versions: dict[str, str], threads: int) -> None:
    """Print the machine, the versions and the settings."""
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
    table = Table(box=SIMPLE_HEAD)
    table.add_column("stage", no_wrap=True)
    for profile in profiles:
        for name in (f"{profile.name}\n%", "ns a\ntoken", "\ncalls"):
            table.add_column(name, justify="right", no_wrap=True)
    for stage in dict.fromkeys(stage for profile in profiles for stage in profile.stages):
        table.add_row(stage, *_cells(profiles, partial(_stage, stage=stage)))
    table.add_section()
    table.add_row("all stages", *_cells(profiles, lambda one: _times(one, one.spent)))
    table.add_row("start to end", *_cells(profiles, lambda one: _speed(one, one.seconds)))
    table.add_row("start to end, untimed", *_cells(profiles, lambda one: _speed(one, one.untimed)))
    console = _console()
    console.print(title, style="bold", markup=False)
    console.print(table)


def _cells(profiles: Sequence[Profile], three: Callable[[Profile], list[str]]) -> list[str]:
    return [cell for profile in profiles for cell in three(profile)]


def _stage(profile: Profile, stage: str) -> list[str]:
    if stage not in profile.stages:
        return [""] * 3
    found = profile.stages[stage]
    return [*_times(profile, found.own)[:2], f"{found.calls:,}"]


def _speed(profile: Profile, seconds: float) -> list[str]:
    return [*_times(profile, seconds)[:2], f"{profile.tokens / seconds:,.0f}/s"]


def _times(profile: Profile, seconds: float) -> list[str]:
    return [f"{100 * seconds / profile.spent:.1f}", f"{1e9 * seconds / profile.tokens:,.0f}", ""]


def _console() -> Console:
    return Console(width=None if Console().is_terminal else 120, highlight=False)
