"""A training as a person watches it: lines on stderr, and a bar on a terminal."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from windowclf.cli.console import error_console, note, stderr_is_terminal

if TYPE_CHECKING:
    from windowclf.training.loop import BatchDone, NetworkBegins


class TrainingProgress:
    """Listens to a training: moves a bar at each batch, writes a line at each epoch.

    Parameters
    ----------
    before : str
        What goes on before the first batch.
    header : str
        Stands above the first line.
    line : callable
        Writes the record of an epoch.
    quiet : bool
        No lines.
    """

    def __init__(
        self, before: str, header: str, line: Callable[[Any], str], *, quiet: bool
    ) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.header, self.line, self.quiet = header, line, quiet
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
            console=error_console(),
            transient=True,
            disable=not stderr_is_terminal(),
        )
        self.task = self.bar.add_task(before, total=None, loss="")

    def __enter__(self) -> Self:
        if not self.bar.disable:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.bar.disable:
            self.bar.stop()

    def __call__(self, event: "BatchDone | NetworkBegins | Any") -> None:
        """Show a batch, a network that begins, or the record of an epoch."""
        from windowclf.training.loop import BatchDone, NetworkBegins

        if isinstance(event, BatchDone):
            self.bar.update(
                self.task,
                description=f"epoch {event.epoch}",
                completed=event.batch,
                total=event.batches,
                loss=f"loss {event.loss:.4f}",
            )
        elif isinstance(event, NetworkBegins):
            self.note(event.name)
        elif not self.quiet:
            line = self.line(event)
            self.note(f"{self.header}\n{line}" if event.epoch == 1 else line)

    def note(self, text: str) -> None:
        """Write above the bar."""
        if self.bar.disable:
            note(text)
        else:
            self.bar.console.print(text, highlight=False, markup=False)
