"""Command lines: those that texts give as examples, and what a command reports."""

import re

import click

from windowclf.cli import windowclf


def parse(name, arguments):
    """Parse the arguments of a command as the program does, without running it."""
    parent = click.Context(windowclf, **windowclf.context_settings)
    windowclf.get_command(None, name).make_context(name, arguments, parent=parent)


def without_model(err):
    """Take the line that reports the model of --model out of a command's stderr."""
    return re.sub(r"^model: .* \(--model\)\n", "", err, flags=re.MULTILINE)
