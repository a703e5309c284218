"""Records of JSON or of Python as documents, in the shapes that annotation tools write.

A record is a text with spans of characters, or tokens with tags. Keys and shapes are those of
this project, doccano, Prodigy, Label Studio, spaCy, GLiNER, Dataturks and data sets of the hub.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from windowclf.documents.document import Document, LabelledSpan, join_words
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_policy import FileSpan, fit_spans, resolve_overlaps
from windowclf.errors import DataError, UsageError, error_context, join_names, quoted
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.tokenizer import token_starts

TOKENS_KEYS = ("tokens", "words", "tokenized_text")
TAGS_KEYS = ("tags", "ner_tags", "labels", "label", "ner", "ner_labels", "bio_tags", "iob_tags")
SPANS_KEYS = ("entities", "spans", "label", "labels", "ents", "annotations", "annotation")
_TOKEN_SPANS_KEYS = ("ner", "entities", "spans")
_NESTED_KEYS = ("entities", "spans", "ents")

# Names of the members of a span, in lower case and without underscores.
_STARTS = ("start", "startoffset", "begin", "beginoffset", "startchar", "charstart", "startindex")
_ENDS = ("end", "endoffset", "stop", "endchar", "charend", "endindex")
_LABELS = ("label", "labels", "type", "entitygroup", "entitytype", "tag", "entity", "category")
_TEXTS = ("text", "word", "surface", "mention")

_TYPED_SPANS = msgspec.json.Decoder(list[FileSpan | tuple[int, int, str]])
_EXPECTED_SPAN = "expected [start, end, label], or an object with start, end and label"

Fields = Mapping[str, Any]


class RecordLayout(NamedTuple):
    """Which keys of a record its document was read from.

    Attributes
    ----------
    tokens : str or None
        The key of its tokens, if these and not a text were read.
    labels : frozenset of str
        The keys of tokens, tags, spans and sentences.
    """

    tokens: str | None
    labels: frozenset[str]


def read_record(fields: Fields, options: ReadOptions, where: str) -> Document | None:
    """Read a record as a document.

    Parameters
    ----------
    fields : mapping of str to Any
        Its values as Python objects, or as JSON that is not decoded yet.
    where : str
        The file and the line, for what is counted.

    Returns
    -------
    Document or None
        None if labels are wanted and the tool marks the record as rejected, ignored or not
        annotated; this is counted.

    Raises
    ------
    DataError
        If it holds neither a text nor tokens, or labels that cannot be read.
    """
    if options.labels and "answer" in fields:
        answer = plain(fields["answer"])
        if answer in ("reject", "ignore"):
            options.report.add(f"records left out whose answer is {answer!r}", where)
            return None
    text = fields.get(options.text_column)
    if text is None and isinstance(data := _opened(fields.get("data"), "{"), Mapping):
        return _task(fields, data, options, where)
    if text is None and _opened(fields.get("annotation"), "[") is not None:
        return _dataturks(fields, options, where)
    key, tokens = _tokens(fields, options)
    if key is None or tokens is None:
        return _of_text(fields, options, where)
    words = [tokens]
    if not options.labels:
        return Document(join_words(words), words, fields=fields, layout=_layout(key, key))
    tags_key, tags = _tags(fields, tokens, options, where)
    if tags is None and isinstance(plain(text), str) and _find_spans(fields, options, where)[0]:
        return _of_text(fields, options, where)
    layout = _layout(key, key, tags_key)
    return Document(
        join_words(words), words, None if tags is None else [tags], fields=fields, layout=layout
    )


def pair_record(pair: Sequence[Any]) -> Fields:
    """Make a record of a training example of spaCy, ``[text, {"entities": [...]}]``.

    Raises
    ------
    DataError
        If it has another shape.
    """
    text, *rest = [plain(part) for part in pair] or [None]
    if isinstance(text, str) and len(rest) == 1:
        if isinstance(rest[0], Mapping):
            return {**rest[0], "text": text}
        if isinstance(rest[0], list | tuple):
            return {"text": text, "entities": rest[0]}
    raise DataError(f'{quoted(pair)} is neither an object nor a pair [text, {{"entities": [...]}}]')


def plain(value: Any) -> Any:
    """Decode a value that is still JSON."""
    try:
        return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
    except RecursionError as error:
        raise DataError(f"a field {quoted(bytes(value)[:40])}: {error}") from None


def read_spans(value: Any, key: str, options: ReadOptions) -> list[FileSpan]:
    """Read a list of spans of any of the shapes that tools write.

    Parameters
    ----------
    value : list, or JSON of one

    Raises
    ------
    DataError
        If one has another shape, or a label that is a number without a name.
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
            span = _span(item, options, f"{key}[{number}]")
        except DataError as error:
            raise DataError(f"{key}[{number}]: {error}") from None
        if span is None:
            raise DataError(f"{key}[{number}]: {quoted(item)} is not a span; {_EXPECTED_SPAN}")
        found.append(span)
    return found


