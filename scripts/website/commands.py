"""The reference of the command line, a page a command, from what ``--help`` prints."""

import inspect
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

import click

from windowclf.cli import windowclf

FOLDER = "reference/commands"


class Section(NamedTuple):
    """A group of options as ``--help`` lists it.

    Attributes
    ----------
    title : str
        Heading of the group, such as "Options".
    rows : list of pair of str
        How each option is written, and its help text.
    """

    title: str
    rows: list[tuple[str, str]]


class _Sections(click.HelpFormatter):
    """Keeps the lists of a help text apart by their headings, in place of printing them."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[Section] = []
        self._title = ""

    def write_heading(self, heading: str) -> None:
        self._title = heading

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **options: Any) -> None:
        del args, options
        self.sections.append(Section(self._title, list(rows)))


def names() -> list[str]:
    """List the commands in the order of ``windowclf --help``."""
    return windowclf.list_commands(click.Context(windowclf))


def command(name: str) -> tuple[click.Command, click.Context]:
    """Return a command and a context in which it has its full name."""
    parent = click.Context(windowclf, info_name="windowclf", **windowclf.context_settings)
    found = windowclf.get_command(parent, name)
    assert found is not None
    return found, click.Context(found, info_name=name, parent=parent)


def sections(name: str) -> list[Section]:
    """List the options of a command, group by group."""
    found, context = command(name)
    formatter = _Sections()
    found.format_options(context, formatter)
    return formatter.sections


def pages() -> dict[str, str]:
    """Make a page of each command, and one that lists them, by their place in docs/."""
    made = {f"{FOLDER}/index.md": _overview()}
    for name in names():
        made[f"{FOLDER}/{name}.md"] = "\n".join(_page(name))
    return made


def _overview() -> str:
    rows = [f"| [`{n}`]({n}.md) | {_summary(command(n)[0])} |" for n in names()]
    return "\n".join(
        [
            "# Commands",
            "",
            "These pages are made from the commands themselves: they say what "
            "`windowclf COMMAND --help` prints.",
            "",
            "| command | what it does |",
            "|---|---|",
            *rows,
            "",
            "`windowclf --version` prints the version. A command ends with exit code 0 if it did "
            "its work, 2 if it was called wrongly, 130 if it was interrupted, and 1 for every "
            "other error, which is one line on stderr.",
            "",
        ]
    )


def _page(name: str) -> Iterator[str]:
    found, context = command(name)
    usage = " ".join([context.command_path, *found.collect_usage_pieces(context)])
    yield from (f"# {name}", "", "```text", usage, "```", "", *_help(found), "")
    groups = sections(name)
    for title, rows in groups:
        yield from (f"## {title}", "", '<dl class="options">')
        for written, text in rows:
            option = re.search(r"--[\w-]+|^\S+", written)
            anchor = f' id="{option[0].lower().strip("-[]")}"' if option else ""
            yield f"<dt{anchor}><code>{escape(written)}</code></dt><dd>{_prose(text)}</dd>"
        yield from ("</dl>", "")


def _help(found: click.Command) -> Iterator[str]:
    """Write the help text as Markdown: paragraphs, and examples as code."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(found.help or "")):
        lines = paragraph.splitlines()
        if lines[0].strip() == "\b":
            yield from ("```bash", *lines[1:], "```")
        else:
            yield _prose(" ".join(lines))
        yield ""


def _prose(text: str) -> str:
    """Escape a text, in which options and paths are code."""
    shown = escape(" ".join(text.split()), quote=False)
    shown = re.sub(r"(?<![\w`-])(--?[a-z][\w-]*)", r"<code>\1</code>", shown)
    return shown.replace("*", "&#42;").replace("_", "&#95;")


def _summary(found: click.Command) -> str:
    return _prose(found.get_short_help_str(limit=200))
