"""How files are read, whatever their format, and the account of what was not read as it stands."""

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
    """How often something happened while reading, and where it happened first."""

    times: int
    first: str


class ReadReport:
    """Counts what was skipped, dropped, changed or guessed while files were read.

    Attributes
    ----------
    tallies : dict of str to Tally
        By what happened, such as "records skipped".
    offsets : OffsetEvidence
        How the character offsets of spans fit their texts.
    """

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.offsets = OffsetEvidence()

    def add(self, what: str, where: str, count: int = 1) -> None:
        """Count something.

        Parameters
        ----------
        what : str
            What happened, as a plural noun with a participle: "records skipped".
        where : str
            The file, the line, and the case itself; the first one is kept.
        """
        before = self.tallies.get(what, Tally(0, where))
        self.tallies[what] = Tally(before.times + count, before.first)

    def line(self) -> str:
        """Sum up in one line; empty if everything was read as it stands."""
        parts = [f"{what}: {tally.times:,} (first: {tally.first})" for what, tally in self._all()]
        return "; ".join(parts)

    def to_json(self) -> list[dict[str, object]]:
        """List what was counted, each with "what", "count" and "first"."""
        return [
            {"what": what, "count": tally.times, "first": tally.first}
            for what, tally in self._all()
        ]

    def _all(self) -> list[tuple[str, Tally]]:
        found = [*self.tallies.items()]
        if self.offsets.misfits:
            what = f"spans that do not fit words as they stand{self.offsets.cure()}"
            found.append((what, Tally(self.offsets.misfits, self.offsets.first)))
        return found


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are read; each format takes what concerns it.

    Parameters
    ----------
    text_column : str
        Key or column of the text.
    tokens_column, tags_column : int or str, optional
        Columns of tokens and of tags: by number in a column file, from 0, or from the end by
        -1; by name elsewhere. They are detected if not given.
    delimiter : str, optional
        One character that separates columns; "tab" and "space" are names of two of them. It is
        detected if not given.
    encoding : str
        A codec of Python.
    text_unit : {"line", "paragraph", "file"}, optional
        What is one text: of a plain-text file, a line if not given.
    on_error : {"stop", "skip"}
        Whether a record that cannot be read ends the reading, or is left out and counted.
    overlaps : {"refuse", "longest", "first"}
        Which of several overlapping spans is kept: none, so that the record is an error; the
        longest; or the one that the record lists first.
    spans : {"as-is", "utf16", "inclusive", "refuse"}
        What character offsets count: characters; units of UTF-16, as in JavaScript; or
        characters, and the end is the last one of the span. "refuse" also counts characters,
        and a span that cuts a word is an error.
    label_names : sequence of str, optional
        The names of tags or labels that are numbers, in the order of the numbers.
    labels : bool
        Whether labels are wanted. To tag a text, they need not be readable.
    report : ReadReport
        Counts what is not read as it stands.

    Raises
    ------
    UsageError
        For a value that is not among those above.
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
                    f"{name}: expected the number or the name of a column, got {described(value)}"
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
        """Raise an error of a record, or count the record as skipped, as `on_error` says."""
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
    """Read names that are separated by commas, or a file with a name a line."""
    if not Path(value).is_file():
        return [name.strip() for name in value.split(",")]
    return [line.strip() for _, line in read_lines(value) if line.strip()]


def make_options(values: Mapping[str, Any]) -> ReadOptions:
    """Make options of values by their names.

    Raises
    ------
    UsageError
        For a name that no option has, or a value that it cannot have.
    """
    known = [f.name for f in fields(ReadOptions) if f.name not in ("labels", "report")]
    for name in values:
        if name not in known:
            raise UsageError(f"unknown option {quoted(name)}: expected {', '.join(known)}")
    return ReadOptions(**values)