def name_of(label: Any, options: ReadOptions) -> str:
    """Look up the name of a label that is a number; a string is its own name.

    Raises
    ------
    DataError
        If it has no name.
    """
    if isinstance(label, str):
        return label
    names = options.label_names
    if isinstance(label, int) and not isinstance(label, bool):
        if names and 0 <= label < len(names):
            return names[label]
        known = f"there are names for 0 to {len(names) - 1}" if names else "numbers need names"
        raise DataError(
            f"{label} where a label is expected: {known}; give all in their order with "
            "`label_names`, such as O,B-PER,I-PER"
        )
    raise DataError(f"{quoted(label)} where a label is expected")


def _opened(value: Any, bracket: str) -> Any:
    """Decode a list ("[") or an object ("{"); None for any other value."""
    if isinstance(value, msgspec.Raw):
        return plain(value) if memoryview(value)[:1] == bracket.encode() else None
    return value if isinstance(value, list | tuple if bracket == "[" else Mapping) else None


def _layout(tokens: str | None, *labels: str | None) -> RecordLayout:
    return RecordLayout(tokens, frozenset(label for label in labels if label))


def _tokens(fields: Fields, options: ReadOptions) -> tuple[str | None, list[str] | None]:
    keys = TOKENS_KEYS if options.tokens_column is None else (str(options.tokens_column),)
    for key in keys:
        tokens = _opened(fields.get(key), "[")
        if tokens is None:
            continue
        wrong = next((token for token in tokens if not isinstance(token, str)), None)
        if wrong is None and None not in tokens:
            if "" in tokens:
                raise DataError(f"an empty token in {key}; expected each to hold a character")
            return key, list(tokens)
        if options.tokens_column is not None or options.text_column not in fields:
            raise DataError(f"{key}: {quoted(wrong)} where a word is expected")
    return None, None


def _tags(
    fields: Fields, tokens: list[str], options: ReadOptions, where: str
) -> tuple[str | None, list[str] | None]:
    """Read the tags of tokens, or their spans, whose ends are inclusive as those of GLiNER are."""
    keys = TAGS_KEYS if options.tags_column is None else (str(options.tags_column),)
    for key in keys:
        tags = _opened(fields.get(key), "[")
        if tags is None or any(isinstance(tag, list | tuple | Mapping) for tag in tags):
            continue
        if len(tags) != len(tokens):
            raise DataError(f"{len(tokens)} tokens but {len(tags)} tags in {key}; expected as many")
        with error_context(key):
            return key, [name_of(tag, options) for tag in tags]
    if options.text_column in fields:
        return None, None
    for key in _TOKEN_SPANS_KEYS:
        if _looks_like_spans(value := _opened(fields.get(key), "[")):
            spans = read_spans(value, key, options)
            return key, _tags_of_spans(spans, len(tokens), options, where)
    return None, None


