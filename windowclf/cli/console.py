"""Notes on stderr, and rich tables and bars."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console


def note(message: str) -> None:
    """Write a line to stderr, with the names of parameters replaced by those of options.

    If stderr cannot be written to, the line is lost and the command continues.
    """
    context = click.get_current_context(silent=True)
    if context and "`" in message:
        from windowclf.cli.wording import with_options

        message = with_options(message, context.command)
    with suppress(OSError):
        click.echo(message, err=True)


def count(number: int, thing: str) -> str:
    """Write a number with its noun: 1 text, 2 texts."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def stderr_is_terminal() -> bool:
    """Whether stderr is a terminal, so that a progress bar makes sense."""
    return sys.stderr.isatty()


def stdout_has_colour() -> bool:
    """Whether stdout shows colours: the rules of rich, without its slow import.

    A terminal shows them unless it is a dumb one. FORCE_COLOR switches them on for files and
    pipes; NO_COLOR switches them off everywhere.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    return sys.stdout.isatty() if forced is None else forced != ""


def error_console() -> "Console":
    """Make a rich console on stderr."""
    from rich.console import Console

    return Console(stderr=True)


def print_table(table: object) -> None:
    """Print a rich table on stdout, at its full width if stdout is not a terminal."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
