"""The command line: each command parses, calls the library, and prints."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from windowclf.cli.console import note
from windowclf.cli.standard_streams import prepare_streams
from windowclf.errors import UsageError, WindowclfError, printable
from windowclf.system.packages import whole_install

_COMMANDS = (
    *("train", "tune", "pretrain", "annotate", "tag", "serve", "explain", "evaluate", "compare"),
    *("learning-curve", "convert", "info", "presets", "gradcheck"),
)

_OBJECTS = 50_000
"""Threshold of the garbage collector: a collection starts after this many new objects."""


class _Commands(click.Group):
    """Imports a command when it is called, so that tagging does not import training."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"windowclf.cli.{name}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; in errors, write the parameters of the library as options."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError:
            with whole_install(f"windowclf {ctx.invoked_subcommand}"):
                raise
        except WindowclfError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            if command:
                from windowclf.cli.wording import with_options

                error.args = (with_options(str(error), command),)
            raise


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="windowclf")
def windowclf() -> None:
    """Train and use a word-window tagger for names and other labels.

    \b
    windowclf train --data conll2003
    windowclf tag "Paris is in France"

    To complete commands and options with Tab, add the line of your shell to its start-up file:

    \b
    bash:  eval "$(_WINDOWCLF_COMPLETE=bash_source windowclf)"
    zsh:   eval "$(_WINDOWCLF_COMPLETE=zsh_source windowclf)"
    fish:  _WINDOWCLF_COMPLETE=fish_source windowclf | source
    """


def run() -> int:
    """Run the command of this process; returns its exit code, see `main`."""
    # Imports make a hundred thousand objects that all stay alive. With its default threshold
    # Python would search them for cycles 200 times, and once more before it exits.
    gc.set_threshold(_OBJECTS)
    code = main()
    gc.freeze()
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; every error becomes one line on stderr.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command and its arguments.  Default: those of the process.

    Returns
    -------
    int
        The exit code: 0 for success, 2 for a usage error, 130 for an interrupt, 1 for any other
        error. If stdout is closed it is 1, without a message.
    """
    if not prepare_streams():
        return 1
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError:  # already reported; stop the interpreter from flushing again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = windowclf.main(arguments, prog_name="windowclf", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        note(error.format_message())
        return 2
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except UsageError as error:
        return _fail(str(error), 2)
    except WindowclfError as error:
        return _fail(str(error), 1)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", 130)
    except BrokenPipeError:  # the reader has exited, as with `| head`
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 1)
    except MemoryError:
        return _fail("out of memory: try a smaller --vocabulary or --batch-size", 1)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    line = printable(" ".join(message.split()))
    note(f"windowclf: error: {line}")
    return code
