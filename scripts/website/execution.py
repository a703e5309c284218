"""The tutorial's code: it runs when the site is built, and its pages show what it prints.

The chapters are one program in the order of the navigation. In a chapter

- a fenced block of Python runs, and what it prints stands below it;
- ``{{ expression }}`` in the text becomes the value of the expression at that place, so that no
  number is copied by hand; ``{{ draw.NAME(…) }}`` on a line of its own becomes a picture, drawn by
  `website.figures`.

Text between ``$`` is an equation, see `website.equations`.
"""

import io
import re
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from website import figures

_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_EXPRESSION = re.compile(r"\{\{ (.+?) \}\}", re.DOTALL)


class Program:
    """The chapters that have run, and their variables."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self, markdown: str, place: str) -> str:
        """Run a chapter.

        Parameters
        ----------
        markdown : str
            The chapter.
        place : str
            Its name in tracebacks.

        Returns
        -------
        str
            The chapter with its output, values and pictures.
        """
        filled, end = [], 0
        for block in _BLOCK.finditer(markdown):
            filled.append(self._evaluate(markdown[end : block.start()], place))
            filled.append(block[0] + self._print(block[1], place))
            end = block.end()
        filled.append(self._evaluate(markdown[end:], place))
        return "".join(filled)

    def _print(self, code: str, place: str) -> str:
        with redirect_stdout(io.StringIO()) as out:
            exec(compile(code, place, "exec"), self.names)
        printed = out.getvalue()
        return f"\n``` {{ .text .printed }}\n{printed.rstrip()}\n```\n" if printed else ""

    def _evaluate(self, text: str, place: str) -> str:
        def value(match: re.Match[str]) -> str:
            names = {**self.names, "draw": figures}
            return str(eval(compile(match[1].strip(), place, "eval"), names))

        return _EXPRESSION.sub(value, text)


def run_chapters(docs: Path, chapters: Iterable[str]) -> dict[str, str]:
    """Run the chapters one after the other; return each as it is shown, by its place in docs/."""
    program = Program()
    return {place: program.run((docs / place).read_text("utf-8"), place) for place in chapters}
