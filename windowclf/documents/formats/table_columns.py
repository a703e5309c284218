"""Detection of a table's columns for the text, tokens, tags and numbers of sentences."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, join_names, quoted

# Names in lower case, without spaces and punctuation, in order of preference.
TOKENS = ("token", "tokens", "word", "words", "form", "wordform", "tokenizedtext")
TAGS = (
    *("nertag", "nertags", "ner", "netag", "netags", "nerlabel", "nerlabels", "entitytag"),
    *("bio", "iob", "iob2", "biotag", "biotags", "iobtag", "iobtags", "bilou"),
    *("wordlabels", "wordlabel", "tag", "tags", "label", "labels", "entity", "entities", "ne"),
)
_SENTENCES = (
    *("sentenceid", "sentid", "sentence", "sentenceidx", "sentenceindex", "sentencenumber"),
    *("sentenceno", "sentencenum", "sentencenr", "sent", "sentidx", "sentno", "sentnum", "sid"),
)
_DOCUMENTS = ("docid", "documentid", "doc", "document", "docidx", "documentidx")
BESIDE_TOKENS = frozenset((*TAGS, *_SENTENCES, *_DOCUMENTS, "pos", "postag", "lemma", "chunk"))
"""Names of other columns that are usual in a table of tokens."""
_DEFAULT_TEXT = "text"
_SIGNS = re.compile(r"[\W_]+")


class TokenColumns(NamedTuple):
    """The columns of a table of tokens, by number.

    Attributes
    ----------
    tags : int or None
        None if the table has no tags.
    groups : tuple of int
        Columns with the numbers of sentences or documents.
    """

    tokens: int
    tags: int | None
    groups: tuple[int, ...]


def simple(name: str) -> str:
    """Normalize the name of a column for comparison with the usual names."""
    return _SIGNS.sub("", name.lower())


def find_column(columns: Sequence[str], wanted: int | str) -> int | None:
    """Find a column by its name, or by its number from 0, or from -1 at the end."""
    if wanted in columns:
        return columns.index(str(wanted))
    try:
        number = int(wanted)
    except ValueError:
        return None
    return number % len(columns) if -len(columns) <= number < len(columns) else None


def text_column(columns: Sequence[str], options: ReadOptions) -> int | None:
    """Find the column of the text; the default name matches in any letter case."""
    found = find_column(columns, options.text_column)
    if found is None and options.text_column == _DEFAULT_TEXT:
        return _first([_DEFAULT_TEXT], [name.lower() for name in columns])
    return found


def token_columns(columns: Sequence[str], options: ReadOptions) -> TokenColumns | None:
    """Find the columns of a table of tokens; None if it is a table of texts."""
    names = [*map(simple, columns)]
    if options.tokens_column is not None:
        tokens = find_column(columns, options.tokens_column)
    elif options.text_column == _DEFAULT_TEXT and text_column(columns, options) is None:
        tokens = _first(TOKENS, names)
    else:
        return None
    if tokens is None:
        return None
    if options.tags_column is None:
        tags = _first(TAGS, [name if i != tokens else "" for i, name in enumerate(names)])
    else:
        tags = find_column(columns, options.tags_column)
    groups = [_first(usual, names) for usual in (_SENTENCES, _DOCUMENTS)]
    taken = tokens, tags, None
    return TokenColumns(tokens, tags, tuple(i for i in groups if i not in taken and i is not None))


def other_tags(columns: Sequence[str], found: TokenColumns) -> list[str]:
    """List the other columns with a usual name for tags."""
    taken = found.tokens, found.tags
    return [name for i, name in enumerate(columns) if i not in taken and simple(name) in TAGS]


def has_wanted(columns: Sequence[str], options: ReadOptions) -> bool:
    """Return whether a header has the column of the text or of the tokens."""
    if options.tokens_column is not None:
        return find_column(columns, options.tokens_column) is not None
    return text_column(columns, options) is not None or token_columns(columns, options) is not None


def no_column(where: str, columns: Sequence[str], options: ReadOptions) -> DataError:
    """Make the error for a header without a column of texts or tokens."""
    if options.tokens_column is None:
        what, wanted, cure = "text", options.text_column, "name one with `text_column`"
    else:
        what, wanted = "tokens", str(options.tokens_column)
        cure = "name one with `tokens_column`"
    if len(columns) == 1 and options.delimiter is None:
        cure += ", or set the separator of the cells with `delimiter`"
    elif options.delimiter is not None:
        cure += f", or set a `delimiter` other than {options.delimiter!r}"
    if what == "text":
        cure += ", or the column of the tokens with `tokens_column` if each row is a token"
    return DataError(
        f"{where}: no column {quoted(wanted)} for the {what}; there are {names_of(columns)}; {cure}"
    )


def names_of(columns: Iterable[str]) -> str:
    """List columns for a message."""
    columns = [*columns]  # there may be very many: only the first are shown
    return join_names([*map(quoted, columns[:50]), *columns[50:]])


def _first(usual: Iterable[str], names: Sequence[str]) -> int | None:
    return next((names.index(name) for name in usual if name in names), None)
