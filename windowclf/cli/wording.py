"""Messages of the library, with parameters written as command-line options."""

import re

import click

from windowclf.config.check import option_name

_NAMED = re.compile(r"`([a-z_]+)(?:=([^`]*))?`")


def with_options(message: str, command: click.Command) -> str:
    """Replace the parameters that a message names by the options of a command.

    The library writes a parameter in backticks, with or without a value, as in Python code:
    ```text_column``` or ```loss='ranking'```.

    Parameters
    ----------
    command : click.Command
        Names that are not among its options are left as they are.

    Examples
    --------
    >>> command = click.Command("train", params=[click.Option(["--loss"])])
    >>> with_options("`loss='ranking'` needs `labels`", command)
    '--loss ranking needs `labels`'
    """
    options: dict[str, str] = {}
    for parameter in command.params:
        options |= {option: option for option in parameter.opts}
        options[option_name(parameter.name or "")] = parameter.opts[0]

    def spelled(match: re.Match[str]) -> str:
        option, value = options.get(option_name(match[1])), match[2]
        if option is None:
            return match[0]
        return option if value in (None, "True") else f"{option} {value.strip(chr(39))}"

    return _NAMED.sub(spelled, message)
