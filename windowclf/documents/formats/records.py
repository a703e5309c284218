"""Records of JSON or of Python as documents, in the shapes that annotation tools write.

A record is a text with spans of characters, or tokens with tags. Keys and shapes are those of
this project, doccano, Prodigy, Label Studio, spaCy, GLiNER, Dataturks and data sets of the hub.
"""

from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from windowclf.documents.document import Document, LabelledSpan, join_words
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_policy import FileSpan, fit_spans, resolve_overlaps
from windowclf.errors import DataError, UsageError, error_context, join_names, quoted
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.tokenizer import token_starts

TEXT_KEYS = ("data", "content", "Text", "sentence")
"""Keys of a text that some tools have in the place of "text"."""

TOKENS_KEYS = ("tokens", "words", "tokenized_text")
TAGS_KEYS = ("tags", "ner_tags", "labels", "label", "ner", "ner_labels", "bio_tags", "iob_tags")
SPANS_KEYS = ("entities", "spans", "label", "labels", "ents", "annotations", "annotation")
_TOKEN_SPANS_KEYS = ("ner", "entities", "spans")
_NESTED_KEYS = ("entities", "spans", "ents")

# Names of the members of a span, in lower case and without underscores.
_STARTS = (
    *("start", "startoffset", "begin", "beginoffset", "startchar", "charstart"),
    *("startindex", "startidx", "startpos"),
)
_ENDS = ("end", "endoffset", "stop", "endchar", "charend", "endindex", "endidx", "endpos")
_LABELS = ("label", "labels", "type", "entitygroup", "entitytype", "tag", "entity", "category")
_TEXTS = ("text", "surface", "mention")  # not "word": pipelines write pieces of words there

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
    text : str or None
        The key of its text, if this is not the one that the options name.
    """

    tokens: str | None
    labels: frozenset[str]
    text: str | None = None


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
    key, tokens = _tokens(fields, options)
    if key is None or tokens is None:
        if text is None:
            if isinstance(data := _opened(fields.get("data"), "{"), Mapping):
                return _task(fields, data, options, where)
            if _opened(fields.get("annotation"), "[") is not None:
                return _dataturks(fields, options, where)
        return _of_text(fields, options, where)
    words = [tokens]
    if not options.labels:
        return Document(join_words(words), words, fields=fields, layout=_layout(key, key))
    tags_key, tags = _tags(fields, tokens, options, where)
    if tags is None and isinstance(plain(text), str) and _find_spans(fields, options, where)[0]:
        return _of_text(fields, options, where)
    if tags is None:
        _count_unread(fields, (*TAGS_KEYS, *_TOKEN_SPANS_KEYS[1:]), options, where)
    layout = _layout(key, key, tags_key)
    return Document(
        join_words(words), words, None if tags is None else [tags], fields=fields, layout=layout
    )


def read_paragraph(paragraph: Any, options: ReadOptions, where: str) -> Document:
    """Read a paragraph of the JSON that spaCy 2 was trained on, with its tags as they stand.

    Raises
    ------
    DataError
        If it has another shape.
    """
    try:
        given = [sentence["tokens"] for sentence in paragraph["sentences"]]
        tokens = [[t for t in sentence if not t["orth"].isspace()] for sentence in given]
        words = [[token["orth"] for token in sentence] for sentence in tokens if sentence]
        tags = [[token.get("ner", "-") for token in sentence] for sentence in tokens if sentence]
    except (LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"paragraphs: {quoted(error)}: expected sentences of tokens with orth and ner, as "
            "spaCy 2 has them"
        ) from None
    if any("" in sentence for sentence in words):
        raise DataError("paragraphs: an empty token; expected each to hold a character")
    unknown = [*chain.from_iterable(tags)].count("-")
    if not options.labels or unknown == sum(map(len, words)) > 0:
        return Document(join_words(words), words)
    if unknown:
        options.report.add("tokens without an annotation, read as O", where, unknown)
    named = [[name_of("O" if tag == "-" else tag, options) for tag in tags_] for tags_ in tags]
    return Document(join_words(words), words, named)


def other_fields(document: Document) -> dict[str, Any]:
    """Return the fields of a document without those that hold its labels, old ones included."""
    layout = document.layout if isinstance(document.layout, RecordLayout) else _layout(None)
    read = {*layout.labels, layout.text}
    if layout.tokens:
        read |= {*TAGS_KEYS}
    return {
        key: value
        for key, value in document.fields.items()
        if key not in read and not _holds_labels(key, value)
    }


def _holds_labels(key: str, value: Any) -> bool:
    opened = _opened(value, "[")
    if key in (*TOKENS_KEYS, "sentences"):
        return opened is not None
    return key in SPANS_KEYS and (_looks_like_spans(opened) or _opened(value, "{") is not None)


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


def _layout(tokens: str | None, *labels: str | None, text: str | None = None) -> RecordLayout:
    return RecordLayout(tokens, frozenset(label for label in labels if label), text)


def _tokens(fields: Fields, options: ReadOptions) -> tuple[str | None, list[str] | None]:
    keys = TOKENS_KEYS if options.tokens_column is None else (str(options.tokens_column),)
    for key in keys:
        tokens = _opened(fields[key], "[") if key in fields else None
        if tokens is None:
            continue
        wrong = [token for token in tokens if not isinstance(token, str)]
        if not wrong and "" not in tokens:
            return key, list(tokens)
        if options.labels and not wrong:
            raise DataError(f"an empty token in {key}; expected each to hold a character")
        if options.tokens_column is not None or not _has_text(fields, options):
            what = quoted(wrong[0]) if wrong else "an empty token"
            raise DataError(f"{key}: {what} where a word is expected")
    return None, None


def _has_text(fields: Fields, options: ReadOptions) -> bool:
    return _text_key(fields, options) is not None


def _text_key(fields: Fields, options: ReadOptions) -> str | None:
    """Find the key of the text: that of the options, or else one that tools write."""
    keys = [options.text_column]
    if options.text_column == "text" and fields.get("text") is None:
        keys += TEXT_KEYS
    return next((key for key in keys if isinstance(plain(fields.get(key)), str)), None)


def _tags(
    fields: Fields, tokens: list[str], options: ReadOptions, where: str
) -> tuple[str | None, list[str] | None]:
    """Read the tags of tokens, or their spans, whose ends are inclusive as those of GLiNER are."""
    keys = TAGS_KEYS if options.tags_column is None else (str(options.tags_column),)
    flat = {
        key: tags
        for key in keys
        if (tags := _opened(fields.get(key), "[")) is not None
        and not any(isinstance(tag, list | tuple | Mapping) for tag in tags)
    }
    for key, tags in flat.items():
        if len(tags) == len(tokens):
            with error_context(key):
                return key, [name_of(tag, options) for tag in tags]
    for key, tags in flat.items():
        if tags or key == str(options.tags_column):
            raise DataError(f"{len(tokens)} tokens but {len(tags)} tags in {key}; expected as many")
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
    text_key = _text_key(fields, options)
    if text_key is None:
        raise _no_text(fields, plain(fields.get(options.text_column)), options)
    text = plain(fields[text_key])
    if text_key == options.text_column:
        text_key = None
    else:
        options.report.add(f"records whose text was found under {text_key!r}", where)
    key = spans = None
    if options.labels:
        key, raw = _find_spans(fields, options, where, text)
        if key is not None and raw is not None:
            if "<" in text and _is_html(raw):
                text = _text_of_html(text)
                options.report.add("records of HTML, of which the text alone was read", where)
            spans = fit_spans(text, read_spans(raw, key, options), options, where)
    words = _sentences(fields, text, options, where)
    layout = _layout(None, key, None if words is None else "sentences", text=text_key)
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


def _sentences(
    fields: Fields, text: str, options: ReadOptions, where: str
) -> list[list[str]] | None:
    """Read the words that a record gives for its text."""
    found = _opened(fields["sentences"], "[") if "sentences" in fields else None
    if not found or not all(isinstance(words, list | tuple) for words in found):
        return [] if found == [] and not text.strip() else None
    try:
        for words in found:
            wrong = next((word for word in words if not isinstance(word, str)), None)
            if wrong is not None or None in words:
                raise DataError(f"sentences: {quoted(wrong)} where a word is expected")
            if "" in words:
                raise DataError("an empty word in sentences; expected each to hold a character")
        try:
            token_starts(text, chain.from_iterable(found))
        except UsageError as error:
            raise DataError(f"sentences: {error}") from None
    except DataError as error:
        if options.labels:
            raise
        options.report.add("sentences ignored that are not of their text", f"{where}: {error}")
        return None
    return [list(words) for words in found]


def _find_spans(
    fields: Fields, options: ReadOptions, where: str, text: str | None = None
) -> tuple[str | None, Any]:
    """Find the key of the spans of a text, and return it with their list.

    The usual keys come first; any other counts if all that its list holds are spans of the text.
    """
    given = options.tags_column
    keys = SPANS_KEYS if given is None else (str(given),)
    found: dict[str, Any] = {}
    for key in keys:
        if key not in fields:
            continue
        value = fields[key]
        opened = _opened(value, "[")
        if opened is None and isinstance(nested := _opened(value, "{"), Mapping):
            value = opened = _nested_spans(nested, key, options, where)
        if _looks_like_spans(opened):
            found[key] = value
    filled = [key for key, value in found.items() if len(plain(value))]
    if not found and given is None and text is not None:
        guessed = {
            key: opened
            for key in fields.keys() - {*TOKENS_KEYS, *SPANS_KEYS, "sentences"}
            if (opened := _opened(fields[key], "[")) and _all_spans(opened, text, options)
        }
        if len(guessed) > 1:
            names = join_names([quoted(key) for key in sorted(guessed)])
            raise DataError(f"spans under several keys: {names}; name one with `tags_column`")
        for key in guessed:
            options.report.add(f"records whose spans were found under {key!r}", where)
        if guessed:
            found, filled = guessed, [*guessed]
    if not found:
        _count_unread(fields, keys, options, where)
        return None, None
    key = next(iter(filled or found))
    if len(filled) > 1:
        unread = join_names([repr(other) for other in filled if other != key])
        options.report.add(f"records with spans under {key!r} and, not read, {unread}", where)
    return key, found[key]


def _count_unread(fields: Fields, keys: Sequence[str], options: ReadOptions, where: str) -> None:
    """Count the values of an unlabelled record that are called as labels are."""
    if options.tags_column is not None:
        key = str(options.tags_column)
        if key not in fields:
            options.report.add(f"records without {key!r}, which `tags_column` names", where)
        keys = (key,)
    for key in keys:
        if key in fields and plain(fields[key]) not in (None, {}, ""):
            options.report.add(f"records whose {key!r} holds no labels that can be read", where)


def _nested_spans(
    nested: Mapping[str, Any], key: str, options: ReadOptions, where: str
) -> list[Any] | None:
    """Find a list of spans in an object: of columns, of spaCy's span groups, or beside others."""
    columns = _columns(nested)
    if columns is not None:
        return columns
    inner = next((nested[name] for name in _NESTED_KEYS if name in nested), None)
    if isinstance(inner, list | tuple):
        return [*inner]
    groups = {name: value for name, value in nested.items() if _looks_like_spans(value) and value}
    group = "sc" if "sc" in groups else next(iter(groups), None)
    if key == "spans" and group is not None and (group == "sc" or len(groups) == 1):
        options.report.add(f"records whose spans were read from the span group {group!r}", where)
        return [*groups[group]]
    return None


