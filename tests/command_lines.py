"""Command lines that texts give as examples."""

import click

from windowclf.cli import windowclf


def parse(name, arguments):
    """Parse the arguments of a command as the program does, without running it."""
    parent = click.Context(windowclf, **windowclf.context_settings)
    windowclf.get_command(None, name).make_context(name, arguments, parent=parent)
