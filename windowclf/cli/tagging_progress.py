"""Much text being tagged as a person watches it: a bar on a terminal, and a line at the end."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Self

from windowclf.cli.console import count, error_console, note

if TYPE_CHECKING:
    from rich.progress import Progress

    from windowclf.documents.paths import Input
    from windowclf.system.streams import OnBytesRead
    from windowclf.tagging.texts import TaggedText


class TaggingProgress:
    """Counts what is tagged, and tells of it.

    Parameters
    ----------
    inputs : sequence of Input
        All that will be read.
    shown : bool
        Whether a person looks on; if not, nothing is told.
    bar : bool
        Whether a bar is shown too.
    """

    def __init__(self, inputs: "Sequence[Input]", *, shown: bool, bar: bool) -> None:
        self.files = len(inputs)
        self.texts = self.tokens = 0
        self._total = _bytes_of(inputs) if shown and bar else None
        self._shown = shown
        self._name = ""
        self._before = self._read = 0  # bytes of the files before this one, and of this one too
        self._bar = make_bar() if shown and bar else None

    def __enter__(self) -> Self:
        self._begin = perf_counter()
        if self._bar:
            self._task = self._bar.add_task("", total=self._total, tokens="", speed="")
            self._bar.start()
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        if self._shown and not failed:
            note(
                f"{count(self.files, 'file')}, {count(self.texts, 'text')}, "
                f"{count(self.tokens, 'token')} in {self._seconds:.1f} s: {self._speed}"
            )

    def watch(self, given: "Input") -> "OnBytesRead":
        """Take notice that a file is begun; return who is told how much of it is read."""
        self._name = given.name
        self._before = self._read

        def watch(size: int) -> None:
            self._read = self._before + size

        return watch

    def add(self, tagged: "Sequence[TaggedText]") -> None:
        """Count texts that were tagged."""
        self.texts += len(tagged)
        self.tokens += sum(len(words) for text in tagged for words in text.words)
        if self._bar:
            self._bar.update(
                self._task,
                description=self._name,
                completed=self._read,
                tokens=count(self.tokens, "token"),
                speed=self._speed,
            )

    @property
    def _seconds(self) -> float:
        return perf_counter() - self._begin

    @property
    def _speed(self) -> str:
        return f"{self.tokens / max(self._seconds, 1e-9):,.0f} tokens/s"


def make_bar() -> "Progress":
    """Make a bar with tokens and their speed."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[tokens]}"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        redirect_stdout=False,
    )


def _bytes_of(inputs: "Sequence[Input]") -> int | None:
    """Add the sizes of all inputs up; None if one is no file."""
    paths = [Path(given.path) for given in inputs]
    return sum(p.stat().st_size for p in paths) if all(p.is_file() for p in paths) else None