def _tags_of_spans(
    spans: list[FileSpan], count: int, options: ReadOptions, where: str
) -> list[str]:
    found = []
    for span in spans:
        if not 0 <= span.start <= span.end < count:
            raise DataError(
                f"span {span.start}:{span.end} does not fit {count} tokens; expected the numbers "
                "of its first and its last token, from 0"
            )
        found.append(LabelledSpan(span.start, span.end + 1, span.label))
    kept = resolve_overlaps(found, options, where)
    return encode([Span(s.start, s.end, s.label) for s in kept], count, Scheme.IOB2)


def _of_text(fields: Fields, options: ReadOptions, where: str) -> Document:
    text = plain(fields.get(options.text_column))
    if not isinstance(text, str):
        raise _no_text(fields, text, options)
    key = spans = None
    if options.labels:
        key, raw = _find_spans(fields, options, where)
        if key is not None and raw is not None:
            spans = fit_spans(text, read_spans(raw, key, options), options, where)
    words = _sentences(fields, text)
    layout = _layout(None, key, None if words is None else "sentences")
    return Document(text, words, None, spans, fields, layout)


def _no_text(fields: Fields, text: Any, options: ReadOptions) -> DataError:
    there = join_names([quoted(key) for key in fields])
    if text is not None:
        what = f'"{options.text_column}" is {quoted(text)}, not a text'
    else:
        what = (
            f'neither "{options.tokens_column or "tokens"}" nor "{options.text_column}"; expected '
            "one of them"
        )
    return DataError(f"{what}; there are {there}; name the text with `text_column`")


def _sentences(fields: Fields, text: str) -> list[list[str]] | None:
    """Read the words that a record gives for its text; a list of anything else is not theirs."""
    found = _opened(fields.get("sentences"), "[")
    if found is None or not all(_are_words(words) for words in found):
        return None
    if any(not word for word in chain.from_iterable(words or () for words in found)):
        raise DataError("sentences: null or an empty string where a word is expected")
    if None in found:
        raise DataError("sentences: null where a list of words is expected")
    try:
        token_starts(text, chain.from_iterable(found))
    except UsageError as error:
        raise DataError(f"sentences: {error}") from None
    return [list(words) for words in found]


def _are_words(value: Any) -> bool:
    return value is None or (
        isinstance(value, list | tuple) and all(isinstance(word, str | None) for word in value)
    )


def _find_spans(fields: Fields, options: ReadOptions, where: str) -> tuple[str | None, Any]:
    """Find the key of the spans of a text, and return it with their list.

    The usual keys come first; any other counts if all that its list holds are spans.
    """
    given = options.tags_column
    keys = SPANS_KEYS if given is None else (str(given),)
    found: dict[str, Any] = {}
    for key in keys:
        value = fields.get(key)
        opened = _opened(value, "[")
        if opened is None and isinstance(nested := _opened(value, "{"), Mapping):
            value = opened = next((nested[k] for k in _NESTED_KEYS if k in nested), None)
        if _looks_like_spans(opened):
            found[key] = value
    if not found and given is None:
        found = {
            key: opened
            for key in fields.keys() - {*TOKENS_KEYS, *SPANS_KEYS, "sentences"}
            if (opened := _opened(fields[key], "[")) and _all_spans(opened, options)
        }
        if len(found) > 1:
            names = join_names([quoted(key) for key in sorted(found)])
            raise DataError(f"spans under several keys: {names}; name one with `tags_column`")
        for key in found:
            options.report.add(f"records whose spans were found under {key!r}", where)
    if not found:
        return None, None
    filled = [key for key, value in found.items() if len(plain(value))]
    key = next(iter(filled or found))
    if len(filled) > 1:
        others = join_names([repr(other) for other in filled if other != key])
        options.report.add(f"records with spans under {key!r} and, not read, {others}", where)
    return key, found[key]


def _looks_like_spans(value: Any) -> bool:
    return isinstance(value, list | tuple) and (
        not value or isinstance(value[0], list | tuple | Mapping)
    )


def _all_spans(items: Iterable[Any], options: ReadOptions) -> bool:
    try:
        return all(_span(item, options) for item in items)
    except DataError:
        return False


