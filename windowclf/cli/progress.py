"""Progress bars on stderr, if it is a terminal, with lines of notes above them."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

from windowclf.cli.console import count, error_console, note, stderr_is_terminal

if TYPE_CHECKING:
    from windowclf.documents.paths import Input
    from windowclf.evaluation.learning_curve import Trained
    from windowclf.jobs.partition import Outcome
    from windowclf.jobs.plan import Partition
    from windowclf.system.streams import OnBytesRead
    from windowclf.tagging.tagged_text import TaggedText
    from windowclf.training.loop import BatchDone, NetworkBegins


class Bar:
    """A bar that is shown in a with-block; without a terminal, only its notes are printed.

    The description comes before the bar, and the columns, which are fields of `update`, after it.
    While the total is unknown, the bar pulses.
    """

    def __init__(
        self, *columns: str, description: str = "", total: int | None = None, wanted: bool = True
    ) -> None:
        self._bar = None
        if wanted and stderr_is_terminal() and find_spec("rich"):
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                *(TextColumn(f"{{task.fields[{name}]}}") for name in columns),
                TimeRemainingColumn(),
                console=error_console(),
                transient=True,
                redirect_stdout=False,
            )
            empty: dict[str, Any] = dict.fromkeys(columns, "")
            self._task = self._bar.add_task(description, total=total, **empty)

    def __enter__(self) -> Self:
        self._start = perf_counter()
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, **fields: Any) -> None:
        """Set fields of the bar, as `rich.progress.Progress.update` does."""
        if self._bar:
            self._bar.update(self._task, **fields)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        if self._bar:
            self._bar.console.print(text, highlight=False, markup=False, soft_wrap=True)
        else:
            note(text)


class TrainingProgress(Bar):
    """A listener of a training: advances the bar at each batch, prints a line at each epoch.

    `before` names the work before the first batch, and `header` is the line above the first epoch.
    With `quiet` there is only the bar.
    """

    def __init__(
        self, before: str, header: str, line: Callable[[Any], str], *, quiet: bool
    ) -> None:
        super().__init__("loss", description=before)
        self._header, self._line, self._quiet = header, line, quiet
        self._aside = ""

    def __call__(self, event: "BatchDone | NetworkBegins | Any") -> None:
        """Show the end of a batch, the start of a network, or the record of an epoch."""
        from windowclf.training.loop import BatchDone, NetworkBegins

        if isinstance(event, BatchDone):
            self.update(
                description=f"{self._aside}epoch {event.epoch}",
                completed=event.batch,
                total=event.batches,
                loss=f"loss {event.loss:.4f}",
            )
        elif isinstance(event, NetworkBegins) and event.aside:
            self._aside = f"{event.name}, "
            self.update(description=event.name, total=None, loss="")
        elif isinstance(event, NetworkBegins):
            self.note(event.name)
        elif not self._quiet:
            line = self._line(event)
            self.note(f"{self._header}\n{line}" if event.epoch == 1 else line)


class CurveProgress(Bar):
    """The progress of a learning curve: finished trainings, and the epoch of the current one."""

    def __init__(self, sizes: "Sequence[int]", repeats: int) -> None:
        super().__init__("f1", description="reading", total=repeats * sum(sizes))
        self._trainings, self._done = repeats * len(sizes), 0

    def __call__(self, event: "BatchDone | NetworkBegins | Any") -> None:
        """Show a batch."""
        from windowclf.training.loop import BatchDone

        if isinstance(event, BatchDone):
            number = f"training {self._done + 1} of {self._trainings}"
            self.update(description=f"{number}, epoch {event.epoch}")

    def add(self, trained: "Trained") -> None:
        """Count a training; the bar advances by its sentences, which determine its time."""
        self._done += 1
        self.update(
            advance=trained.sentences,
            f1=f"F1 {100 * trained.f1:.1f} with {count(trained.sentences, 'sentence')}",
        )


class TaggingProgress(Bar):
    """The progress of tagging: counts texts, and prints a summary at the end if `shown`."""

    def __init__(self, inputs: "Sequence[Input]", *, shown: bool, bar: bool) -> None:
        wanted = shown and bar
        super().__init__(
            "tokens", "speed", total=_bytes_of(inputs) if wanted else None, wanted=wanted
        )
        self.files = len(inputs)
        self.texts = self.tokens = 0
        self._shown, self._name = shown, ""
        self._before = self._read = 0  # bytes of the files before this one, and of this one too

    def __exit__(self, failed: object, *rest: object) -> None:
        super().__exit__(failed, *rest)
        if self._shown and not failed:
            seconds = perf_counter() - self._start
            counts = count(self.files, "file"), count(self.texts, "text")
            note(_summary(*counts, tokens=self.tokens, seconds=seconds))

    def watch(self, given: "Input") -> "OnBytesRead":
        """Show the name of the file being read; return a callback for the number of bytes read."""
        self._name = given.name
        self._before = self._read

        def on_bytes_read(size: int) -> None:
            self._read = self._before + size

        return on_bytes_read

    def add(self, tagged: "Sequence[TaggedText]") -> None:
        """Count tagged texts."""
        self.texts += len(tagged)
        self.tokens += sum(text.token_count for text in tagged)
        self.update(
            description=self._name,
            completed=self._read,
            tokens=count(self.tokens, "token"),
            speed=_speed(self.tokens, perf_counter() - self._start),
        )


class JobProgress(Bar):
    """The progress of a job: counts its partitions; those in `left` are done in this run."""

    def __init__(self, partitions: int, left: "Sequence[Partition]") -> None:
        super().__init__("tokens", "speed", total=sum(partition.size for partition in left))
        self.partitions, self.done_before = partitions, partitions - len(left)
        self.done = self.rows = self.tokens = self.errors = self.failed = 0
        self.first_failure = ""
        self._seconds = 0.0  # to the last partition; a cluster takes half a second to end
        self._times = {"working": 0.0, "reading": 0.0, "writing": 0.0}

    def __enter__(self) -> Self:
        self._show(0)
        super().__enter__()
        if self.done_before:
            self.note(f"{self.done_before} of {count(self.partitions, 'partition')} done before")
        return self

    def add(self, outcome: "Outcome") -> None:
        """Count a finished partition."""
        if outcome.failed is None:
            self.done += 1
        else:
            self.failed += 1
            failure = f"{outcome.partition.source}: {outcome.failed}"
            self.first_failure = self.first_failure or failure
        self.rows += outcome.rows
        self.tokens += outcome.tokens
        self.errors += outcome.bad
        self._times["working"] += outcome.seconds
        self._times["reading"] += outcome.reading
        self._times["writing"] += outcome.writing
        self._seconds = perf_counter() - self._start
        self._show(outcome.partition.size)

    def _show(self, size: int) -> None:
        self.update(
            advance=size,
            description=f"{self.done_before + self.done + self.failed} of {self.partitions}",
            tokens=count(self.tokens, "token"),
            speed=_speed(self.tokens, self._seconds),
        )

    def interrupted(self) -> None:
        """Report how far the job has come."""
        self.note(
            f"interrupted: {self.done_before + self.done} of {count(self.partitions, 'partition')} "
            "done; run the same command to continue"
        )

    def finished(self, table: str) -> None:
        """Report what the job did; `table` names the table of its errors."""
        if self.done_before == self.partitions:
            return
        counts = count(self.done, "partition"), count(self.rows, "row")
        note(_summary(*counts, tokens=self.tokens, seconds=self._seconds))
        if self.errors:
            note(f"{count(self.errors, 'error')}, listed in the table {table}")

    def to_json(self) -> dict[str, Any]:
        """Return all numbers; the seconds of work are summed over all workers."""
        names = ("partitions", "done_before", "done", "failed", "rows", "tokens", "errors")
        return {name: getattr(self, name) for name in names} | {
            "seconds": round(self._seconds, 3),
            "seconds_of_work": {name: round(time, 3) for name, time in self._times.items()},
        }


def _summary(*counts: str, tokens: int, seconds: float) -> str:
    done = ", ".join([*counts, count(tokens, "token")])
    return f"{done} in {seconds:.1f} s: {_speed(tokens, seconds)}"


def _speed(tokens: int, seconds: float) -> str:
    return f"{tokens / max(seconds, 1e-9):,.0f} tokens/s"


def _bytes_of(inputs: "Sequence[Input]") -> int | None:
    """Return the total size of the inputs; None if one is not a file."""
    paths = [Path(given.path) for given in inputs]
    return sum(p.stat().st_size for p in paths) if all(p.is_file() for p in paths) else None
