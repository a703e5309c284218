"""Notes on stderr, and rich tables and bars."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console


def note(message: str) -> None:
    """Write a line to stderr; it names options where the library names parameters."""
    context = click.get_current_context(silent=True)
    if context and "`" in message:
        from windowclf.cli.wording import with_options

        message = with_options(message, context.command)
    click.echo(message, err=True)


def count(number: int, thing: str) -> str:
    """Write a number with its noun: 1 text, 2 texts."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def stderr_is_terminal() -> bool:
    """Whether a person is watching."""
    return sys.stderr.isatty()


def error_console() -> "Console":
    """Make a rich console on stderr."""
    from rich.console import Console

    return Console(stderr=True)


def print_table(table: object) -> None:
    """Print a rich table on stdout, as wide as it needs if that is not a terminal."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