def _span(item: Any, options: ReadOptions, where: str = "") -> FileSpan | None:
    """Read a span of any shape; None if it has none."""
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
    if len(parts) == 3 and isinstance(parts[0], str):
        parts = [*parts[1:], parts[0]]
    if len(parts) < 3 or None in map(_offset, parts[:2]):
        return None
    start, end = map(_offset, parts[:2])
    return FileSpan(start, end, name_of(parts[2], options))  # type: ignore[arg-type]


def _span_of_object(item: Mapping[str, Any], options: ReadOptions, where: str) -> FileSpan | None:
    members = {str(key).lower().replace("_", ""): value for key, value in item.items()}

    def first(names: Sequence[str]) -> Any:
        return next((members[name] for name in names if members.get(name) is not None), None)

    start, end = _offset(first(_STARTS)), _offset(first(_ENDS))
    if start is None and end is None:
        start, length = _offset(members.get("offset")), _offset(members.get("length"))
        end = None if start is None or length is None else start + length
    label = first(_LABELS)
    if start is None or end is None or label is None:
        return None
    if isinstance(label, list | tuple):
        if not label:
            return None
        if len(label) > 1:
            here = f"{where}: {quoted(label)}"
            options.report.add("spans with several labels, of which the first was read", here)
        label = label[0]
    shown, score = first(_TEXTS), members.get("score")
    return FileSpan(
        start,
        end,
        name_of(label, options),
        float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None,
        shown if isinstance(shown, str) else None,
    )


def _offset(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _task(
    fields: Fields, data: Mapping[str, Any], options: ReadOptions, where: str
) -> Document | None:
    """Read a task of Label Studio: its text, and the spans of the first annotation."""
    texts = [key for key, value in data.items() if isinstance(value, str)]
    key = options.text_column if options.text_column in texts else None
    if key is None and len(texts) == 1:
        key = texts[0]
    if key is None:
        names = join_names([quoted(f"data.{key}") for key in data])
        raise DataError(f"no text in data; there are {names}; name its key with `text_column`")
    record = {**data, options.text_column: data[key], "id": fields.get("id")}
    if not options.labels:
        return _of_text(record, options, where)
    annotations = _opened(fields.get("annotations", fields.get("completions")), "[") or []
    given = [a for a in annotations if isinstance(a, Mapping) and not a.get("was_cancelled")]
    if not given:
        options.report.add("tasks left out that have no annotation", where)
        return None
    if len(given) > 1:
        what = "tasks with several annotations, of which the first was read"
        options.report.add(what, where)
    results = [r.get("value") for r in given[0].get("result") or () if isinstance(r, Mapping)]
    spans = [value for value in map(_global_offsets, results) if value]
    return _of_text({**record, "entities": spans}, options, where)


def _global_offsets(value: Any) -> Mapping[str, Any] | None:
    """Keep the value of a result that is a span; in HTML its offsets stand apart."""
    if not isinstance(value, Mapping):
        return None
    value = {**value, **(value.get("globalOffsets") or {})}
    labels = next((value[key] for key in ("labels", "hypertextlabels") if key in value), None)
    return {**value, "labels": labels} if labels and "start" in value else None


def _dataturks(fields: Fields, options: ReadOptions, where: str) -> Document:
    """Read a record of Dataturks: ``content``, and points whose ends are inclusive."""
    key = "content" if "content" in fields else options.text_column
    spans = []
    for item in plain(fields["annotation"]):
        points = item.get("points") if isinstance(item, Mapping) else None
        if not points:
            raise DataError(f"annotation: {quoted(item)} is not a span; expected label and points")
        for point in points:
            end = _offset(point.get("end"))
            spans.append(
                {**point, "label": item.get("label"), "end": None if end is None else end + 1}
            )
    rest = {name: value for name, value in fields.items() if name not in ("annotation", key)}
    return _of_text(
        {**rest, options.text_column: fields.get(key), "entities": spans}, options, where
    )