def _columns(nested: Mapping[str, Any]) -> list[Any] | None:
    """Read spans whose starts, ends and labels are a list each."""
    lists = {key: value for key, value in nested.items() if isinstance(value, list | tuple)}
    names = {key.lower().replace("_", "") for key in lists}
    if not all(names.intersection(kind) for kind in (_STARTS, _ENDS, _LABELS)):
        return None
    if len({*map(len, lists.values())}) != 1:
        return None
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _looks_like_spans(value: Any) -> bool:
    return isinstance(value, list | tuple) and (
        not value or isinstance(value[0], list | tuple | Mapping)
    )


def _all_spans(items: Iterable[Any], text: str, options: ReadOptions) -> bool:
    try:
        spans = [_span(item, options) for item in items]
    except DataError:
        return False
    return all(span and 0 <= span.start <= span.end <= len(text) for span in spans)


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

    if isinstance(within := members.get("globaloffsets"), Mapping):
        members |= within  # of Label Studio, where the others are those within an element of HTML
    start, end = _offset(first(_STARTS)), _offset(first(_ENDS))
    if start is None and end is None:
        start, length = _offset(members.get("offset")), _offset(members.get("length"))
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
            f"{quoted(label)} is a tag of a piece of a word; expected spans, which pipelines of "
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


