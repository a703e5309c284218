"""A job as a person watches it: a bar on a terminal, and what came of it at the end."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

from windowclf.cli.console import count, note, stderr_is_terminal
from windowclf.cli.tagging_progress import make_bar

if TYPE_CHECKING:
    from windowclf.jobs.partition import Outcome
    from windowclf.jobs.plan import Partition


class JobProgress:
    """Counts partitions as they are done, and tells of them on stderr.

    Parameters
    ----------
    partitions : int
        Of the job.
    left : sequence of Partition
        Those of them that are to be done now.
    """

    def __init__(self, partitions: int, left: "Sequence[Partition]") -> None:
        self.partitions, self.before = partitions, partitions - len(left)
        self.done = self.rows = self.tokens = self.errors = self.failed = 0
        self.first_failure = ""
        self._times = {"working": 0.0, "reading": 0.0, "writing": 0.0}
        self._total = sum(partition.size for partition in left)
        self._bar = make_bar() if stderr_is_terminal() else None

    def __enter__(self) -> Self:
        self._begin = perf_counter()
        self._seconds = 0.0  # to the last partition; a cluster takes half of one to end
        if self._bar:
            self._task = self._bar.add_task("", total=self._total, tokens="", speed="")
            self._show(0)
            self._bar.start()
        if self.before:
            self.note(f"{self.before} of {count(self.partitions, 'partition')} done before")
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def note(self, text: str) -> None:
        """Write above the bar."""
        if self._bar:
            self._bar.console.print(text, highlight=False, markup=False, soft_wrap=True)
        else:
            note(text)

    def add(self, outcome: "Outcome") -> None:
        """Count a partition."""
        if outcome.failed is None:
            self.done += 1
        else:
            self.failed += 1
            self.first_failure = (
                self.first_failure or f"{outcome.partition.source}: {outcome.failed}"
            )
        self.rows += outcome.rows
        self.tokens += outcome.tokens
        self.errors += outcome.bad
        self._times["working"] += outcome.seconds
        self._times["reading"] += outcome.reading
        self._times["writing"] += outcome.writing
        self._seconds = perf_counter() - self._begin
        self._show(outcome.partition.size)

    def _show(self, size: int) -> None:
        if self._bar:
            seconds = max(self._seconds, 1e-9)
            self._bar.update(
                self._task,
                advance=size,
                description=f"{self.before + self.done + self.failed} of {self.partitions}",
                tokens=count(self.tokens, "token"),
                speed=f"{self.tokens / seconds:,.0f} tokens/s",
            )

    def interrupted(self) -> None:
        """Say how far the job has come."""
        self.note(
            f"interrupted: {self.before + self.done} of {count(self.partitions, 'partition')} "
            "done; the same command goes on"
        )

    def finished(self, table: str) -> None:
        """Say what came of it."""
        if self.before == self.partitions:
            return
        speed = self.tokens / max(self._seconds, 1e-9)
        note(
            f"{count(self.done, 'partition')}, {count(self.rows, 'row')}, "
            f"{count(self.tokens, 'token')} in {self._seconds:.1f} s: {speed:,.0f} tokens/s"
        )
        if self.errors:
            note(f"{count(self.errors, 'error')}, see the table {table}")

    def to_json(self) -> dict[str, Any]:
        """Give all numbers; the seconds of work are those of all workers together."""
        return {
            "partitions": self.partitions,
            "done_before": self.before,
            "done": self.done,
            "failed": self.failed,
            "rows": self.rows,
            "tokens": self.tokens,
            "errors": self.errors,
            "seconds": round(self._seconds, 3),
            "seconds_of_work": {name: round(time, 3) for name, time in self._times.items()},
        }
