"""Conversion of JSON or Python records in the shapes of annotation tools to documents.

A record is a text with character spans, or tokens with tags. Keys and shapes are those of this
project, doccano, Prodigy, Label Studio, spaCy, GLiNER, Dataturks and data sets of the hub.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from windowclf.documents.document import Document, LabelledSpan, join_words
from windowclf.documents.formats.json_values import (
    Fields,
    all_spans,
    looks_like_spans,
    name_of,
    nested_spans,
    opened,
    plain,
    read_spans,
)
from windowclf.documents.formats.tool_records import (
    dataturks_record,
    is_html,
    task_record,
    text_of_html,
)
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_policy import FileSpan, fit_spans, resolve_overlaps
from windowclf.errors import DataError, UsageError, error_context, join_names, quoted
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.tokenizer import token_starts

TEXT_KEYS = ("data", "content", "Text", "sentence")
"""Keys that some tools use for the text instead of "text"."""

TOKENS_KEYS = ("tokens", "words", "tokenized_text")
TAGS_KEYS = ("tags", "ner_tags", "labels", "label", "ner", "ner_labels", "bio_tags", "iob_tags")
SPANS_KEYS = ("entities", "spans", "label", "labels", "ents", "annotations", "annotation")
_ONLY_SPANS = ("entities", "spans", "ents")
_TOKEN_SPANS_KEYS = ("ner", "entities", "spans")
_TAG = re.compile(r"O|[BILUESM]-\S+")


class RecordLayout(NamedTuple):
    """The keys of a record from which its document was read.

    Attributes
    ----------
    tokens : str or None
        The key of its tokens, if they were read rather than a text.
    labels : frozenset of str
        The keys of tokens, tags, spans and sentences.
    text : str or None
        The key of its text, if it differs from that in the options.
    """

    tokens: str | None
    labels: frozenset[str]
    text: str | None = None


def read_record(fields: Fields, options: ReadOptions, where: str) -> Document | None:
    """Read a record as a document.

    Parameters
    ----------
    fields : mapping of str to Any
        The values by key, as Python objects or undecoded JSON.
    where : str
        The file and the line, for the report.

    Returns
    -------
    Document or None
        None if labels are read and the tool marks the record as rejected, ignored or not
        annotated; the report counts this.

    Raises
    ------
    DataError
        If the record has neither a text nor tokens, or has unreadable labels.
    """
    if options.labels and "answer" in fields:
        answer = plain(fields["answer"])
        if answer in ("reject", "ignore"):
            options.report.add(f"records left out whose answer is {answer!r}", where)
            return None
    text = fields.get(options.text_column)
    key, tokens = _tokens(fields, options)
    if key is None or tokens is None:
        if text is None and isinstance(data := opened(fields.get("data"), "{"), Mapping):
            task = task_record(fields, data, options, where)
            return None if task is None else _of_text(task, options, where)
        if text is None and opened(fields.get("annotation"), "[") is not None:
            fields = dataturks_record(fields, options)
        return _of_text(fields, options, where)
    words = [tokens]
    if not options.labels:
        layout = _layout(key, key)
        return Document(join_words(words), words, fields=fields, layout=layout, place=where)
    tags_key, tags = _tags(fields, tokens, options, where)
    if tags is None:
        if isinstance(plain(text), str):
            document = _of_text(fields, options, where)
            if document.spans is not None:
                return document
        else:
            _count_unread(fields, (*TAGS_KEYS, *_TOKEN_SPANS_KEYS[1:]), options, where)
    elif (unread := _filled_spans(fields)) not in (None, tags_key):
        what = f"records with tags under {tags_key!r} and, not read, spans under {unread!r}"
        options.report.add(what, where)
    layout = _layout(key, key, tags_key)
    found = None if tags is None else [tags]
    return Document(join_words(words), words, found, None, fields, layout, where)


def other_fields(document: Document) -> dict[str, Any]:
    """Return the fields of a document without those for labels, including outdated ones."""
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
    items = opened(value, "[")
    if key in (*TOKENS_KEYS, "sentences"):
        return items is not None
    return key in SPANS_KEYS and (looks_like_spans(items) or opened(value, "{") is not None)


def _layout(tokens: str | None, *labels: str | None, text: str | None = None) -> RecordLayout:
    return RecordLayout(tokens, frozenset(label for label in labels if label), text)


def _tokens(fields: Fields, options: ReadOptions) -> tuple[str | None, list[str] | None]:
    keys = TOKENS_KEYS if options.tokens_column is None else (str(options.tokens_column),)
    for key in keys:
        tokens = opened(fields[key], "[") if key in fields else None
        if tokens is None or (not tokens and _has_words(fields, options)):
            continue
        wrong = [token for token in tokens if not isinstance(token, str)]
        if not wrong and "" not in tokens:
            return key, list(tokens)
        if options.labels and not wrong:
            raise DataError(f"an empty token in {key}; expected at least one character")
        if options.tokens_column is not None or not _has_text(fields, options):
            what = quoted(wrong[0]) if wrong else "an empty token"
            raise DataError(f"{key}: {what} where a word is expected")
    return None, None


def _has_text(fields: Fields, options: ReadOptions) -> bool:
    return _text_key(fields, options) is not None


def _has_words(fields: Fields, options: ReadOptions) -> bool:
    key = _text_key(fields, options)
    return key is not None and bool(plain(fields[key]).strip())


def _text_key(fields: Fields, options: ReadOptions) -> str | None:
    """Find the key of the text: that of the options, else one of the usual keys."""
    keys = [options.text_column]
    if options.text_column == "text" and fields.get("text") is None:
        keys += TEXT_KEYS
    return next((key for key in keys if isinstance(plain(fields.get(key)), str)), None)


def _tags(
    fields: Fields, tokens: list[str], options: ReadOptions, where: str
) -> tuple[str | None, list[str] | None]:
    """Read the tags of tokens, or spans of tokens, whose ends are inclusive as in GLiNER."""
    keys = TAGS_KEYS if options.tags_column is None else (str(options.tags_column),)
    flat = {
        key: tags
        for key in keys
        if (tags := opened(fields.get(key), "[")) is not None
        and not any(isinstance(tag, list | tuple | Mapping) for tag in tags)
    }
    for key, tags in flat.items():
        if len(tags) == len(tokens):
            with error_context(key):
                return key, [name_of(tag, options) for tag in tags]
    for key, tags in flat.items():
        # GLiNER lists the labels to look for there.
        of_all = key in ("label", "labels") and _has_token_spans(fields)
        if not of_all and (tags or key in ("tags", "ner_tags", str(options.tags_column))):
            raise DataError(f"{len(tokens)} tokens but {len(tags)} tags in {key}; expected as many")
    if options.text_column in fields:
        return None, None
    for key in _TOKEN_SPANS_KEYS:
        if looks_like_spans(value := opened(fields.get(key), "[")):
            spans = read_spans(value, key, options, where)
            return key, _tags_of_spans(spans, len(tokens), options, where)
    return _guessed_tags(fields, len(tokens), options, where)


def _filled_spans(fields: Fields) -> str | None:
    for key in SPANS_KEYS:
        items = opened(fields[key], "[") if key in fields else None
        if items and looks_like_spans(items):
            return key
    return None


def _has_token_spans(fields: Fields) -> bool:
    return any(looks_like_spans(opened(fields.get(key), "[")) for key in _TOKEN_SPANS_KEYS)


def _guessed_tags(
    fields: Fields, count: int, options: ReadOptions, where: str
) -> tuple[str | None, list[str] | None]:
    """Find tags under any other key: as many as there are tokens, all with prefixes or O."""
    if options.tags_column is not None:
        return None, None
    found = {
        key: list(items)
        for key in fields
        if (items := opened(fields[key], "["))
        and len(items) == count
        and all(isinstance(item, str) and _TAG.fullmatch(item) for item in items)
    }
    if len(found) > 1:
        names = join_names([quoted(key) for key in found])
        raise DataError(f"tags under several keys: {names}; name one with `tags_column`")
    for key, tags in found.items():
        options.report.add(f"records whose tags were found under {key!r}", where)
        return key, tags
    for key in fields:
        items = opened(fields[key], "[") if "ner" in key.lower().split("_") else None
        if items and len(items) == count and key not in TAGS_KEYS:
            options.report.add(f"records whose {key!r} has no readable labels", where)
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
        if tagged := _tagged_text(fields, text, text_key, options, where):
            return tagged
        key, raw = _find_spans(fields, options, where, text)
        if key is not None and raw is not None:
            if "<" in text and is_html(raw):
                text = text_of_html(text)
                options.report.add("records of HTML, of which the text alone was read", where)
            spans = fit_spans(text, read_spans(raw, key, options, where), options, where)
        elif _is_done(fields):
            options.report.add("annotated records without spans, read as without entities", where)
            spans = []
    try:
        words = _sentences(fields, text)
    except DataError as error:
        if options.labels:
            raise
        options.report.add("records whose sentences do not fit their text", f"{where}: {error}")
        words = None
    layout = _layout(None, key, None if words is None else "sentences", text=text_key)
    return Document(text, words, None, spans, fields, layout, where)


def _tagged_text(
    fields: Fields, text: str, text_key: str | None, options: ReadOptions, where: str
) -> Document | None:
    """Read a text that has tags for the words between its spaces, and no spans."""
    if any(opened(fields.get(key), bracket) is not None for key in _ONLY_SPANS for bracket in "[{"):
        return None
    words = text.split()
    for key in TAGS_KEYS if options.tags_column is None else (str(options.tags_column),):
        tags = opened(fields.get(key), "[")
        if not tags or not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in tags):
            continue
        if len(tags) != len(words):
            raise DataError(
                f"{len(words)} words between the spaces of the text but {len(tags)} tags in {key}; "
                "expected as many"
            )
        layout = _layout(None, key, text=text_key)
        return Document(text, [words], [[*tags]], fields=fields, layout=layout, place=where)
    return None


def _is_done(fields: Fields) -> bool:
    """Whether Prodigy or Label Studio has a record as annotated, with no spans and no other label.

    Prodigy gives tokens to what is annotated with spans; Label Studio's short form leaves out the
    key of an empty list.
    """
    if plain(fields.get("answer")) == "accept":
        return "label" not in fields and looks_like_spans(opened(fields.get("tokens"), "["))
    return "annotation_id" in fields and "lead_time" in fields


def _no_text(fields: Fields, text: Any, options: ReadOptions) -> DataError:
    there = join_names([quoted(key) for key in fields])
    if text is not None or options.text_column in fields:
        shown = "null" if text is None else quoted(text)
        what = f'"{options.text_column}" is {shown}, not a text'
    else:
        what = (
            f'neither "{options.tokens_column or "tokens"}" nor "{options.text_column}"; expected '
            "one of them"
        )
    return DataError(
        f"{what}; there are {there}; name the text with `text_column`, or "
        "a list of tokens with `tokens_column`"
    )


def _sentences(fields: Fields, text: str) -> list[list[str]] | None:
    """Read the words that a record gives for its text; a list of anything else is not theirs."""
    found = opened(fields["sentences"], "[") if "sentences" in fields else None
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
        items = opened(value, "[")
        if items is None and isinstance(nested := opened(value, "{"), Mapping):
            value = items = nested_spans(nested, key, options, where)
        if looks_like_spans(items):
            found[key] = value
    filled = [key for key, value in found.items() if len(plain(value))]
    if not found and given is None and text is not None:
        guessed = {
            key: items
            for key in fields.keys() - {*TOKENS_KEYS, *SPANS_KEYS, "sentences"}
            if (items := opened(fields[key], "[")) and all_spans(items, text, options)
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
            options.report.add(f"records whose {key!r} has no readable labels", where)