def _offset(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _task(
    fields: Fields, data: Mapping[str, Any], options: ReadOptions, where: str
) -> Document | None:
    """Read a task of Label Studio: its text, and the spans of one annotation."""
    texts = [key for key, value in data.items() if isinstance(value, str)]
    key = options.text_column if options.text_column in texts else None
    if key is None and len(texts) == 1:
        key = texts[0]
    if key is None:
        names = join_names([quoted(f"data.{key}") for key in data])
        raise DataError(f"no text in data; there are {names}; name its key with `text_column`")
    record = {**data, options.text_column: data[key]}
    if "id" in fields:
        record.setdefault("id", fields["id"])
    annotations = _opened(fields.get("annotations", fields.get("completions")), "[")
    if not options.labels or (annotations is None and not fields.get("predictions")):
        return _of_text(record, options, where)
    given = [a for a in annotations or () if isinstance(a, Mapping) and not a.get("was_cancelled")]
    if not given:
        rest = " but predictions" if _opened(fields.get("predictions"), "[") else ""
        options.report.add(f"tasks left out that have no annotation{rest}", where)
        return None
    chosen = next((a for a in given if a.get("ground_truth")), given[0])
    if len(given) > 1:
        what = "tasks with several annotations, of which one was read"
        options.report.add(what, where)
    spans = _results(chosen.get("result"), key)
    return _of_text({**record, "entities": spans}, options, where)


def _results(results: Any, key: str) -> list[Mapping[str, Any]]:
    """Find the spans among the results of an annotation."""
    spans: dict[str, list[Mapping[str, Any]]] = {}  # by the element that they are part of
    for result in results if isinstance(results, list | tuple) else ():
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping):
            continue
        if not (value.get("labels") or value.get("hypertextlabels")) or "start" not in value:
            continue
        spans.setdefault(quoted(result.get("to_name")), []).append(value)
    if len(spans) > 1 and quoted(key) not in spans:
        raise DataError(
            f"spans of several elements, {join_names([*spans])}, none of which is called "
            f"{quoted(key)} as the text is"
        )
    return spans.get(quoted(key), next(iter(spans.values()), []))


def _is_html(spans: Any) -> bool:
    """Whether spans are those of Label Studio in HTML, whose offsets leave its tags out."""
    return any(isinstance(span, Mapping) and "hypertextlabels" in span for span in plain(spans))


class _TextOfHtml(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        if tag == "br":
            self.parts.append("\n")


def _text_of_html(source: str) -> str:
    parser = _TextOfHtml()
    parser.feed(source)
    parser.close()
    return "".join(parser.parts)


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
