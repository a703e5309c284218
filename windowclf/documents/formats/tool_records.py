"""Records of tools that need more than another key: Label Studio, Dataturks and spaCy."""

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from itertools import chain
from typing import Any

from windowclf.documents.document import Document, join_words
from windowclf.documents.formats.json_values import Fields, name_of, offset, opened, plain
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, join_names, quoted


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
        return Document(join_words(words), words, place=where)
    if unknown:
        options.report.add("tokens without an annotation, read as O", where, unknown)
    named = [[name_of("O" if tag == "-" else tag, options) for tag in tags_] for tags_ in tags]
    return Document(join_words(words), words, named, place=where)


def task_record(
    fields: Fields, data: Mapping[str, Any], options: ReadOptions, where: str
) -> Fields | None:
    """Make a record of a task of Label Studio: its text, and the spans of one annotation.

    Returns
    -------
    Fields or None
        None if labels are wanted and it is not annotated, which is counted.

    Raises
    ------
    DataError
        If it has several texts, or spans of several.
    """
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
    annotations = opened(fields.get("annotations", fields.get("completions")), "[")
    if not options.labels or (annotations is None and not fields.get("predictions")):
        return record
    given = [a for a in annotations or () if isinstance(a, Mapping) and not a.get("was_cancelled")]
    if not given:
        rest = " but predictions" if opened(fields.get("predictions"), "[") else ""
        options.report.add(f"tasks left out that have no annotation{rest}", where)
        return None
    chosen = next((a for a in given if a.get("ground_truth")), given[0])
    if len(given) > 1:
        what = "tasks with several annotations, of which one was read"
        options.report.add(what, where)
    spans = _results(chosen.get("result"), key)
    return {**record, "entities": spans}


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


def is_html(spans: Any) -> bool:
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


def text_of_html(source: str) -> str:
    """Leave the tags of HTML out, and read its entities: what Label Studio counts."""
    parser = _TextOfHtml()
    parser.feed(source)
    parser.close()
    return "".join(parser.parts)


def dataturks_record(fields: Fields, options: ReadOptions) -> Fields:
    """Make a record of one of Dataturks: ``content``, and points whose ends are inclusive.

    Raises
    ------
    DataError
        If it has another shape.
    """
    key = "content" if "content" in fields else options.text_column
    rest = {name: value for name, value in fields.items() if name not in ("annotation", key)}
    record = {**rest, options.text_column: fields.get(key)}
    if not options.labels:
        return record
    spans = []
    for item in plain(fields["annotation"]):
        points = item.get("points") if isinstance(item, Mapping) else None
        if (
            not isinstance(points, list)
            or not points
            or not all(isinstance(p, Mapping) for p in points)
        ):
            raise DataError(f"annotation: {quoted(item)} is not a span; expected label and points")
        for point in points:
            end = offset(point.get("end"))
            spans.append(
                {**point, "label": item.get("label"), "end": None if end is None else end + 1}
            )
    return {**record, "entities": spans}
