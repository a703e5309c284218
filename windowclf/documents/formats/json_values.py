"""Values of records, decoded or still JSON, and the shapes in which tools write spans."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_policy import FileSpan
from windowclf.errors import DataError, quoted

Fields = Mapping[str, Any]
"""The values of a record by key, decoded or still JSON."""

_DIGITS = 10
_NESTED_KEYS = ("entities", "spans", "ents")

# Names for the members of a span, in lower case and without underscores.
_STARTS = (
    *("start", "startoffset", "begin", "beginoffset", "startchar", "charstart"),
    *("startindex", "startidx", "startpos"),
)
_ENDS = ("end", "endoffset", "stop", "endchar", "charend", "endindex", "endidx", "endpos")
_LABELS = ("label", "labels", "type", "entitygroup", "entitytype", "tag", "entity", "category")
_TEXTS = ("text", "surface", "mention")  # not "word", where pipelines write subwords

_TYPED_SPANS = msgspec.json.Decoder(list[FileSpan | tuple[int, int, str]])
_EXPECTED_SPAN = "expected [start, end, label], or an object with start, end and label"


def plain(value: Any) -> Any:
    """Decode a value if it is still JSON."""
    try:
        return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
    except RecursionError as error:
        raise DataError(f"a field {quoted(bytes(value)[:40])}: {error}") from None


def read_spans(value: Any, key: str, options: ReadOptions, where: str) -> list[FileSpan]:
    """Read a list of spans in any shape that tools write.

    Parameters
    ----------
    value : list, or JSON of one

    Raises
    ------
    DataError
        If a span has another shape, or its label is a number without a name.
    """
    if isinstance(value, msgspec.Raw):
        try:
            typed = _TYPED_SPANS.decode(value)
        except msgspec.ValidationError:
            pass
        else:
            return [FileSpan(*span) if isinstance(span, tuple) else span for span in typed]
    found = []
    for number, item in enumerate(plain(value)):
        try:
            span = _span(item, options, f"{where}: {key}[{number}]")
        except DataError as error:
            raise DataError(f"{key}[{number}]: {error}") from None
        if span is None:
            raise DataError(f"{key}[{number}]: {quoted(item)} is not a span; {_EXPECTED_SPAN}")
        found.append(span)
    return found


def name_of(label: Any, options: ReadOptions) -> str:
    """Return the name of a numeric label; a string is its own name.

    Raises
    ------
    DataError
        If the label has no name.
    """
    if isinstance(label, str):
        return label
    names = options.label_names
    if isinstance(label, int) and not isinstance(label, bool):
        if names and 0 <= label < len(names):
            return names[label]
        known = f"there are names for 0 to {len(names) - 1}" if names else "numbers need names"
        raise DataError(
            f"{label} where a label is expected: {known}; list all names in order in "
            "`label_names`, such as O,B-PER,I-PER"
        )
    raise DataError(f"{quoted(label)} where a label is expected")


def opened(value: Any, bracket: str) -> Any:
    """Decode a list ("[") or an object ("{"); None for any other value."""
    if isinstance(value, msgspec.Raw):
        return plain(value) if memoryview(value)[:1] == bracket.encode() else None
    return value if isinstance(value, list | tuple if bracket == "[" else Mapping) else None


def nested_spans(
    nested: Mapping[str, Any], key: str, options: ReadOptions, where: str
) -> list[Any] | None:
    """Find a list of spans in an object: as columns, in spaCy's span groups, or beside others."""
    columns = _columns(nested)
    if columns is not None:
        return columns
    inner = next((nested[name] for name in _NESTED_KEYS if name in nested), None)
    if isinstance(inner, list | tuple):
        return [*inner]
    groups = {name: value for name, value in nested.items() if looks_like_spans(value) and value}
    group = "sc" if "sc" in groups else next(iter(groups), None)
    if key == "spans" and group is not None and (group == "sc" or len(groups) == 1):
        options.report.add(f"records whose spans were read from the span group {group!r}", where)
        return [*groups[group]]
    return None


def _columns(nested: Mapping[str, Any]) -> list[Any] | None:
    """Read spans from separate lists of starts, ends and labels."""
    lists = {key: value for key, value in nested.items() if isinstance(value, list | tuple)}
    names = {key.lower().replace("_", "") for key in lists}
    if not all(names.intersection(kind) for kind in (_STARTS, _ENDS, _LABELS)):
        return None
    if len({*map(len, lists.values())}) != 1:
        return None
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def looks_like_spans(value: Any) -> bool:
    """Whether a value is a list of lists or of objects, or an empty list."""
    return isinstance(value, list | tuple) and (
        not value or isinstance(value[0], list | tuple | Mapping)
    )


def all_spans(items: Iterable[Any], text: str, options: ReadOptions) -> bool:
    """Whether all items of a list are spans that fit a text."""
    try:
        spans = [_span(item, options) for item in items]
    except DataError:
        return False
    return all(span and 0 <= span.start <= span.end <= len(text) for span in spans)


def _span(item: Any, options: ReadOptions, where: str = "") -> FileSpan | None:
    """Read a span in any shape; None if the item is not a span."""
    if isinstance(item, Mapping):
        return _span_of_object(item, options, where)
    if not isinstance(item, list | tuple):
        return None
    parts = [*item]
    if len(parts) == 2 and any(isinstance(part, list | tuple) for part in parts):
        parts = [  # [label, [start, end]], or [[start, end], label]
            part
            for inner in parts
            for part in (inner if isinstance(inner, list | tuple) else [inner])
        ]
    is_last = len(parts) == 3 and isinstance(parts[2], str) and offset(parts[0]) is not None
    if len(parts) == 3 and isinstance(parts[0], str) and not is_last:
        parts = [*parts[1:], parts[0]]
    if len(parts) < 3 or None in map(offset, parts[:2]):
        return None
    start, end = map(offset, parts[:2])
    return FileSpan(start, end, name_of(parts[2], options))  # type: ignore[arg-type]


def _span_of_object(item: Mapping[str, Any], options: ReadOptions, where: str) -> FileSpan | None:
    members = {str(key).lower().replace("_", ""): value for key, value in item.items()}

    def first(names: Sequence[str]) -> Any:
        return next((members[name] for name in names if members.get(name) is not None), None)

    if isinstance(within := members.get("globaloffsets"), Mapping):
        members |= within  # Label Studio, whose other offsets are relative to an HTML element
    start, end = offset(first(_STARTS)), offset(first(_ENDS))
    if start is None and end is None:
        start, length = offset(members.get("offset")), offset(members.get("length"))
        end = None if start is None or length is None else start + length
    label = first(_LABELS)
    if label is None:
        label = members.get("hypertextlabels")
    if start is None or end is None or label is None:
        return None
    if isinstance(label, list | tuple):
        if not label:
            return None
        if len(label) > 1:
            here = f"{where}: {quoted(label)}"
            options.report.add("spans with several labels, of which the first was read", here)
        label = label[0]
    if label == members.get("entity") and "index" in members:
        raise DataError(
            f"{quoted(label)} is a tag of a subword; expected spans, which pipelines of "
            "transformers return with aggregation_strategy='simple'"
        )
    shown, score = first(_TEXTS), members.get("score")
    return FileSpan(
        start,
        end,
        name_of(label, options),
        float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None,
        shown if isinstance(shown, str) else None,
    )


def offset(value: Any) -> int | None:
    """Return a whole number as an int, also from a string; None for other values."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _DIGITS:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
