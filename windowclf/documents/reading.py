"""Options of reading for all file formats, and the report of changes made while reading."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, get_args, get_type_hints

from windowclf.documents.span_offsets import OffsetEvidence
from windowclf.errors import DataError, UsageError, described, quoted
from windowclf.system.content import codec_name
from windowclf.text.lines import line_chunks, read_lines

TextUnit = Literal["line", "paragraph", "file"]
OnError = Literal["stop", "skip"]
Overlaps = Literal["refuse", "longest", "first"]
Spans = Literal["as-is", "utf16", "inclusive", "refuse"]


class Tally(NamedTuple):
    """The number of times that something happened while reading, and its first place."""

    times: int
    first: str


class ReadReport:
    """Counts of what was skipped, dropped, changed or guessed while files were read.

    Attributes
    ----------
    tallies : dict of str to Tally
        The tally of each kind of event, such as "records skipped".
    offsets : OffsetEvidence
        Statistics on whether the offsets of spans fit their texts.
    """

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.offsets = OffsetEvidence()

    def add(self, what: str, where: str, count: int = 1) -> None:
        """Count an event.

        Parameters
        ----------
        what : str
            The kind of event, as a plural noun with a participle: "records skipped".
        where : str
            The file, the line and the case; only the first one is kept.
        """
        before = self.tallies.get(what, Tally(0, where))
        self.tallies[what] = Tally(before.times + count, before.first)

    def line(self) -> str:
        """Summarize the report in one line; it is empty if nothing was changed."""
        parts = [f"{what}: {tally.times:,} (first: {tally.first})" for what, tally in self._all()]
        return "; ".join(parts)

    def to_json(self) -> list[dict[str, object]]:
        """List the tallies, each with "what", "count" and "first"."""
        return [
            {"what": what, "count": tally.times, "first": tally.first}
            for what, tally in self._all()
        ]

    def _all(self) -> list[tuple[str, Tally]]:
        found = [*self.tallies.items()]
        if self.offsets.misfits:
            what = f"spans that do not match word borders{self.offsets.cure()}"
            found.append((what, Tally(self.offsets.misfits, self.offsets.first)))
        return found


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of reading; each format uses those that apply to it.

    Parameters
    ----------
    text_column : str
        Key or column with the text.
    tokens_column, tags_column : int or str, optional
        Columns with the tokens and the tags: in a column file their numbers, from 0, or from -1 at
        the end; elsewhere their names. By default they are detected.
    delimiter : str, optional
        The character that separates columns, or "tab" or "space". By default it is detected.
    encoding : str
        Name of a Python codec.
    text_unit : {"line", "paragraph", "file"}, optional
        What counts as one text in a plain-text file; by default a line.
    on_error : {"stop", "skip"}
        Whether an unreadable record raises an error, or is skipped and counted.
    overlaps : {"refuse", "longest", "first"}
        Which one of overlapping spans to keep: none, which makes the record an error; the longest;
        or the first in the record.
    spans : {"as-is", "utf16", "inclusive", "refuse"}
        Unit of span offsets: characters; UTF-16 code units, as in JavaScript; or characters with an
        inclusive end. "refuse" also counts characters, but a span that cuts a word is an error.
    label_names : sequence of str, optional
        Names for numeric tags or labels, in the order of the numbers.
    labels : bool
        Whether to read labels. Tagging does not need them, so they may then be invalid.
    report : ReadReport
        Collects the changes made while reading.

    Raises
    ------
    UsageError
        If an option has an invalid value.
    """

    text_column: str = "text"
    tokens_column: int | str | None = None
    tags_column: int | str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    text_unit: TextUnit | None = None
    on_error: OnError = "stop"
    overlaps: Overlaps = "refuse"
    spans: Spans = "as-is"
    label_names: Sequence[str] | None = None
    labels: bool = True
    report: ReadReport = field(default_factory=ReadReport, compare=False)

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(ReadOptions).items():
            choices = get_args(hint)
            literals = [*choices, *(c for choice in choices for c in get_args(choice))]
            words = [choice for choice in literals if isinstance(choice, str)]
            value: Any = getattr(self, name)
            if words and value is not None and value not in words:
                raise UsageError(f"{name}: expected {', '.join(words)}, got {quoted(value)}")
        for name in ("text_column", "tokens_column", "tags_column"):
            value = getattr(self, name)
            if not isinstance(value, int | str | None):
                raise UsageError(
                    f"{name}: expected a column number or name, got {described(value)}"
                )
        if self.delimiter is not None:
            named = {"tab": "\t", "\\t": "\t", "space": " "}.get(self.delimiter, self.delimiter)
            if len(named) != 1 or named in '\r\n"':
                raise UsageError(
                    f"delimiter: expected one character, tab or space, got {quoted(named)}"
                )
            object.__setattr__(self, "delimiter", named)
        codec_name(self.encoding)

    def failed(self, error: DataError, what: str = "records") -> None:
        """Raise an error of a record, or count the record as skipped, depending on `on_error`."""
        if self.on_error == "stop":
            raise error
        self.report.add(f"{what} skipped", str(error))


def open_lines(
    file: BinaryIO, name: str, options: ReadOptions, *, keep_ends: bool = False
) -> Iterator[list[str]]:
    """Read lines in their encoding; see `line_chunks`."""
    skips = options.on_error == "skip"
    encoding = options.encoding
    return line_chunks(file, name, keep_ends=keep_ends, encoding=encoding, keep_bad=skips)


def parse_label_names(value: str) -> list[str]:
    """Parse names separated by commas, or read a file with one name per line."""
    if not Path(value).is_file():
        return [name.strip() for name in value.split(",")]
    return [line.strip() for _, line in read_lines(value) if line.strip()]


def make_options(values: Mapping[str, Any]) -> ReadOptions:
    """Make `ReadOptions` from a mapping of names to values.

    Raises
    ------
    UsageError
        If a name is not that of an option, or its value is invalid.
    """
    known = [f.name for f in fields(ReadOptions) if f.name not in ("labels", "report")]
    for name in values:
        if name not in known:
            raise UsageError(f"unknown option {quoted(name)}: expected {', '.join(known)}")
    return ReadOptions(**values)
